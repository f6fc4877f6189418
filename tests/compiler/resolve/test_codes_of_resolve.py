from __future__ import annotations

import pytest

from singalang_grammar.explain import all_codes, find_code, parts_of
from singalang_grammar.render.terminal import render
from tests.compiler.resolve.in_memory import resolved, told
from tests.conftest import Golden

PACKAGES = ("singalang_compiler",)
OURS = [
    number
    for number, _ in all_codes(PACKAGES)
    if number.startswith(("E01", "E02", "E04", "E050")) and not number.startswith("E049")
] + ["E0305"]


def programs(number: str) -> tuple[str, str] | None:
    code = find_code(number, PACKAGES)
    assert code is not None
    parts = parts_of(code)
    return (parts.wrong, parts.right) if parts.wrong and parts.right else None


WITH_PROGRAMS = [number for number in OURS if programs(number)]


@pytest.mark.parametrize("number", WITH_PROGRAMS)
def test_the_wrong_program_of_a_code_earns_it_alone(number: str, golden: Golden) -> None:
    pair = programs(number)
    assert pair is not None
    diagnostics = resolved(pair[0] + "\n").diagnostics
    assert [one.code for one in diagnostics] == [number], told(diagnostics)
    golden(f"compiler/resolve/codes/{number}.txt", pair[0] + "\n\n" + render(diagnostics, colour=False))


@pytest.mark.parametrize("number", WITH_PROGRAMS)
def test_the_right_program_of_a_code_earns_nothing(number: str) -> None:
    pair = programs(number)
    assert pair is not None
    assert told(resolved(pair[1] + "\n").diagnostics) == []


def test_nearly_every_code_is_shown_by_a_program() -> None:
    assert set(OURS) - set(WITH_PROGRAMS) == {"E0107", "E0122", "E0126", "E0131"}
