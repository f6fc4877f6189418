"""`singa explain`."""

from __future__ import annotations

from singalang_grammar.explain import all_codes
from tests.commands.shell import Shell
from tests.conftest import Golden

PACKAGES = ("singalang_grammar", "singalang_compiler", "singalang_runtime")


def test_a_code_is_explained_with_a_wrong_and_a_right_program(shell: Shell, golden: Golden) -> None:
    told = shell("singa", "explain", "E0201")
    assert told.code == 0
    golden("commands/explain/E0201.txt", told.out)


def test_a_code_that_no_program_earns_is_explained_with_cause_and_cure(shell: Shell, golden: Golden) -> None:
    told = shell("singa", "explain", "e0801")
    assert told.code == 0
    golden("commands/explain/E0801.txt", told.out)


def test_without_a_code_all_are_listed_one_a_line(shell: Shell) -> None:
    told = shell("singa", "explain")
    assert told.code == 0
    assert told.out.splitlines() == [f"{number}  {title}" for number, title in all_codes(PACKAGES)]


def test_an_unknown_code_is_said_to_be_unknown(shell: Shell) -> None:
    told = shell("singa", "explain", "E9999")
    assert told.code == 2 and "there is no code `E9999`; `singa explain` lists them all" in told.err
