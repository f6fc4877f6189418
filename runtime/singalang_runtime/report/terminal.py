"""A reporter for a terminal: a bar that moves, with a table of the processes below it, lines above it, tables at the end."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.text import Text

from singalang_runtime.metrics_file import Line
from singalang_runtime.report import port, words
from singalang_runtime.report.live import Drawing
from singalang_runtime.report.scores import processes_table, score_table
from singalang_runtime.report.tables import results_table
from singalang_runtime.scorecard import SectionScore


class Terminal:
    """Draws on a console."""

    refresh_s = 0.25

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bar: Progress | None = None
        self._live: Live | None = None
        self._drawing: Drawing | None = None
        self._lines: list[Text] = []  # not printed yet
        self._task = TaskID(0)
        self._words = ""  # what stands behind the bar while steps are done

    def begin(self, job: str, run: str, resumed: str | None) -> None:
        """The job's name, its folder, and where it goes on."""
        self._console.print(f"[bold]{escape(job)}[/] {f'goes on from {escape(resumed)}' if resumed else 'runs'} in {escape(run)}")

    def section(self, section: port.SectionView, step: int) -> None:
        """A new bar."""
        self.close()
        self._words = ""
        if section.count > 1:
            self._console.print(f"section [bold]{escape(section.name)}[/] ({section.number} of {section.count})")
        columns = (
            TextColumn("step {task.completed:.0f}/{task.total:.0f}"),
            BarColumn(bar_width=10, complete_style="cyan", finished_style="cyan"),  # short: the words need the room
            TextColumn("{task.description}"),
        )
        self._bar = Progress(*columns, console=self._console, auto_refresh=False)
        self._task = self._bar.add_task("", total=section.steps, completed=step)
        self._drawing = Drawing(self._console, self._bar)
        self._live = Live(self._drawing, console=self._console, transient=True, auto_refresh=False)
        self._live.start(refresh=True)

    def stage(self, text: str) -> None:
        """What takes a while, behind the bar."""
        self._show(escape(text))

    def progress(self, progress: port.Progress) -> None:
        """Moves the bar."""
        left = f"{words.duration(progress.left_s)} left" if progress.left_s is not None else ""
        speed = words.rate(progress.records_s) if progress.records_s else ""
        parts = [escape(words.metrics(progress.metrics, progress.section.percent)), speed, left]
        self._words = "  ".join(part for part in parts if part)
        self._show(self._words, progress.step)

    def processes(self, rows: Sequence[port.ProcessView]) -> None:
        """A table of them, below the bar."""
        if self._drawing is not None:
            self._drawing.rows = rows
        self._draw()

    def logged(self, process: str, line: str) -> None:
        """The line above the bar, behind the process's name; it keeps its colours."""
        text = Text(f"{process} | ", style="dim") + Text.from_ansi(line, style="not dim")
        self._print(text)

    def measured(self, section: port.SectionView, line: Line, records_s: float | None) -> None:
        """A line above the bar; training moves the bar as well."""
        values = escape(words.metrics(line.metrics, section.percent))
        phase = "train" if line.phase == "train" else line.phase
        colour = "dim" if line.phase == "train" else "green"
        width = len(str(section.steps))
        self._print(Text.from_markup(f"step {line.step:>{width}}  [{colour}]{phase:<5}[/]  {values}"))
        self._show(self._words, line.step)

    def checkpoint(self, name: str) -> None:
        """Nothing: the summary names the last one."""

    def note(self, text: str) -> None:
        """The note."""
        self._print(Text(text))

    def scored(self, score: SectionScore) -> None:
        """Two tables: of the group, and of its processes."""
        self.close()
        self._console.print(score_table(score))
        self._console.print(processes_table(score))

    def end(self, summary: port.Summary) -> None:
        """The table of results, and how it ended."""
        self.close()
        if summary.lines:
            self._console.print(results_table(summary.lines, summary.sections))
        colour = {"finished": "green", "failed": "red"}.get(summary.status, "yellow")
        self._console.print(f"[{colour}]{summary.status}[/]{escape(words.ended(summary))}", highlight=False, soft_wrap=True)
        more = escape(summary.run + words.how_to_go_on(summary))
        self._console.print(f"run folder: {more}", highlight=False, soft_wrap=True)

    def close(self) -> None:
        """Takes the bar away, and what is below it."""
        self._write()
        if self._live is not None:
            self._live.stop()
        self._live = self._drawing = self._bar = None

    def _show(self, text: str, step: int | None = None) -> None:
        if self._bar is not None:
            self._bar.update(self._task, description=text, completed=step)
            if not self._has_table:  # who tells of processes does so as often
                self._draw()

    def _print(self, line: Text) -> None:
        """A line above the bar. Where there is a table it waits until that is drawn again: that takes too long for every line."""
        self._lines.append(line)
        if not self._has_table:
            self._write()

    def _write(self) -> None:
        if self._lines:
            lines, self._lines = self._lines, []
            self._console.print(Text("\n").join(lines), highlight=False)

    def _draw(self) -> None:
        if self._lines:
            self._write()  # draws as well
        elif self._live is not None:
            self._live.refresh()

    @property
    def _has_table(self) -> bool:
        return self._drawing is not None and bool(self._drawing.rows)
