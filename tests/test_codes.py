"""Every code explains itself, with a wrong program that earns it and a right one that earns nothing."""

from __future__ import annotations

import pytest

from singalang_grammar.explain import all_codes, find_code, parts_of
from tests.programs import compiled

PACKAGES = ("singalang_grammar", "singalang_compiler", "singalang_runtime")
NUMBERS = [number for number, _ in all_codes(PACKAGES)]


def test_no_code_is_given_twice() -> None:
    assert len(NUMBERS) == len(set(NUMBERS)) > 40


@pytest.mark.parametrize("number", NUMBERS)
def test_a_code_is_explained(number: str) -> None:
    found = find_code(number, PACKAGES)
    assert found is not None
    parts = parts_of(found)
    assert len(parts.prose) > 20
    assert (parts.wrong and parts.right) or (parts.cause and parts.cure), "give it Wrong and Right, or Cause and Cure"


@pytest.mark.parametrize("number", NUMBERS)
def test_the_wrong_program_earns_exactly_its_code_and_the_right_one_none(number: str) -> None:
    parts = parts_of(find_code(number, PACKAGES))  # type: ignore[arg-type]
    if not parts.wrong or not parts.right:
        return
    wrong = compiled(parts.wrong).diagnostics or compiled(parts.wrong, check=False).diagnostics
    assert {one.code for one in wrong} == {number}
    assert not compiled(parts.right).diagnostics
    to_run = {one.code for one in compiled(parts.right, check=False).diagnostics}
    assert number not in to_run and to_run <= {"E0490", "E0590"}  # fragments without a train section, topologies of many workers
