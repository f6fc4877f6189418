"""What `singac` prints after compiling: the net layer by layer, and what the plan predicts."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from singalang_compiler.plan import LayerRecord, Plan, SectionRecord


def print_summary(plan: Plan, path: Path) -> None:
    """Prints a table for each train section, then the plan's estimate."""
    console = Console(highlight=False)
    sizes = {parameter.name: _size(parameter.shape) for parameter in plan.parameters}
    for section in plan.sections:
        console.print(_table(section, sizes))
        dispatch = section.dispatch
        many = f"{dispatch.mode} of {dispatch.count} steps" if dispatch.mode != "loop" else "one step at a time"
        console.print(f"dispatch: {many} ({escape(dispatch.reason)})")
    console.print(_estimate(plan))
    console.print(
        f"wrote {escape(str(path))} and {len(plan.kernels)} kernels; run it: singa exec {escape(str(path))}", soft_wrap=True
    )


def _table(section: SectionRecord, sizes: dict[str, int]) -> Table:
    title = f"net {section.net}" + (f", train {section.name}" if section.name != "train" else "")
    table = Table(title=escape(title), title_justify="left", title_style="bold")
    for name, side in (("layer", "left"), ("kind", "left"), ("shape", "left"), ("parameters", "right"), ("flops/record", "right")):
        table.add_column(name, justify=side)  # type: ignore[arg-type]
    counted: set[str] = set()
    for layer in section.layers:
        if "train" in layer.phases or not layer.phases:
            table.add_row(*_row(layer, sizes, counted))
    table.add_section()
    flops = sum(layer.forward_flops + layer.backward_flops for layer in section.layers if "train" in layer.phases)
    table.add_row("total", "", "", f"{sum(sizes[name] for name in counted):,}", _short(flops))
    return table


def _row(layer: LayerRecord, sizes: dict[str, int], counted: set[str]) -> tuple[str, ...]:
    own = [name for name in layer.parameters if name not in counted]
    counted.update(own)
    count = f"{sum(sizes[name] for name in own):,}" if own else ("shared" if layer.parameters else "")
    flops = layer.forward_flops + layer.backward_flops
    return escape(layer.name), layer.kind, escape(str(list(layer.shape))), count, _short(flops) if flops else ""


def _estimate(plan: Plan) -> str:
    estimate = plan.estimate
    memory = sum(estimate.memory_bytes.values())
    parts = [
        f"predicted on machine `{plan.machine}`: {seconds(estimate.step_s)} a step",
        f"{seconds(estimate.total_s)} in all" if estimate.total_s is not None else "",
        f"{bytes_(memory)} of memory",
    ]
    return ", ".join(part for part in parts if part)


def _size(shape: tuple[int, ...]) -> int:
    size = 1
    for length in shape:
        size *= length
    return size


def _short(count: float) -> str:
    """A count with a letter for thousands, millions, ..."""
    for letter in ("", "k", "M", "G", "T"):
        if count < 1000:
            return f"{count:.3g}{letter}"
        count /= 1000
    return f"{count:.3g}P"


def seconds(time_s: float) -> str:
    """A time as people say it."""
    if time_s >= 120:
        return f"{time_s / 60:.3g} min"
    if time_s >= 1:
        return f"{time_s:.3g} s"
    return f"{time_s * 1e3:.3g} ms" if time_s >= 1e-3 else f"{time_s * 1e6:.3g} us"


def bytes_(count: float) -> str:
    """A number of bytes as people say it."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024:
            return f"{count:.3g} {unit}"
        count /= 1024
    return f"{count:.3g} TiB"
