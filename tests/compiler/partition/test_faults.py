"""What a topology asks for and cannot have: told at its place, once, with what can be had."""

from __future__ import annotations

import pytest
from msgspec import structs

from singalang_compiler.library.contract import Algorithm
from singalang_compiler.library.kinds import Configured, Kind
from singalang_compiler.machine import Machine
from singalang_compiler.partition.partition import partition
from tests.compiler.partition.cutting import DATA, faults, only, outcome, program, section

TWO = "workers = groups(1, size = 2)"
CHAIN = "out = d.x -> a: dense(6) -> b: relu -> c: dense(4)"


def told(body: str, topology: str) -> str:
    """The one mistake, in words: title, labels and hint."""
    [found] = outcome(program(body, topology)).diagnostics
    labels = [one.text for one in (found.primary, *found.secondary) if one]
    return " / ".join([found.title, *labels, found.hint or ""])


@pytest.mark.parametrize(
    ("topology", "found"),
    [
        (f"{TWO}, on loss {{ partition = feature }}", ("E0511", "feature")),
        (f'{TWO}, on "lo*" {{ partition = feature }}', ("E0511", "feature")),
        (f"{TWO}, on c..loss {{ partition = feature }}", ("E0511", "feature")),
        (f"{TWO}, on all softmax_loss {{ partition = feature }}", ("E0511", "feature")),
        ("workers = groups(1, size = 4), on a { partition = feature }", ("E0512", "feature")),
        ("workers = groups(1, size = 4), on all dense { partition = feature }", ("E0512", "feature")),
        (f"{TWO}, on a {{ stage = 1 }}, on c {{ stage = 0 }}", ("E0513", "0")),
        ("workers = groups(1, size = 3), on c { stage = 1 }", ("E0514", "workers = groups(1, size = 3)")),
        ("workers = groups(1, size = 4), on c { stage = 3 }", ("E0515", "3")),
        (f"{TWO}, on a..loss {{ stage = 1 }}", ("E0515", "1")),
        (f"{TWO}, on c {{ stage = 2 }}", ("E0502", "2")),
    ],
)
def test_what_cannot_be_had_is_blamed(topology: str, found: tuple[str, str]) -> None:
    assert faults(CHAIN, topology) == [found]


def test_a_missing_partition_names_those_that_there_are() -> None:
    assert told(CHAIN, f"{TWO}, on loss {{ partition = feature }}") == (
        "`softmax_loss` cannot be cut by feature / asked for `loss` / `loss` is a `softmax_loss` / "
        "a `softmax_loss` here takes `batch` or `none`"
    )


def test_an_uneven_cut_says_how_many_workers_would_do() -> None:
    assert told(CHAIN, "workers = groups(1, size = 4), on a { partition = feature }") == (
        "`a` cannot be cut evenly among 4 workers / cuts axis 1 of its output / axis 1 of its output has length 6 / "
        "2, 3, 6 workers share it evenly; or cut it by `batch`"
    )


def test_stages_that_flow_backwards_name_both_layers_and_the_rule() -> None:
    [found] = outcome(program(CHAIN, f"{TWO}, on a {{ stage = 1 }}, on c {{ stage = 0 }}")).diagnostics
    assert found.title == "`c` in stage 0 reads `b`, which is in stage 1"
    assert [one.span.text for one in found.secondary] == ["c: dense(4)", "b: relu"]


def test_more_stages_than_layers_is_said_so() -> None:
    body = "out = d.x -> a: dense(4)"
    assert told(body, "workers = groups(1, size = 8), on loss { stage = 7 }").startswith("there are 8 stages for 2 layers")


@pytest.mark.parametrize(
    "topology",
    [
        f"{TWO}, micro_batches = 2",
        f"{TWO}, micro_batches = 2, on m {{ partition = feature }}",
        f"{TWO}, sync {{ exact = true, shards = 4 }}",
    ],
)
def test_statistics_of_the_whole_batch_do_not_come_in_parts(topology: str) -> None:
    assert [code for code, _ in faults("out = d.x -> m: batchnorm -> c: dense(4)", topology)] == ["E0517"]
    assert not faults("out = d.x -> m: batchnorm(over = local) -> c: dense(4)", topology)


def test_statistics_beside_exact_sums_are_not_answered_with_one_shard() -> None:
    said = told("out = d.x -> m: batchnorm -> c: dense(4)", f"{TWO}, sync {{ exact = true, shards = 4 }}")
    assert "leave `exact` out" in said and "shards = 1" not in said


def test_exact_sums_beside_a_feature_cut_are_blamed_once() -> None:
    assert [code for code, _ in faults(CHAIN, f"{TWO}, partition = feature, sync {{ exact = true, shards = 4 }}")] == ["E0506"]


