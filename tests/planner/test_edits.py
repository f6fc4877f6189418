"""Single edits of programs and topologies: `singa diff` names exactly the layers that they affect."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from singalang import words
from singalang.differences.compare import compare
from singalang.differences.found import Difference
from singalang.differences.printing import parts_printed
from singalang.layout import Screen, plain
from singalang_compiler.pipeline import Request, compile_program
from singalang_compiler.plan import Plan
from singalang_grammar.diagnostics import Outcome
from singalang_grammar.read import read_source
from singalang_grammar.source import Source
from tests.conftest import Golden
from tests.planner.edits import EDITS, Edit, Version

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def at_the_root(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(ROOT)
    yield


@cache
def plan_of(version: Version) -> Plan:
    """The plan of a version of a program."""
    path = f"examples/{version.program}.singa"
    text = (ROOT / path).read_text(encoding="utf-8")
    for sought, put in version.text:
        assert text.count(sought) == 1, sought
        text = text.replace(sought, put)

    def read(name: str) -> Outcome[Source]:
        return Outcome(Source(path, text)) if name == path else read_source(name)

    compiled = compile_program(Request(path, version.settings, version.topology, read=read))
    assert compiled.value is not None, compiled.diagnostics
    return compiled.value.plan


def test_there_are_more_than_forty_each_with_a_name_of_its_own() -> None:
    assert len({edit.name for edit in EDITS}) == len(EDITS) > 40


@pytest.mark.slow
@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.name.replace(" ", "-"))
def test_exactly_the_affected_layers_are_named(edit: Edit, golden: Golden) -> None:
    found = compare(plan_of(edit.before), plan_of(edit.after))
    assert frozenset(found.layers) == edit.layers
    assert found.anything == edit.differs
    told = [] if found.anything else ["no difference"]
    told += parts_printed(found, Screen(80, plain))
    golden(f"planner/edits/{edit.name.replace(' ', '_')}.txt", "\n".join(told) + "\n")


@pytest.mark.slow
@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.name.replace(" ", "-"))
def test_the_way_back_is_as_long(edit: Edit) -> None:
    there, back = compare(plan_of(edit.before), plan_of(edit.after)), compare(plan_of(edit.after), plan_of(edit.before))
    assert there.anything == back.anything
    assert signs(there) == signs(back).translate(str.maketrans("+-", "-+"))
    assert not compare(plan_of(edit.after), plan_of(edit.after)).anything


def signs(found: Difference) -> str:
    """How many layers came, went, and are otherwise."""
    return "".join(sorted("".join(line.sign * len(line.layers) for part in found.parts for line in part.lines), key="+-~>".index))


@pytest.mark.slow
@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.name.replace(" ", "-"))
def test_every_decision_has_a_reason(edit: Edit) -> None:
    for plan in (plan_of(edit.before), plan_of(edit.after)):
        assert plan.decisions and all(words.REASONS[one.reason] for one in plan.decisions)
        assert all(one.step_s is not None or one.why for decision in plan.decisions for one in decision.rejected)
