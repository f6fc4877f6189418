"""The sizes of a step as lines of text, for people. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from math import hypot, sqrt

from singalang_runtime.culprit.records import Layer, Norms, Size

_HEADS = ("layer", "kind", "output rms", "largest", "gradient rms", "largest", "not finite")


def lines_of(norms: Norms) -> tuple[str, ...]:
    """A line for each layer under a heading: what it gave, and the gradients of its parameters together."""
    rows = [_HEADS, *(_row(layer, norms) for layer in norms.layers)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(_HEADS))]
    rate = "not finite" if norms.rate is None else f"{norms.rate:.4g}"
    return (f"norms of step {norms.step + 1} of {norms.section}, learning rate {rate}:", *(_line(row, widths) for row in rows))


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = [
        cell.ljust(width) if place < 2 else cell.rjust(width) for place, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]
    return "  " + "  ".join(cells).rstrip()


def _row(layer: Layer, norms: Norms) -> tuple[str, ...]:
    gradients = [norms.gradients[name] for name in layer.parameters if name in norms.gradients]
    bad = layer.output.bad + sum(size.bad for size in gradients) + sum(norms.parameters[name].bad for name in layer.parameters)
    told = _cells(_together(gradients)) if gradients else ("", "")
    return layer.name, layer.kind, *_cells(layer.output), *told, str(bad) if bad else ""


def _cells(size: Size) -> tuple[str, str]:
    return f"{size.rms:.3g}", f"{size.most:.3g}"


def _together(sizes: Sequence[Size]) -> Size:
    """Several arrays as one; each counts as much as it has numbers."""
    total = sum(size.count for size in sizes)
    rms = hypot(*(sqrt(size.count) * size.rms for size in sizes)) / sqrt(max(total, 1))
    return Size(
        count=total,
        bad=sum(size.bad for size in sizes),
        least=min(size.least for size in sizes),
        greatest=max(size.greatest for size in sizes),
        rms=rms,
    )
