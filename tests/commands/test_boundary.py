"""Where commands end: our own bugs, broken pipes, full disks, and streams that are no terminals."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from singalang.commands import explain
from tests.commands.shell import PROGRAM, Shell, environment, installed, process


def test_a_bug_of_ours_is_told_as_such_and_leaves_a_report(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(**_: object) -> None:
        raise ZeroDivisionError("promised never to happen")

    monkeypatch.setattr(explain.command, "callback", broken)
    monkeypatch.setattr("tempfile.tempdir", str(shell.folder))
    told = shell("singa", "explain", "E0201")
    assert told.code == 70 and not told.out
    assert "This is a bug in singalang, not in your program: ZeroDivisionError in `singa`." in told.err
    assert "Traceback" not in told.err and "promised" not in told.err
    [report] = shell.folder.glob("singalang-bug-*.txt")
    assert str(report) in told.err
    text = report.read_text()
    assert text.startswith("command: singa explain E0201\n") and "ZeroDivisionError: promised never to happen" in text


def test_a_bug_is_told_even_where_no_report_can_be_written(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(**_: object) -> None:
        raise ZeroDivisionError("promised never to happen")

    monkeypatch.setattr(explain.command, "callback", broken)
    monkeypatch.setattr("tempfile.tempdir", str(shell.folder / "missing"))
    told = shell("singa", "explain", "E0201")
    assert told.code == 70 and "ZeroDivisionError: promised never to happen" in told.err and "Traceback" not in told.err


def test_ctrl_c_outside_a_run_says_so(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(**_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(explain.command, "callback", interrupted)
    told = shell("singa", "explain", "E0201")
    assert (told.code, told.out, told.err.strip()) == (130, "", "interrupted")


def test_a_reader_that_leaves_early_is_no_mistake(tmp_path: Path) -> None:
    for reader in ("head -n 1", "true"):
        line = f'"{installed("singa")}" explain | {reader}; echo "codes ${{PIPESTATUS[0]}}"'
        done = process("bash", "-c", line, folder=tmp_path)
        assert done.stderr == ""
        assert done.stdout.splitlines()[-1] == "codes 0"


def test_a_reader_of_predictions_may_leave_early(trained: Shell, caches: Path) -> None:
    line = f'"{installed("singa")}" predict plan.json --top-k 10 | head -n 1; echo "codes ${{PIPESTATUS[0]}}"'
    done = process("bash", "-c", line, folder=trained.folder, env=environment(caches))
    assert done.stderr == ""
    assert [part.split(",")[0] for part in done.stdout.splitlines()] == ["record", "codes 0"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_behind_stdout_is_told(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [installed("singa"), "explain"], stdout=full, stderr=subprocess.PIPE, text=True, env=environment(tmp_path), check=False
        )
    assert done.returncode == 1
    assert done.stderr == "singa: cannot write what was asked for: No space left on device\n"


def on_a_terminal(folder: Path, *words: str, **env: str) -> tuple[int, str]:
    """What a command writes to a terminal, and its exit code."""
    ours, theirs = pty.openpty()
    given = environment(folder, TERM="xterm-256color", **env)
    with subprocess.Popen(words, stdout=theirs, stderr=theirs, cwd=folder, env=given) as running:
        os.close(theirs)
        text = b""
        try:
            while chunk := os.read(ours, 65536):
                text += chunk
        except OSError:  # the other side is closed
            pass
    os.close(ours)
    return running.returncode, text.decode()


def test_colours_are_for_terminals_that_want_them(tmp_path: Path) -> None:
    (tmp_path / "first.singa").write_text(PROGRAM.replace("-> relu ->", "-> rleu ->"))
    words = (installed("singac"), "first.singa", "--check")
    code, coloured = on_a_terminal(tmp_path, *words)
    assert code == 1 and "\x1b[1;31merror[E0201]\x1b[0m" in coloured
    assert "\x1b" not in on_a_terminal(tmp_path, *words, NO_COLOR="1")[1]
    assert "\x1b" not in process(*words, folder=tmp_path).stderr


LONGER = [word for field in ("steps=20k", "checkpoint=none", "val=none", "test=every(10k)") for word in ("--set", f"train.{field}")]


@pytest.mark.slow
def test_a_run_on_a_terminal_has_a_bar_and_a_table(trained: Shell, caches: Path) -> None:
    assert trained("singac", "first.singa", "-o", "more.json", *LONGER).code == 0
    env = {"XDG_CACHE_HOME": str(caches)}
    code, coloured = on_a_terminal(trained.folder, installed("singa"), "exec", "more.json", "--run", "a", **env)
    assert code == 0 and "━" in coloured and "\x1b[32mfinished" in coloured and "20000/20000" in coloured
    code, plain = on_a_terminal(trained.folder, installed("singa"), "exec", "more.json", "--run", "b", NO_COLOR="1", **env)
    assert code == 0 and "finished" in plain and "\x1b[3" not in plain


def test_checking_imports_neither_jax_nor_numpy_nor_rich(tmp_path: Path) -> None:
    (tmp_path / "first.singa").write_text(PROGRAM)
    (tmp_path / "mine.py").write_text("from singalang import Layer, layer\n\n@layer('mine')\nclass Mine(Layer):\n    'Mine.'\n")
    (tmp_path / "own.singa").write_text('import mine from "mine.py"\n' + PROGRAM.replace("-> relu ->", "-> mine ->"))
    script = (
        "import sys\n"
        "from singalang.cli import {0}\n"
        "try:\n"
        "    {0}()\n"
        "finally:\n"
        "    print(sorted({{'jax', 'jaxlib', 'numpy', 'rich', 'safetensors', 'mine'}} & set(sys.modules)), file=sys.stderr)\n"
    )
    for command, *words in (
        ("singac", "first.singa", "--check"),
        ("singac", "own.singa", "--check"),
        ("singac", "first.singa", "--emit", "place"),
        ("singa", "fmt", "--check", "first.singa"),
        ("singa", "explain", "E0901"),
    ):
        done = process(sys.executable, "-c", script.format(command), *words, folder=tmp_path)
        assert done.returncode == 0, done.stderr
        assert done.stderr.splitlines()[-1] == "[]", (command, words)