CLIPPED = "updater sgd { lr = 0.1, clip_norm = 1 }\ntrain { steps = 10 }\n"


@pytest.mark.parametrize(
    ("servers", "codes"),
    [("servers = groups(1)", []), ("preset = allreduce", ["E0506"]), ("servers = groups(1, size = 3), separate = true", ["E0506"])],
)
def test_exact_sums_and_a_norm_need_one_server(servers: str, codes: list[str]) -> None:
    exact = f"{TWO}, {servers}, sync {{ exact = true, shards = 4 }}"
    found = outcome(program(CHAIN, exact, train=CLIPPED)).diagnostics
    assert [one.code for one in found] == codes
    assert not outcome(program(CHAIN, exact)).diagnostics, "without a norm any number of servers adds up the same"
    assert not outcome(program(CHAIN, f"{TWO}, {servers}", train=CLIPPED)).diagnostics


def test_local_statistics_are_an_approximation_only_where_the_batch_is_shared() -> None:
    body = "out = d.x -> m: batchnorm(over = local) -> c: dense(4)"
    [said] = section(body, TWO).approximations
    assert said.startswith("m: ")
    assert not section(body, f"{TWO}, on m {{ partition = feature }}").approximations
    assert section(body, "workers = groups(1, size = 1), micro_batches = 2").approximations


TIED = """
updater sgd {{ lr = 0.1 }}
train {{ steps = 10, on {rule} }}
"""


@pytest.mark.parametrize(
    ("attribute", "rule", "codes"),
    [
        ("lr_scale = 0.5", "b { lr_scale = 1 }", ["E0518"]),
        ("wd_scale = 0", "b { lr_scale = 1 }", ["E0518"]),
        ("lr_scale = 1", "b { lr_scale = 1 }", []),
        ("lr_scale = 1", "b { lr_scale = 0 }", ["E0518"]),
        ("lr_scale = 1", "a { lr_scale = 0 }", []),
        ("lr_scale = 1", "a, b { lr_scale = 0 }", []),
        ("lr_scale = 1", "all { wd_scale = 0 }", []),
    ],
)
def test_a_tied_parameter_has_one_rate(attribute: str, rule: str, codes: list[str]) -> None:
    body = f"h = d.x -> a: dense(6)\nout = h -> b: dense(weight = transpose(a.weight), {attribute}) -> c: dense(4)"
    assert [code for code, _ in faults(body, TWO, train=TIED.format(rule=rule))] == codes


class WholeNet(Algorithm):
    """An algorithm that runs the net as a whole."""

    def cuts(self) -> str | None:
        return "it goes up and down the net several times"


@pytest.mark.parametrize(
    ("topology", "what"),
    [
        (TWO, None),
        (f"{TWO}, partition = none", "`a` is not cut by batch"),
        (f"{TWO}, on a {{ partition = feature }}", "`a` is not cut by batch"),
        (f"{TWO}, on c {{ stage = 1 }}", "the net is cut into 2 pieces"),
    ],
)
def test_an_algorithm_that_works_on_the_whole_net_is_cut_by_batch_alone(topology: str, what: str | None) -> None:
    whole = Configured(Kind("algorithms", "whole_net", (), {}, cls=WholeNet))
    shaped = outcome(program(CHAIN, topology)).value.shaped  # type: ignore[union-attr]
    job = structs.replace(shaped.job, trains=(structs.replace(shaped.job.trains[0], algorithm=whole),))
    found = partition(structs.replace(shaped, job=job), Machine())
    assert [one.code for one in found.diagnostics] == ([] if what is None else ["E0516"])
    assert what is None or [label.text for label in found.diagnostics[0].secondary] == [what]
    assert bool(only(found).nets) == (what is None)


def test_two_mistakes_are_both_told() -> None:
    topology = f"{TWO}, micro_batches = 5, on loss {{ partition = feature }}"
    assert sorted(code for code, _ in faults(CHAIN, topology)) == ["E0510", "E0511"]


def test_a_section_with_a_mistake_is_not_cut() -> None:
    found = outcome(program(CHAIN, f"{TWO}, on loss {{ partition = feature }}"))
    assert not only(found).nets


def test_a_net_that_has_mistakes_before_is_left_alone() -> None:
    body = "out = d.image -> a: conv(8, 9) -> flatten -> c: dense(4)"
    assert [code for code, _ in faults(body, f"{TWO}, on c {{ partition = feature }}")] == ["E0303"]
    assert faults(CHAIN, TWO, data=DATA.replace("24", "25")) == [("E0501", TWO)]
