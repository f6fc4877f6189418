"""What the commands say of themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands.shell import Shell, environment, installed, process
from tests.conftest import Golden

COMMANDS = ("calibrate", "diff", "exec", "explain", "fmt", "predict", "runs", "show", "test", "why")


def test_help_of_the_compiler(shell: Shell, golden: Golden) -> None:
    told = shell("singac", "--help")
    assert told.code == 0
    golden("commands/help/singac.txt", told.out)


def test_help_of_all_commands(shell: Shell, golden: Golden) -> None:
    told = shell("singa", "-h")
    assert told.code == 0 and all(name in told.out for name in COMMANDS)
    golden("commands/help/singa.txt", told.out)


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_a_command(shell: Shell, golden: Golden, name: str) -> None:
    told = shell("singa", name, "-h")
    assert told.code == 0
    golden(f"commands/help/{name}.txt", told.out)


def test_no_line_of_help_is_cut_off(shell: Shell) -> None:
    told = shell("singa", "-h")
    assert "..." not in told.out.split("Commands:")[1]


@pytest.mark.parametrize("command", ["singac", "singa"])
def test_the_version_is_the_packages(shell: Shell, command: str) -> None:
    from importlib.metadata import version

    assert shell(command, "--version").out == f"singalang {version('singalang')}\n"


def test_singa_alone_shows_its_commands(shell: Shell) -> None:
    told = shell("singa")
    assert told.code == 2 and "Commands:" in told.err + told.out


@pytest.mark.parametrize(("typed", "meant"), [("exce", "exec"), ("format", "fmt"), ("test1", "test"), ("run", "runs")])
def test_an_unknown_command_earns_a_guess(shell: Shell, typed: str, meant: str) -> None:
    told = shell("singa", typed, "plan.json")
    assert told.code == 2
    assert f"there is no command `{typed}`; did you mean `{meant}`?" in told.err


def test_a_command_like_no_other_earns_no_guess(shell: Shell) -> None:
    told = shell("singa", "xyzzy")
    assert told.code == 2
    assert "there is no command `xyzzy`\n" in told.err


@pytest.mark.parametrize(
    "words",
    [
        ("singac",),
        ("singac", "a.singa", "--emti", "parse"),
        ("singac", "a.singa", "--emit", "everything"),
        ("singac", "a.singa", "b.singa"),
        ("singac", "a.singa", "--platforms", "abacus"),
        ("singac", "a.singa", "--platforms", ","),
        ("singac", "plan.json"),
        ("singa", "diff"),
        ("singa", "diff", "plan.json"),
        ("singa", "exec"),
        ("singa", "exec", "plan.json", "--until", "0"),
        ("singa", "exec", "plan.json", "--until", "soon"),
        ("singa", "fmt"),
        ("singa", "explain", "E9999"),
        ("singa", "predict"),
        ("singa", "predict", "plan.json", "--top-k", "0"),
        ("singa", "show"),
        ("singa", "test"),
        ("singa", "test", "plan.json", "--phase", "train"),
        ("singa", "why"),
    ],
)
def test_a_command_that_is_used_wrongly_exits_with_2(shell: Shell, words: tuple[str, ...]) -> None:
    told = shell(words[0], *words[1:])
    assert told.code == 2
    assert told.err.startswith("Usage: ") and "Error: " in told.err
    assert not told.out


@pytest.mark.parametrize(("command", "word", "whole"), [("singa", "ex", "exec"), ("singac", "--plat", "--platforms")])
def test_shells_complete_words(tmp_path: Path, command: str, word: str, whole: str) -> None:
    env = environment(tmp_path, COMP_WORDS=f"{command} {word}", COMP_CWORD="1", **{f"_{command.upper()}_COMPLETE": "bash_complete"})
    done = process(installed(command), folder=tmp_path, env=env)
    assert done.returncode == 0 and f"plain,{whole}" in done.stdout.splitlines()
