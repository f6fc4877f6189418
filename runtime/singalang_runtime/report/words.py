"""Numbers as people read them. Knows no terminal."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterable

from singalang_runtime.report.port import Summary


def value(name: str, number: float, percent: Collection[str]) -> str:
    """A metric: `0.1234`, `93.2%`."""
    if name in percent:
        return f"{number * 100:.2f}%" if number > 0.99 else f"{number * 100:.1f}%"
    return f"{number:.4f}" if 1e-3 <= abs(number) < 1e5 or number == 0 else f"{number:.3e}"


def metrics(values: Iterable[tuple[str, float]], percent: Collection[str]) -> str:
    """Metrics with their names, two blanks apart: `loss 0.1234  accuracy 93.2%`."""
    return "  ".join(f"{name} {value(name, number, percent)}" for name, number in values)


def rate(records_s: float) -> str:
    """Records in a second: `52k records/s`."""
    for limit, divisor, unit in ((1e3, 1.0, ""), (1e6, 1e3, "k"), (1e9, 1e6, "M"), (float("inf"), 1e9, "G")):
        if records_s < limit:
            number = records_s / divisor
            return f"{number:.0f}{unit} records/s" if number >= 10 or not unit else f"{number:.1f}{unit} records/s"
    raise AssertionError("a rate is a number")


def duration(seconds: float) -> str:
    """A time: `12 s`, `3 min 20 s`, `2 h 05 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


def short_time(seconds: float) -> str:
    """A time of part of a step: `85.3 us`, `1.20 ms`, `2.05 s`."""
    for limit, factor, unit in ((1e-3, 1e6, "us"), (1.0, 1e3, "ms"), (float("inf"), 1.0, "s")):
        if seconds < limit:
            return f"{seconds * factor:.3g} {unit}"
    raise AssertionError("a time is a number")


def ended(summary: Summary) -> str:
    """Where and when a run ended, behind the word for how: ` at step 200 after 12 s, 52k records/s, checkpoint step-00000200`."""
    speed = f", {rate(summary.records_s)}" if summary.records_s else ""
    checkpoint = f", checkpoint {summary.checkpoint}" if summary.checkpoint else ""
    return f" at step {summary.step} after {duration(summary.seconds)}{speed}{checkpoint}"


def how_to_go_on(summary: Summary) -> str:
    """The command that goes on with a run that did not finish, as the end of a sentence; empty for others."""
    if summary.status not in ("interrupted", "stopped"):
        return ""
    return f"; to go on: singa exec --resume --run {shlex.quote(summary.run)}{' --local' if summary.several else ''}"
