"""Whole jobs placed: roles and servers of a section, what several sections share, and what is refused in which words."""

from __future__ import annotations

from dataclasses import replace as replaced
from math import prod

import pytest
from msgspec.structs import replace

from singalang_compiler.library.kinds import Configured
from singalang_compiler.machine import Machine
from singalang_compiler.partition.cut_net import Partitioned
from singalang_compiler.place.place import place
from singalang_compiler.place.placed import Placed, PlacedSection, Process
from singalang_compiler.plan_group import SliceSegment
from singalang_grammar.diagnostics import Diagnostic
from tests.programs import TRAIN, compiled, net

MLP = """
  logits = digits.image -> fc1: dense(32) -> relu -> fc2: dense(10)
  loss = (logits, digits.label) -> softmax_loss
"""


def placed(topologies: str, body: str = MLP, train: str = TRAIN, topology: str | None = None) -> Placed:
    """A job that is placed without a mistake."""
    return whole(net(body, train) + topologies, topology)


def whole(text: str, topology: str | None = None) -> Placed:
    """A program that is placed without a mistake."""
    outcome = compiled(text, topology=topology, check=False)
    assert isinstance(outcome.value, Placed) and not outcome.diagnostics, outcome.diagnostics
    return outcome.value


def section(topology: str, body: str = MLP, train: str = TRAIN) -> PlacedSection:
    """The one section of a job with one topology."""
    (found,) = placed(f"topology t {{ {topology} }}", body, train).sections
    return found


def mistakes(text: str, *, check: bool = False) -> list[Diagnostic]:
    """What is said of a program."""
    return list(compiled(text, check=check).diagnostics)


def test_one_worker_with_its_server_has_no_programs() -> None:
    job = placed("topology t { workers = groups(1, size = 1) }")
    assert job.processes == (Process("worker-0", ("coordinator", "worker", "server")),)
    assert job.sections == (PlacedSection(cut=job.sections[0].cut),)
    assert placed("").reason == "only-worker" and job.reason == "written"


@pytest.mark.parametrize("more", ["separate = true", "micro_batches = 2", "servers = groups(1, size = 2)", "sync { exact = true }"])
def test_one_worker_has_a_program_where_more_than_a_kernel_is_wanted(more: str) -> None:
    found = section(f"workers = groups(1, size = 1), {more}")
    assert [role.name for role in found.roles] == ["worker"] and found.roles[0].step


def test_workers_of_a_stage_share_a_role() -> None:
    rules = "on fc1 { stage = 0 } on fc2 { stage = 1 }"
    found = section(f"workers = groups(1, size = 4), micro_batches = 2, {rules}")
    assert [(role.name, role.stage, role.workers, role.rows) for role in found.roles] == [
        ("stage-0", 0, (0, 1), 16),
        ("stage-1", 1, (2, 3), 16),
    ]
    assert all(set(role.evaluate) == {"test"} for role in found.roles)


def test_workers_with_different_rows_have_roles_of_their_own() -> None:
    text = net(MLP).replace("batch = 64", "batch = [20, 24, 20]") + "topology t { workers = groups(1, size = 3) }"
    (found,) = whole(text).sections
    assert [(role.name, role.workers, role.rows) for role in found.roles] == [
        ("worker/rows-20", (0, 2), 20),
        ("worker/rows-24", (1,), 24),
    ]
    assert found.roles[0].step == found.roles[1].step


def test_frozen_parameters_are_in_no_slice() -> None:
    train = TRAIN.replace("steps = 10", "steps = 10\n  on fc1 { lr_scale = 0 }")
    found = section("workers = groups(1, size = 2)", train=train)
    assert {one.parameter for server in found.servers for one in found.segments_of(server)} == {"fc2.weight", "fc2.bias"}
    assert {one.name: one.lr_scale for one in found.stored}["fc1.weight"] == 0


def test_a_stage_where_nothing_learns_neither_pushes_nor_pulls() -> None:
    train = TRAIN.replace("steps = 10", "steps = 10\n  on fc1 { lr_scale = 0 }")
    rules = "on fc1 { stage = 0 } on fc2 { stage = 1 }"
    first, second = section(f"workers = groups(1, size = 2), {rules}", train=train).roles
    names = [[type(step).__name__ for step in role.step] for role in (first, second)]
    assert names == [["FeedStep", "RunStep", "SendStep"], ["FeedStep", "ReceiveStep", "RunStep", "PushStep", "PullStep"]]


@pytest.mark.parametrize(
    "topology",
    [
        "workers = groups(1, size = 4), servers = groups(1, size = 4), partition = feature",
        "workers = groups(1, size = 4), servers = groups(1, size = 3), separate = true, on fc1 { partition = feature }",
        "workers = groups(1, size = 2), servers = groups(1, size = 5), on fc1 { stage = 0 } on fc2 { stage = 1 }",
    ],
)
def test_all_that_learns_is_in_slices_of_the_length_that_servers_say(topology: str) -> None:
    found = section(topology, body=MLP.replace("fc2: dense(10)", "fc2: dense(12) -> fc3: dense(10)"))
    slices = [found.segments_of(server) for server in found.servers]
    assert sum(one.size for segments in slices for one in segments) == sum(prod(one.shape) for one in found.stored)
    assert {server.size for server in found.servers} == {max(sum(one.size for one in segments) for segments in slices)}


