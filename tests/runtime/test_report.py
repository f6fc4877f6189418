"""What people see."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from singalang_runtime.metrics_file import Line
from singalang_runtime.pace import Pace
from singalang_runtime.report import words
from singalang_runtime.report.plain import Plain
from singalang_runtime.report.port import Progress, Reporter, SectionView, Summary
from singalang_runtime.report.silent import Silent
from singalang_runtime.report.tables import details_table, runs_table
from singalang_runtime.report.terminal import Terminal
from singalang_runtime.runs import list_runs, show_run
from tests.conftest import Golden
from tests.runtime.conftest import Run
from tests.runtime.recorder import Recorder
from tests.runtime.tiny import Tiny

VIEW = SectionView("[bold]odd", 2, 2, 1000, ("loss", "accuracy"), ("accuracy",))
TRAIN = Line("[bold]odd", "train", 250, (("loss", 0.1234), ("accuracy", 0.9321)))
TEST = Line("[bold]odd", "test", 250, (("loss", 12.5e-5), ("accuracy", 0.99123)))


def told(reporter: Reporter, status: str = "finished") -> None:
    """A short life, with names that a terminal could take for markup."""
    reporter.begin("job[red]", "runs/job[red]-1", "step-00000100")
    reporter.section(VIEW, 100)
    reporter.stage("compiling")
    reporter.progress(Progress(VIEW, 200, TRAIN.metrics, 52_345.0, 75.0))
    reporter.measured(VIEW, TEST, 52_345.0)
    reporter.checkpoint("step-00000250")
    reporter.measured(VIEW, TRAIN, 52_345.0)
    reporter.progress(Progress(VIEW, 250, TRAIN.metrics, None, None))
    reporter.note("a [note]")
    reporter.end(Summary(status, "runs/job[red]-1", (VIEW,), (TRAIN, TEST), 1000, 52_345.0, 61.0, "step-00001000"))
    reporter.close()
    reporter.close()


@pytest.mark.parametrize("status", ["finished", "interrupted"])
def test_plain_lines(status: str, golden: Golden) -> None:
    stream = io.StringIO()
    told(Plain(stream), status)
    golden(f"runtime/report/plain-{status}.txt", stream.getvalue())


@pytest.mark.parametrize("status", ["finished", "interrupted"])
def test_lines_on_a_terminal(status: str, golden: Golden) -> None:
    console = Console(file=io.StringIO(), width=100, force_terminal=False, color_system=None)
    told(Terminal(console), status)
    assert isinstance(console.file, io.StringIO)
    text = "\n".join(line.rstrip() for line in console.file.getvalue().splitlines())
    golden(f"runtime/report/terminal-{status}.txt", text + "\n")


def test_the_bar_of_a_terminal_says_how_far_it_is() -> None:
    console = Console(file=io.StringIO(), width=120, force_terminal=True, color_system=None)
    told(Terminal(console))
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    assert "step 200/1000" in text and "accuracy 93.2%  52k records/s  1 min 15 s left" in text
    assert "\x1b[?25l" in text and text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")  # the cursor is back


def test_silence(capsys: pytest.CaptureFixture[str]) -> None:
    told(Silent())
    assert capsys.readouterr() == ("", "")


def test_tables_of_runs(run: Run, tmp_path_factory: pytest.TempPathFactory, tmp_path: object) -> None:
    from pathlib import Path

    folder = Path(str(tmp_path))
    run(Tiny(steps=10, acts=(), name="job[red]"), "one[red]", reporter=Recorder())
    console = Console(file=io.StringIO(), width=200, color_system=None)
    console.print(runs_table(list_runs(folder)))
    details = show_run("one[red]", folder).value
    assert details is not None
    console.print(details_table(details))
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    assert "one[red]" in text and "job[red]" in text and "finished" in text and "step-00000010" in text
    assert "test  near" in text and "%" in text, "the last test, without its loss"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0 s"), (9.94, "9.9 s"), (12.4, "12 s"), (59.6, "1 min 00 s"), (200, "3 min 20 s"), (7500, "2 h 05 min")],
)
def test_durations(seconds: float, text: str) -> None:
    assert words.duration(seconds) == text


@pytest.mark.parametrize(
    ("records_s", "text"),
    [(3.2, "3 records/s"), (999, "999 records/s"), (5200, "5.2k records/s"), (52_345, "52k records/s"), (2.5e6, "2.5M records/s")],
)
def test_rates(records_s: float, text: str) -> None:
    assert words.rate(records_s) == text


@pytest.mark.parametrize(
    ("number", "text"), [(0.0, "0.0000"), (0.12345, "0.1235"), (2e-5, "2.000e-05"), (123456.0, "1.235e+05"), (-3.0, "-3.0000")]
)
def test_numbers(number: float, text: str) -> None:
    assert words.value("loss", number, ()) == text


def test_percentages() -> None:
    assert [words.value("accuracy", number, ("accuracy",)) for number in (0.9321, 0.99123, 1.0)] == ["93.2%", "99.12%", "100.00%"]


def test_the_pace_is_that_of_late() -> None:
    pace = Pace(batch=10)
    assert pace.records_s is None and pace.left_s(5) is None
    for second in range(20):
        pace.mark(float(second), 100 * second if second < 10 else 1000 + 200 * (second - 10))
    assert pace.records_s == pytest.approx(2000.0) and pace.left_s(400) == pytest.approx(2.0)
