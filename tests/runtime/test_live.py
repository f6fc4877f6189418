"""The table of processes on a terminal: what it shows, how it fits, what it leaves behind."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import pytest
from rich.console import Console

from singalang_runtime.metrics_file import Line
from singalang_runtime.processes.rows import Rows
from singalang_runtime.processes.status import Status
from singalang_runtime.report.live import live_table
from singalang_runtime.report.plain import Plain
from singalang_runtime.report.port import ProcessView, Progress, Reporter, SectionView
from singalang_runtime.report.terminal import Terminal
from tests.conftest import Golden
from tests.runtime.recorder import Recorder

SECTION = SectionView("train", 1, 1, 1000, ("loss",), ())
HOMES = {"worker-0": "worker-0", "worker-1": "worker-1", "server-0": "worker-0", "server-1": "server-1"}


def view(number: int, **changes: object) -> ProcessView:
    roles = (f"worker-{number}", f"server-{number}")
    one = ProcessView(f"worker-{number}", roles, 1250, "training", 0.0, (0.62, 0.311, 0.069), float(number), 214 << 20)
    return replace(one, **changes)  # type: ignore[arg-type]


def drawn(rows: list[ProcessView], width: int = 80, room: int = 12) -> str:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(live_table(rows, room))
    assert isinstance(console.file, io.StringIO)
    return "\n".join(line.rstrip() for line in console.file.getvalue().splitlines()) + "\n"


def test_a_row_for_each_process_in_eighty_columns(golden: Golden) -> None:
    rows = [
        view(0, doing="compiling", for_s=12.3, step=0, shares=None),
        view(1, roles=("worker-1",), doing="waiting", for_s=1.4, memory_bytes=0),
        view(12, roles=("worker-12", "server-3", "server-4"), memory_bytes=3 << 30, shares=(1.0, 0.0, 0.0)),
        view(3, name="server-1", roles=("server-1",), doing="serving", for_s=100.0, step=123456),
    ]
    text = drawn(rows)
    golden("runtime/report/live.txt", text)
    assert max(map(len, text.splitlines())) <= 80


def test_of_more_than_fit_the_slowest_are_shown_in_their_order_and_the_others_counted() -> None:
    rows = [view(number, waited_s=float(number * 7 % 16)) for number in range(16)]  # 0, 7, 14, 5, 12, 3, ...
    rows[14] = view(14, doing="compiling", waited_s=99.0)
    lines = drawn(rows, room=6).splitlines()
    assert len(lines) == 6
    waits_least = ["worker-0", "worker-5", "worker-7"]  # 0, 3 and 1 seconds
    assert [line.split()[0] for line in lines[1:5]] == [*waits_least, "worker-14"], "who compiles holds up all others"
    assert lines[5] == "and 12 faster"


@pytest.mark.parametrize(("processes", "room"), [(2, 12), (4, 12), (11, 12), (12, 12), (16, 12), (40, 100), (3, 1)])
def test_the_table_is_no_longer_than_its_room_and_hides_nobody_without_saying_so(processes: int, room: int) -> None:
    lines = drawn([view(number) for number in range(processes)], room=room).splitlines()
    assert len(lines) <= max(room, 3)
    rows = [line for line in lines if line.startswith("worker-")]
    more = re.match(r"and (\d+) faster$", lines[-1])
    assert len(rows) + (int(more[1]) if more else 0) == processes


def told(reporter: Reporter) -> None:
    reporter.begin("job", "runs/job-1", None)
    reporter.section(SECTION, 0)
    reporter.processes((view(0, shares=None, step=0), view(1)))
    reporter.logged("worker-1", "12%\ra [line]\x07 of \x1b[31mred\x1b[0m")
    reporter.measured(SECTION, Line("train", "train", 50, (("loss", 0.5),)), None)
    reporter.progress(Progress(SECTION, 60, (("loss", 0.5),), 1000.0, None))


def test_lines_come_above_the_table_and_it_is_gone_at_the_end() -> None:
    console = Console(file=io.StringIO(), width=80, height=24, force_terminal=True, color_system=None)
    terminal = Terminal(console)
    told(terminal)
    assert isinstance(console.file, io.StringIO)
    before = console.file.getvalue()
    assert "step 50" not in before, "lines wait until the table is drawn again"
    terminal.processes((view(0, step=1251), view(1)))
    after = console.file.getvalue().removeprefix(before)
    assert after.index("worker-1 | a [line]") < after.index("loss 0.5000") < after.index("computes")
    assert re.search(r"worker-0 \+ server-0 +1251 ", after), "with the lines the newest table is drawn"
    assert "\x07" not in after and "\x1b[31m" not in after
    shown = console.file.getvalue()
    terminal.close()
    terminal.close()
    ending = console.file.getvalue().removeprefix(shown)
    assert ending.count("\x1b[2K") >= len(("bar", "heading", "worker-0", "worker-1")), "every line is taken away"
    assert ending.endswith("\x1b[?25h") or ending.rindex("\x1b[?25h") > ending.find("\x1b[?25l")


def test_lines_that_wait_are_printed_when_the_run_ends_at_once() -> None:
    console = Console(file=io.StringIO(), width=80, force_terminal=True, color_system=None)
    terminal = Terminal(console)
    told(terminal)
    terminal.close()
    assert isinstance(console.file, io.StringIO)
    assert "step   50" in console.file.getvalue()


def test_plain_lines_of_logs_have_the_process_before_them() -> None:
    stream = io.StringIO()
    told(Plain(stream))
    assert "worker-1 | 12%\ra [line]" in stream.getvalue() and "computes" not in stream.getvalue()


def test_shares_are_those_of_the_time_since_the_table_was_told_last() -> None:
    recorder = Recorder(refresh_s=1.0)
    rows = Rows(("worker-0", "worker-1", "server-1"), HOMES, recorder)
    first = Status(99.5, "training", 10, 99.9, 0.1, 6.0, 2.0, 2.0, 1 << 20)
    idle = Status()
    rows.look(100.0, (first, idle, idle))
    rows.look(100.5, (first, idle, idle))  # too early
    later = replace(first, step=20, compute_s=7.0, waiting_s=5.0, moving_s=2.0)
    rows.look(101.0, (later, idle, replace(first, compute_s=0.0, waiting_s=0.0, moving_s=0.0)))
    rows.look(102.0, (later, idle, idle))
    told_first, told_then, told_last = recorder.views
    assert [one.shares for one in told_first] == [(0.6, 0.2, 0.2), None, None]
    assert told_then[0].shares == (0.25, 0.75, 0.0) and told_then[2].shares is None
    assert told_last[0].shares == (0.25, 0.75, 0.0), "no step since: the last shares stand"
    assert told_last[0].waited_s == 5.0 and told_last[0].memory_bytes == 1 << 20
    assert [one.roles for one in told_first] == [("worker-0", "server-0"), ("worker-1",), ("server-1",)]
    assert [one.for_s for one in told_last] == pytest.approx([2.1, 2.0, 2.0])


@pytest.mark.parametrize(
    ("process", "doing", "since_s", "word"),
    [
        ("worker-0", "training", 1.0, "training"),
        ("server-1", "training", 1.0, "serving"),
        ("worker-0", "waiting", 9.5, "training"),
        ("worker-0", "standing", 9.5, "training"),
        ("worker-0", "waiting", 8.5, "waiting"),
        ("server-1", "standing", 8.5, "idle"),
        ("worker-0", "initialising", 9.9, "preparing"),
        ("worker-0", "evaluating", 9.9, "evaluating"),
    ],
)
def test_what_a_process_does_in_a_word_short_waits_between_steps_are_not_told(
    process: str, doing: str, since_s: float, word: str
) -> None:
    recorder = Recorder(refresh_s=0.0)
    rows = Rows((process,), HOMES, recorder)
    rows.look(9.0, (Status(9.0, "training", 3, 9.0, 0.1, 1.0, 1.0, 1.0, 1),))
    rows.look(10.0, (Status(10.0, doing, 4, since_s, 0.1, 2.0, 1.0, 1.0, 1),))  # type: ignore[arg-type]
    assert recorder.views[-1][0].doing == word


def test_before_its_first_step_a_process_that_waits_is_told_as_waiting() -> None:
    recorder = Recorder(refresh_s=0.0)
    Rows(("worker-0",), HOMES, recorder).look(10.0, (Status(10.0, "waiting", 0, 9.9),))
    assert recorder.views[-1][0].doing == "waiting"


def test_workers_come_in_the_order_of_their_numbers_and_servers_behind_them() -> None:
    recorder = Recorder(refresh_s=0.0)
    Rows(("server-1", "worker-10", "worker-2"), HOMES, recorder).look(10.0, tuple(Status(step=step) for step in (1, 10, 2)))
    assert [(one.name, one.step) for one in recorder.views[-1]] == [
        ("worker-2", 2),
        ("worker-10", 10),
        ("server-1", 1),
    ]