def test_clipping_by_norm_costs_an_exchange_between_servers() -> None:
    sgd, clipped = TRAIN, TRAIN.replace("lr = 0.1", "lr = 0.1, clip_norm = 1")
    topology = "workers = groups(1, size = 2), servers = groups(1, size = 3)"
    plain, exchanging = section(topology, train=sgd), section(topology, train=clipped)
    assert [type(step).__name__ for step in plain.server_step] == ["CollectStep", "RunStep", "PublishStep"]
    assert "NormStep" in [type(step).__name__ for step in exchanging.server_step]
    assert [one.step_bytes for one in exchanging.links if one.what == "norms"] == [3 * 2 * 4]


def test_sections_of_unlike_topologies_have_the_processes_of_both() -> None:
    train = """
updater sgd { lr = 0.1 }
train small { steps = 10, topology = one }
train large { steps = 10, topology = many }
"""
    topologies = """
topology one { workers = groups(1, size = 1) }
topology many { workers = groups(1, size = 4), separate = true }
"""
    job = placed(topologies, train=train)
    assert job.processes == (
        Process("worker-0", ("coordinator", "worker", "server")),
        Process("worker-1", ("worker",), 3),
        Process("server-0", ("server",)),
    )
    assert [bool(one.roles) for one in job.sections] == [False, True]


def test_a_thousand_workers_make_few_records() -> None:
    text = net(MLP.replace("dense(32)", "dense(1024)").replace("dense(10)", "dense(2048)"))
    text = text.replace("class(10)", "class(2048)").replace("batch = 64", "batch = 1024").replace("batch = 100", "batch = 1024")
    group = "workers = groups(1, size = 1024), servers = groups(1, size = 1024), partition = feature"
    (found,) = whole(f"{text}\ntopology t {{ {group}, on loss {{ partition = batch }} }}").sections
    assert len(found.roles) == 1 and len(found.servers) == 1024
    assert not any(server.segments for server in found.servers)
    assert found.segments_of(found.servers[7])[0] == SliceSegment(parameter="fc1.weight", position=7, offset=0, size=64)


@pytest.mark.parametrize(
    ("topology", "has"),
    [
        ("workers = groups(2, size = 1), sync { staleness = 3 }", "2 worker groups and `staleness = 3`"),
        ("workers = groups(1, size = 2), servers = groups(2, size = 1)", "2 server groups"),
        ("preset = diloco, workers = groups(1, size = 2)", "`every = 500` and `outer = nesterov`"),
        ("workers = groups(1, size = 2), sync { staleness = none }", "`staleness = none`"),
        ("preset = easgd, workers = groups(1, size = 2)", "`every = 10`, `staleness = none` and `mix = 0.1`"),
        ("workers = groups(1, size = 2), sync { deltas = int8, quorum = 1, deadline = 2s }", "`deltas = int8`, `quorum = 1` and"),
        ("workers = groups(1, size = 1), sync { every = 4, fragments = 2, overlap = 1 }", "`every = 4`, `fragments = 2` and"),
    ],
)
def test_several_groups_and_those_that_do_not_wait_are_checked_but_not_run(topology: str, has: str) -> None:
    text = f"{net(MLP)}\ntopology far {{ {topology} }}"
    assert not mistakes(text, check=True)
    (found,) = mistakes(text)
    assert (found.code, found.title) == ("E0590", "topology `far` is not executable yet")
    assert found.primary is not None and f"has {has}" in found.primary.text
    assert found.hint == "add `topology near { workers = groups(1, size = 2) }` and compile with `--topology near`"


def test_the_hint_names_the_topologies_of_the_file_that_can_be_run() -> None:
    far = f"{net(MLP)}\ntopology far {{ workers = groups(2, size = 1) }}\ntopology near {{ workers = groups(1, size = 2) }}\n"
    assert [one.hint for one in mistakes(far)] == ["compile it with `--topology near`"]
    two = far + "topology other { preset = downpour, workers = groups(1, size = 2) }\ntopology one { workers = groups(1) }\n"
    assert [one.hint for one in mistakes(two)] == ["compile it with one of `--topology near`, `--topology one`"]


def of_whole(job: Placed) -> Partitioned:
    """The same job with an updater that needs whole parameters."""
    shaped = job.partitioned.shaped
    train = shaped.job.trains[0]
    kind = train.updater.updater.kind
    updater = Configured(replaced(kind, name="whole", constants={**kind.constants, "elementwise": False}), {})
    trains = (replace(train, updater=replace(train.updater, updater=updater)),)
    return replace(job.partitioned, shaped=replace(shaped, job=replace(shaped.job, trains=trains)))


@pytest.mark.parametrize(
    ("topology", "why", "hint"),
    [
        ("servers = groups(1, size = 2)", "2 servers share the parameters", "write `servers = groups(1, size = 1)`"),
        ("on fc1 { partition = feature }", "`fc1.weight` is cut among the workers", "write `partition = batch` for its layer"),
    ],
)
def test_an_updater_that_needs_whole_parameters_may_not_meet_cut_ones(topology: str, why: str, hint: str) -> None:
    job = of_whole(placed(f"topology t {{ workers = groups(1, size = 2), {topology} }}"))
    (found,) = place(job, False, Machine()).diagnostics
    assert (found.code, found.title) == ("E0540", "the updater `whole` needs whole parameters")
    assert found.secondary[0].text == why
    assert found.hint is not None and found.hint.startswith(hint)


def test_an_updater_that_needs_whole_parameters_is_fine_with_one_server() -> None:
    job = of_whole(placed("topology t { workers = groups(1, size = 4), separate = true }"))
    assert not place(job, True, Machine()).diagnostics
