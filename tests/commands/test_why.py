"""`singa why`: what was decided, why, and what else it might have been."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any, get_args

import click
import msgspec
import pytest
from msgspec import structs

from singalang import words
from singalang.differences.compare import compare
from singalang.differences.printing import printed as differences_printed
from singalang.layout import Screen, folded, plain, table
from singalang.why.asked import answers, known_names
from singalang.why.parameters import moved_bytes
from singalang.why.printing import printed
from singalang.why.subject import Subject
from singalang_compiler.plan import Decision, Plan, Reason, RejectedRecord, to_bytes
from tests.commands.group_plans import group_of, read, write_plans
from tests.commands.shell import Shell, environment, process
from tests.conftest import Golden

NAMES = ("laptop", "cut", "staged", "chosen")


@pytest.fixture(scope="module")
def plans(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with plans for one worker, for two that cut a layer, for two stages, and with cuts chosen by the compiler."""
    folder = tmp_path_factory.mktemp("plans")
    write_plans(folder, *NAMES)
    return folder


def told(plan: Plan, word: str | None = None, width: int = 80) -> str:
    """What is answered."""
    return "\n".join(printed(answers(plan, word), Screen(width, plain))) + "\n"


@pytest.mark.parametrize("name", NAMES)
def test_the_decisions_of_a_plan_are_told_shortly(plans: Path, name: str, golden: Golden) -> None:
    golden(f"commands/why/{name}.txt", without_times(told(read(plans, name))))


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("cut", "fc1"),
        ("cut", "out"),
        ("cut", "fc1.weight"),
        ("cut", "all_to_all(fc1)"),
        ("cut", "worker-0"),
        ("cut", "digits.image"),
        ("cut", "re*"),
        ("staged", "out"),
        ("staged", "out.weight"),
        ("staged", "send(relu1)"),
        ("staged", "servers"),
        ("staged", "server-1"),
        ("staged", "processes"),
        ("staged", "dispatch"),
        ("chosen", "fc1"),
        ("laptop", "fc1"),
        ("laptop", "fc1.weight"),
        ("laptop", "servers"),
        ("laptop", "operations"),
    ],
)
def test_one_thing_is_told_with_all_that_was_decided_about_it(plans: Path, name: str, word: str, golden: Golden) -> None:
    file = re.sub(r"\W+", "_", f"{name} {word}").strip("_")
    golden(f"commands/why/{file}.txt", without_times(told(read(plans, name), word)))


def without_times(text: str) -> str:
    """Predicted times and memory change whenever a machine is measured: they are tested by their own rules."""
    text = re.sub(r"^memory .*\Z", "memory  PREDICTED\n", text, flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"[\d.,]+ (us|ms|s)\b(?! of)", "TIME", text)
    return re.sub(r"([+-][\d.]+ %|[\d.]+ times|the same)(?=[,\n ]|$)", "MORE", text)


@pytest.mark.parametrize("name", NAMES)
def test_everything_that_stands_in_a_plan_can_be_asked_about(plans: Path, name: str) -> None:
    plan = read(plans, name)
    for word in known_names(plan):
        text = told(plan, word)
        assert len(text.splitlines()) >= 2, word
        assert all(len(line) <= 80 for line in text.splitlines()), word


@pytest.mark.parametrize("name", NAMES)
def test_every_decision_is_told_with_its_reason_and_what_was_rejected(plans: Path, name: str) -> None:
    plan = read(plans, name)
    seen: set[str] = set()
    for word in (None, *known_names(plan)):
        for answer in answers(plan, word):
            seen |= {one.about for one in answer.decisions}
    assert seen == {one.about for one in plan.decisions}
    for layer in plan.sections[0].layers:
        text = " ".join(told(plan, layer.name, width=1000).split())
        for one in plan.decisions:
            if one.about == f"{plan.sections[0].name}.{layer.name}.partition":
                assert words.REASONS[one.reason] in text
                assert all(f"{other.choice}: " in text and (not other.why or other.why in text) for other in one.rejected)


def test_every_reason_has_words_long_and_short() -> None:
    assert set(words.REASONS) == set(words.SHORT_REASONS) == set(get_args(Reason))


def decided(plan: Plan, about: str, **changes: Any) -> Plan:
    """The plan with a decision made otherwise."""
    decisions = tuple(structs.replace(one, **changes) if one.about == about else one for one in plan.decisions)
    assert decisions != plan.decisions
    return structs.replace(plan, decisions=decisions)


