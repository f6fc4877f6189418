"""Single edits of programs and topologies: `singa diff` names exactly the layers that they affect."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from singalang import words
from singalang.differences.compare import compare
from singalang.differences.found import Difference
from singalang.differences.printing import printed
from singalang.layout import Screen, plain
from singalang_compiler.pipeline import Request, compile_program
from singalang_compiler.plan import Plan
from singalang_grammar.diagnostics import Outcome
from singalang_grammar.read import read_source
from singalang_grammar.source import Source
from tests.conftest import Golden
from tests.planner.edits import EDITS, Edit, Replacements, Version

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def at_the_root(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(ROOT)
    yield


def edited(path: str, replacements: Replacements) -> str:
    """A file's text with some of it replaced."""
    text = (ROOT / path).read_text(encoding="utf-8")
    for sought, put in replacements:
        assert text.count(sought) == 1, sought
        text = text.replace(sought, put)
    return text


@cache
def plan_of(version: Version) -> Plan:
    """The plan of a version of a program."""
    path, library = f"examples/{version.program}.singa", "examples/blocks.singa"
    changed = {path: edited(path, version.text), library: edited(library, version.blocks)}

    def read(name: str) -> Outcome[Source]:
        return Outcome(Source(name, changed[name])) if name in changed else read_source(name)

    compiled = compile_program(Request(path, version.settings, version.topology, read=read))
    assert compiled.value is not None, compiled.diagnostics
    return compiled.value.plan


def test_there_are_more_than_forty_each_with_a_name_of_its_own() -> None:
    assert len({edit.name for edit in EDITS}) == len(EDITS) > 40


@pytest.mark.slow
@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.name.replace(" ", "-"))
def test_exactly_the_affected_layers_are_named_and_every_decision_has_a_reason(edit: Edit, golden: Golden) -> None:
    before, after = plan_of(edit.before), plan_of(edit.after)
    found = compare(before, after)
    assert frozenset(found.layers) == edit.layers
    assert found.anything == edit.differs
    without_costs = Difference(found.parts, (), found.notes)
    told = "\n".join(printed(without_costs, Screen(80, plain))) + "\n"
    golden(f"planner/edits/{edit.name.replace(' ', '_')}.txt", told)
    assert_the_way_back_is_as_long(found, before, after)
    for plan in (before, after):
        assert_every_decision_has_a_reason(plan)


def assert_the_way_back_is_as_long(there: Difference, before: Plan, after: Plan) -> None:
    back = compare(after, before)
    assert there.anything == back.anything
    ours, theirs = signs(there), signs(back)
    assert ours == theirs | {"+": theirs["-"], "-": theirs["+"]}
    assert not compare(after, after).anything


def signs(found: Difference) -> dict[str, int]:
    """How many layers came, went, and are otherwise."""
    counts = dict.fromkeys("+-~>", 0)
    for part in found.parts:
        for line in part.lines:
            counts[line.sign] += len(line.layers)
    return counts


def assert_every_decision_has_a_reason(plan: Plan) -> None:
    assert plan.decisions and all(words.REASONS[one.reason] for one in plan.decisions)
    assert all(one.step_s is not None or one.why for decision in plan.decisions for one in decision.rejected)
