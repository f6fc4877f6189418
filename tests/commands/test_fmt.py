"""`singa fmt`: files in canonical layout, and never a file lost."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.commands.shell import PROGRAM, Shell, environment, installed, process

UGLY = PROGRAM.replace("net mlp {", "net   mlp\n{").replace("steps      = 40", "steps=40  # forty")
BROKEN = PROGRAM.replace("class(10)", "class(10")


def test_a_file_in_canonical_layout_is_left_alone(shell: Shell) -> None:
    path = shell.write("first.singa")
    before = path.stat()
    told = shell("singa", "fmt", "first.singa")
    assert (told.code, told.out, told.err) == (0, "", "")
    assert path.stat().st_mtime_ns == before.st_mtime_ns and path.stat().st_ino == before.st_ino


def test_another_file_is_formatted_and_keeps_its_comments_and_its_mode(shell: Shell) -> None:
    path = shell.write("ugly.singa", UGLY)
    path.chmod(0o640)
    told = shell("singa", "fmt", "ugly.singa")
    assert (told.code, told.out, told.err) == (0, "", "formatted ugly.singa\n")
    assert "net mlp {" in path.read_text() and "# forty" in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o640
    assert [one.name for one in shell.folder.iterdir()] == ["ugly.singa"]
    assert shell("singa", "fmt", "--check", "ugly.singa").code == 0


def test_checking_says_which_files_would_change_and_changes_none(shell: Shell) -> None:
    shell.write("first.singa")
    ugly = shell.write("ugly.singa", UGLY)
    told = shell("singa", "fmt", "--check", "first.singa", "ugly.singa")
    assert (told.code, told.out, told.err) == (1, "", "ugly.singa would change\n")
    assert ugly.read_text() == UGLY


def test_a_diff_shows_what_would_change_and_changes_nothing(shell: Shell) -> None:
    ugly = shell.write("ugly.singa", UGLY)
    told = shell("singa", "fmt", "--diff", "ugly.singa")
    assert told.code == 0
    assert told.out.startswith("--- ugly.singa\n+++ ugly.singa (formatted)\n")
    assert "\n-net   mlp\n-{\n+net mlp {\n" in told.out
    assert ugly.read_text() == UGLY
    assert shell("singa", "fmt", "--diff", "--check", "ugly.singa").code == 1


@pytest.mark.parametrize("more", [[], ["--check"], ["--diff"]])
def test_a_broken_file_is_told_and_left_alone_and_the_others_are_formatted(shell: Shell, more: list[str]) -> None:
    broken, ugly = shell.write("broken.singa", BROKEN), shell.write("ugly.singa", UGLY)
    told = shell("singa", "fmt", *more, "broken.singa", "ugly.singa")
    assert told.code == 1 and "error[E0005]" in told.err
    assert broken.read_text() == BROKEN
    assert (ugly.read_text() == UGLY) == bool(more)


def test_a_missing_file_is_a_mistake(shell: Shell) -> None:
    told = shell("singa", "fmt", "missing.singa")
    assert told.code == 1 and "error[E0030]" in told.err


def test_mistakes_can_be_had_as_json(shell: Shell) -> None:
    shell.write("broken.singa", BROKEN)
    told = shell("singa", "fmt", "--diagnostics", "json", "broken.singa")
    assert told.code == 1 and '"code": "E0005"' in told.out and not told.err


def test_a_link_stays_a_link(shell: Shell) -> None:
    ugly = shell.write("deep/ugly.singa", UGLY)
    (shell.folder / "link.singa").symlink_to("deep/ugly.singa")
    assert shell("singa", "fmt", "link.singa").code == 0
    assert (shell.folder / "link.singa").is_symlink() and "net mlp {" in ugly.read_text()


# Takes from root what lets it write everywhere (PR_CAPBSET_DROP of CAP_DAC_OVERRIDE), so that a test may have a read-only folder.
UNPRIVILEGED = """
import ctypes, os, sys
if os.geteuid() == 0:
    ctypes.CDLL(None).prctl(24, 1, 0, 0, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs prctl where tests run as root")
def test_a_file_in_a_read_only_folder_is_told_and_left_alone(tmp_path: Path, caches: Path) -> None:
    folder = tmp_path / "locked"
    folder.mkdir()
    (folder / "ugly.singa").write_text(UGLY)
    folder.chmod(0o500)
    try:
        words = (sys.executable, "-c", UNPRIVILEGED, installed("singa"), "fmt", "locked/ugly.singa")
        done = process(*words, folder=tmp_path, env=environment(caches))
    finally:
        folder.chmod(0o700)
    assert done.returncode == 1
    assert "error[E0814]: `locked/ugly.singa` cannot be written" in done.stderr and "permission denied" in done.stderr
    assert (folder / "ugly.singa").read_text() == UGLY
    assert [path.name for path in folder.iterdir()] == ["ugly.singa"]