def test_a_choice_that_was_not_proven_is_called_so(plans: Path) -> None:
    plan = read(plans, "chosen")
    assert "not proven" not in told(plan) and "proven" in told(plan)
    found = decided(plan, "train.fc1.partition", reason="cheapest-found")
    assert "not proven" in told(found) and "That no other cuts would be cheaper is not proven." in told(found)
    assert "not proven" in told(found, "fc1")


def test_what_fits_in_memory_is_not_called_the_cheapest(plans: Path) -> None:
    plan = decided(read(plans, "chosen"), "train.fc1.partition", reason="cheapest-that-fits")
    assert "cheapest that fits in memory" in told(plan)
    assert "what is cheaper needs more memory than a process has" in " ".join(told(plan, "fc1").split())


def test_other_ways_are_told_with_what_they_would_cost_or_why_they_cannot_be(plans: Path) -> None:
    other = (
        RejectedRecord(choice="feature", step_s=3e-3),
        RejectedRecord(choice="none", step_s=1.5e-3),
        RejectedRecord(choice="feature (partial sums)", why="axis 1 of its input has length 7"),
    )
    plan = decided(read(plans, "cut"), "train.out.partition", step_s=2e-3, rejected=other)
    text = told(plan, "out", width=120)
    assert "feature: 3 ms a step, +50 %" in text and "none: 1.5 ms a step, -25 %" in text
    assert "feature (partial sums): not possible, axis 1 of its input has length 7" in text
    [row] = [line for line in told(plan).splitlines() if line.startswith("out ")]
    assert row.endswith("none: -25 %"), "the best of them"


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [(1, 1.5, "+50 %"), (2, 1, "-50 %"), (1, 3, "3 times"), (1, 1, "the same"), (0, 1, ""), (1000, 1001, "+0.1 %")],
)
def test_growth_is_told_in_per_cent_or_times(before: float, after: float, text: str) -> None:
    assert words.growth(before, after) == text


@pytest.mark.parametrize("name", ["cut", "staged", "chosen"])
def test_what_parameters_move_adds_up_to_what_the_plan_says(plans: Path, name: str) -> None:
    plan = read(plans, name)
    subject = Subject(plan, plan.sections[0])
    moved = [moved_bytes(subject, parameter, 4) for parameter in plan.sections[0].parameter_names]
    links = {link.what: link.step_bytes for link in group_of(plan).links}
    assert (sum(gradients for gradients, _ in moved), sum(values for _, values in moved)) == (links["gradients"], links["values"])
    assert links["gradients"]


def test_a_thing_is_told_for_each_train_section_that_has_it(plans: Path) -> None:
    plan = read(plans, "laptop")
    again = structs.replace(plan.sections[0], name="again")
    text = told(structs.replace(plan, sections=(plan.sections[0], again)), "fc1")
    assert "(train train)" in text and "(train again)" in text


def test_a_layer_named_like_a_topic_is_the_layer(plans: Path) -> None:
    plan = read(plans, "laptop")
    layers = tuple(structs.replace(one, name="processes") if one.name == "fc1" else one for one in plan.sections[0].layers)
    named = structs.replace(plan, sections=(structs.replace(plan.sections[0], layers=layers),))
    assert told(named, "processes").startswith("processes: dense(units = 16)")


@pytest.mark.parametrize(
    ("word", "meant"), [("fc", "fc1"), ("fc1.wieght", "fc1.weight"), ("worker0", "worker-0"), ("server", "servers")]
)
def test_an_unknown_name_earns_a_guess(shell: Shell, plans: Path, word: str, meant: str) -> None:
    said = shell("singa", "why", plans / "cut.json", word)
    assert (said.code, said.out) == (1, "")
    assert f"error[E0710]: the plan has nothing called `{word}`" in said.err and f"did you mean `{meant}`?" in said.err


def test_a_glob_that_matches_nothing_is_told(shell: Shell, plans: Path) -> None:
    said = shell("singa", "why", plans / "cut.json", "conv*", "--diagnostics", "json")
    [one] = json.loads(said.out)
    assert said.code == 1 and one["code"] == "E0710" and "conv*" in said.out


