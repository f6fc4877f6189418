"""What `singac` prints after compiling: the net layer by layer, and what the plan predicts."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from singalang.words import bytes_, seconds, short
from singalang_compiler.plan import DataRecord, FieldRecord, LayerRecord, Plan, SectionRecord
from singalang_compiler.plan_group import GroupRecord


def print_summary(plan: Plan, path: Path) -> None:
    """Prints a table for each train section, then the plan's estimate."""
    console = Console(highlight=False)
    sizes = {parameter.name: prod(parameter.shape) for parameter in plan.parameters}
    data = {record.name: record for record in plan.data}
    notes = Table.grid(padding=(0, 2))
    for section in plan.sections:
        console.print(_table(section, [data[name] for name in section.data], sizes, _cuts(plan, section)))
        console.print()
        if section.group is not None:
            name = "workers" if len(plan.sections) == 1 else f"workers of {section.name}"
            notes.add_row(name, escape(_group(section.group)))
        name = "dispatch" if len(plan.sections) == 1 else f"dispatch of {section.name}"
        notes.add_row(name, escape(f"{_steps(section.dispatch.count)} a call: {section.dispatch.reason}"))
    for text in plan.approximations:
        notes.add_row("approximate", escape(text))
    notes.add_row("predicted", escape(_estimate(plan)))
    console.print(notes)
    written = escape(str(path))
    console.print(f"wrote {written} and {len(plan.kernels)} kernels; run it: singa exec {written}", soft_wrap=True)


def _cuts(plan: Plan, section: SectionRecord) -> dict[str, str]:
    """How each layer is cut among the workers, and its stage where there are several; empty where one worker does all."""
    if section.group is None:
        return {}
    chosen = {decision.about: decision.chosen for decision in plan.decisions}
    cuts = {}
    for layer in section.layers:
        cut = chosen.get(f"{section.name}.{layer.name}.partition")
        stage = chosen.get(f"{section.name}.{layer.name}.stage")
        if cut is not None:
            cuts[layer.name] = cut if stage is None else f"{cut}, stage {stage}"
    return cuts


def _group(group: GroupRecord) -> str:
    """The workers and servers of a group, and what they move."""
    servers = "a server" if len(group.servers) == 1 else f"{len(group.servers)} servers"
    inside = "inside it" if group.workers == 1 else "inside them"
    where = inside if all(one.process.startswith("worker-") for one in group.servers) else "apart"
    stages = f" in {group.stages} stages" if group.stages > 1 else ""
    micro = f", {group.micro_batches} micro-batches" if group.micro_batches > 1 and not group.shards else ""
    shards = f", exact sums of {group.shards} shards" if group.shards else ""
    moved = bytes_(sum(link.step_bytes for link in group.links))
    workers = "1" if group.workers == 1 else f"{group.workers}{stages}"
    return f"{workers}, {servers} {where}{micro}{shards}; {moved} between processes in a step"


def _table(section: SectionRecord, data: list[DataRecord], sizes: Mapping[str, int], cuts: Mapping[str, str]) -> Table:
    title = f"net {section.net}" + (f", train {section.name}" if section.name != "train" else "")
    table = Table(title=escape(title), title_justify="left", title_style="bold", box=None, pad_edge=False)
    for name in ("layer", "kind", "shape", *(["cut"] if cuts else [])):
        table.add_column(name, overflow="fold")
    blank = [""] if cuts else []
    for name in ("parameters", "flops/record"):
        table.add_column(name, justify="right")
    for record in data:
        for field in record.fields:
            table.add_row(escape(f"{record.name}.{field.name}"), "data", escape(_declared(field)), *blank)
    counted: set[str] = set()
    trained = [layer for layer in section.layers if "train" in layer.phases or not layer.phases]
    for layer in trained:
        name, kind, shape, *rest = _row(layer, sizes, counted)
        table.add_row(name, kind, shape, *([cuts.get(layer.name, "")] if cuts else []), *rest)
    flops = sum(layer.forward_flops + layer.backward_flops for layer in trained)
    table.add_row("total", "", "", *blank, f"{sum(sizes[name] for name in counted):,}", short(flops), style="bold")
    return table


def _declared(field: FieldRecord) -> str:
    """The shape of a field, or its classes."""
    shape = str(list(field.shape)) if field.shape or not field.classes else ""
    return (f"class({field.classes})" if field.classes else "") + shape


def _row(layer: LayerRecord, sizes: Mapping[str, int], counted: set[str]) -> tuple[str, ...]:
    own = [name for name in layer.parameters if name not in counted]
    counted.update(own)
    count = f"{sum(sizes[name] for name in own):,}" if own else ("shared" if layer.parameters else "")
    flops = layer.forward_flops + layer.backward_flops
    return escape(layer.name), layer.kind, escape(str(list(layer.shape))), count, short(flops) if flops else ""


def _steps(count: int) -> str:
    return "1 step" if count == 1 else f"{count} steps"


def _estimate(plan: Plan) -> str:
    estimate = plan.estimate
    parts = [
        f"{seconds(estimate.step_s)} a step",
        f"{seconds(estimate.total_s)} in all" if estimate.total_s is not None else "",
        f"{bytes_(_memory(plan))} of memory" + (f" in {len(plan.processes)} processes" if len(plan.processes) > 1 else ""),
    ]
    return ", ".join(part for part in parts if part) + f" (machine: {plan.machine})"


def _memory(plan: Plan) -> int:
    """Bytes of all processes together, in the section that needs most."""
    groups = [section.group.memory for section in plan.sections if section.group is not None]
    return max(sum(plan.estimate.memory_bytes.values()), *(sum(one.total * one.count for one in memory) for memory in groups), 0)
