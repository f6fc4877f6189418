"""Numbers as people read them. Knows no terminal."""

from __future__ import annotations

from collections.abc import Collection, Iterable


def metric(name: str, value: float, percent: Collection[str]) -> str:
    """A metric with its name: `loss 0.1234`, `accuracy 93.2%`."""
    if name in percent:
        return f"{name} {value * 100:.2f}%" if value > 0.999 else f"{name} {value * 100:.1f}%"
    return f"{name} {value:.4f}" if 1e-3 <= abs(value) < 1e5 or value == 0 else f"{name} {value:.3e}"


def metrics(values: Iterable[tuple[str, float]], percent: Collection[str]) -> str:
    """Metrics in a line, two blanks apart."""
    return "  ".join(metric(name, value, percent) for name, value in values)


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