def test_what_is_no_plan_is_told_as_every_command_does(shell: Shell) -> None:
    shell.write("broken.json", '{"format": "1.1"}')
    for name, code in (("none.json", "E0701"), ("broken.json", "E0702")):
        said = shell("singa", "why", name)
        assert said.code == 1 and f"error[{code}]" in said.err and not said.out


def test_programs_get_decisions_with_their_reasons(shell: Shell, plans: Path) -> None:
    said = shell("singa", "why", plans / "cut.json", "fc1", "--json")
    [answer] = json.loads(said.out)
    assert said.code == 0
    decision = answer["decisions"][0]
    assert (decision["about"], decision["chosen"], decision["reason"]) == ("train.fc1.partition", "feature", "written")
    assert decision["because"] == "the program says so" and {one["choice"] for one in decision["rejected"]} == {"batch", "none"}
    whole = json.loads(shell("singa", "why", plans / "cut.json", "--json").out)
    assert sum(len(one["decisions"]) for one in whole) == len(read(plans, "cut").decisions)


def test_the_command_prints_what_is_answered_without_colours_into_a_pipe(shell: Shell, plans: Path) -> None:
    said = shell("singa", "why", plans / "staged.json", "fc1")
    assert (said.code, said.out, said.err) == (0, told(read(plans, "staged"), "fc1"), "")


def test_colours_change_nothing_but_colours(plans: Path) -> None:
    plan = read(plans, "staged")
    coloured = "\n".join(printed(answers(plan, None), Screen(80, click.style)))
    assert coloured != click.unstyle(coloured) and click.unstyle(coloured) + "\n" == told(plan)


def test_equal_plans_give_equal_answers_and_jax_stays_away(plans: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from singalang.boundary import guarded; from singalang.commands.why import command;"
        "import singalang.commands.diff; sys.argv = ['singa why', sys.argv[1]]; guarded(command, 'singa');"
        "assert not {'jax', 'numpy', 'lark', 'rich'} & set(sys.modules)"
    )
    done = [
        process(sys.executable, "-c", code, plans / "chosen.json", folder=plans, env=environment(plans, PYTHONHASHSEED=seed))
        for seed in ("1", "2")
    ]
    assert all(one.returncode == 0 for one in done), done[0].stderr
    assert done[0].stdout == done[1].stdout == told(read(plans, "chosen"))


def test_a_thousand_layers_are_told_in_a_table_that_joins_what_had_no_choice(plans: Path) -> None:
    plan = read(plans, "staged")
    section = plan.sections[0]
    relu = next(layer for layer in section.layers if layer.kind == "relu")
    names = [f"r{number}" for number in range(1000)]
    layers = [structs.replace(relu, name=name) for name in names]
    more = [Decision(about=f"train.{name}.partition", chosen="batch", reason="topology-default") for name in names]
    larger = structs.replace(
        plan, sections=(structs.replace(section, layers=(*section.layers, *layers)),), decisions=(*plan.decisions, *more)
    )
    assert "r0 to r999 (1000)" in told(larger) and len(told(larger).splitlines()) < 30


def test_words_that_are_too_long_are_broken_and_tables_keep_their_columns() -> None:
    assert folded("a" * 30, 20) == ["a" * 20, "a" * 10]
    rows = list(table(("one", "two", "none"), [("x", "long " * 10, ""), ("y", "short", "")], Screen(40, plain), fold=1))
    assert rows[0] == "one  two" and all(len(row) <= 40 for row in rows) and rows[-1] == "y    short"


def test_names_cannot_steer_a_terminal(plans: Path) -> None:
    plan = read(plans, "cut")
    text = msgspec.json.encode(plan).decode().replace('"fc1', '"fc\\u001b[2J1').replace(".fc1", ".fc\\u001b[2J1")
    nasty = msgspec.json.decode(text.encode(), type=Plan)
    shown = told(nasty) + told(nasty, "fc\x1b[2J1") + "\n".join(differences_printed(compare(plan, nasty), Screen(80, plain)))
    assert "\x1b" not in shown and "fc\N{REPLACEMENT CHARACTER}[2J1" in shown


def test_a_plan_edited_by_hand_is_not_answered_about(shell: Shell, plans: Path) -> None:
    plan = read(plans, "cut")
    text = to_bytes(plan).decode().replace('"seed": 0', '"seed": 1')
    shell.write("edited.json", text)
    assert "error[E0704]" in shell("singa", "why", "edited.json").err
    assert msgspec.json.decode(text.encode(), type=Plan) != plan
