"""Topology sections: presets filled in, groups, synchrony, and where each layer's work is done."""

from __future__ import annotations

from typing import Any

from msgspec import structs

from singalang_compiler.codes.e0501_uneven_batch import UnevenBatch
from singalang_compiler.codes.e0502_stage_count import StageCount
from singalang_compiler.codes.e0504_preset_conflict import PresetConflict
from singalang_compiler.codes.e0505_batch_list import BatchList
from singalang_compiler.codes.e0506_sync_conflict import SyncConflict
from singalang_compiler.job import Placing, Sync, Topology
from singalang_compiler.library.kinds import Configured
from singalang_compiler.resolve.definitions import Part, SectionDefinition
from singalang_compiler.resolve.fields import Fields, Wanted, read_fields, read_rule
from singalang_compiler.resolve.rules import report_missed, warn_automatic
from singalang_compiler.resolve.scopes import Place
from singalang_compiler.resolve.selection import LayerNames
from singalang_compiler.resolve.training import selected
from singalang_compiler.resolve.world import World
from singalang_compiler.sections.presets import PRESETS, Preset
from singalang_compiler.sections.schema import schema
from singalang_grammar.source import Span
from singalang_grammar.tree import GlobSelector, Ident, KindSelector, NameSelector, On, Path, RangeSelector, Selector

SINGLE = Topology(name="single")
"""What a program without a topology has: one worker."""


def read_topology(section: SectionDefinition, world: World) -> Topology | None:
    """A topology section with its preset filled in; None where something in it is wrong."""
    found = read_fields(section.parts, Wanted("topology", schema("topology").fields, rules=True), section.span, world.session)
    sync = _sync_fields(found, world)
    placing = _placing(found, world)
    if not found.whole or (sync and not sync.whole) or section.name is None:
        return None
    values = found.values
    preset = _preset(values["preset"])
    groups, workers = _groups(values["workers"], preset, 1, 1)
    server_groups, servers = _groups(values["servers"], preset, *_servers(preset, groups, workers))
    fixed = preset.fields if preset else {}
    separate = values["separate"] if values["separate"] is not None else bool(fixed.get("separate", False))
    link = values["link"]
    topology = Topology(
        name=section.name.text,
        preset=_preset_name(values["preset"]),
        worker_groups=groups,
        workers_per_group=workers,
        server_groups=server_groups,
        servers_per_group=servers,
        separate=separate,
        partition=values["partition"],
        link_bits_per_s=link[0] if isinstance(link, tuple) else link,
        link_latency_s=link[1] if isinstance(link, tuple) else None,
        memory_bytes=values["memory"],
        micro_batches=values["micro_batches"],
        remat=values["remat"],
        restarts=values["restarts"],
        heartbeat_s=values["heartbeat"],
        warmup_steps=values["warmup_steps"],
        sync=_sync(sync, preset),
        placing=placing,
        places={name: bind.span for one in (found, sync) if one for name, bind in one.binds.items()},
        span=section.span,
    )
    _check_preset(topology, preset, found, sync, world)
    _check_stages(topology, found, section, world)
    _check_sync(topology, sync, section, world)
    _check_batches(topology, found, section, world)
    return topology


def _preset(value: Any) -> Preset | None:
    name = value.name if isinstance(value, Configured) else value
    return PRESETS[name] if name else None


def _preset_name(value: Any) -> str | None:
    if isinstance(value, Configured):
        return value.name if value.attributes["locks"] else f"{value.name}(locks = false)"
    return value  # type: ignore[no-any-return]


def _groups(value: Any, preset: Preset | None, count: int, size: int) -> tuple[int, int]:
    return (value.attributes["count"], value.attributes["size"]) if isinstance(value, Configured) else (count, size)


def _servers(preset: Preset | None, groups: int, workers: int) -> tuple[int, int]:
    """Server groups and their size where the section says nothing."""
    if preset is None or preset.servers == "one":
        return 1, 1
    return (1, workers) if preset.servers == "in_workers" else (groups, workers)


def _sync_fields(found: Fields, world: World) -> Fields | None:
    if not found.sections:
        return None
    parts = tuple(Part(item, file) for section, file in found.sections for item in section.body)
    return read_fields(parts, Wanted("sync", schema("sync").fields), found.sections[0][0].head, world.session)


def _sync(written: Fields | None, preset: Preset | None) -> Sync:
    """The preset's synchrony, with what the section says over it."""
    said: dict[str, Any] = dict(preset.sync) if preset else {}
    if preset and preset.outer:
        said["outer"] = preset.outer_form()
    if written:
        said |= {name: written.values[name] for name in written.spans}
    if "deadline" in said:
        said["deadline_s"] = said.pop("deadline")
    return Sync(**said)


def _placing(found: Fields, world: World) -> dict[tuple[str, str], Placing]:
    """What the rules say of each layer, later rules over earlier ones."""
    placing: dict[tuple[str, str], Placing] = {}
    for on, place in found.rules:
        said = dict(read_rule(on, place, schema("topology").rules or (), "topology"))
        if "device" in said and said["device"] is not None:
            said["device"] = str(said["device"])
        said |= {f"{name}_span": _span_of(name, on) for name in ("partition", "stage") if said.get(name) is not None}
        for selector in on.selectors:
            if "partition" in said:
                said["named"] = not (isinstance(selector, KindSelector) and selector.kind is None)
            for key in _selected(selector, place, world):
                placing[key] = structs.replace(placing.get(key, Placing()), **said)
    return dict(sorted(placing.items()))


def _span_of(name: str, on: On) -> Span:
    found = [item.value.span for item in on.body if getattr(getattr(item, "name", None), "text", None) == name]  # type: ignore[union-attr]
    return found[-1] if found else on.span


def _selected(selector: Selector, place: Place, world: World) -> list[tuple[str, str]]:
    """(net, layer) of all layers that a selector means, in any net."""
    found = []
    for net in world.nets.values():
        for one in (selector, _within(selector, net.name)):
            if one is not None:
                found += [(net.name, name) for name in selected(one, net)]
                warn_automatic(one, place, net.automatic)
    if not found and world.nets:
        layers: dict[str, LayerNames] = {}
        for net in world.nets.values():
            layers |= net.layers
        poisoned = world.nets_lost or any(net.poisoned for net in world.nets.values())
        report_missed(selector, place, layers, poisoned)
    return list(dict.fromkeys(found))


def _within(selector: Selector, net: str) -> Selector | None:
    """A selector that begins with a net's name, without it."""
    match selector:
        case NameSelector(path=path, span=span):
            inner = _without(path, net)
            return NameSelector(inner, span) if inner else None
        case RangeSelector(first=first, last=last, span=span):
            start, end = _without(first, net), _without(last, net)
            return RangeSelector(start, end, span) if start and end else None
        case GlobSelector() | KindSelector():
            return None


def _without(path: Path, net: str) -> Path | None:
    parts: tuple[Ident, ...] = path.parts
    return Path(parts[1:], path.span) if len(parts) > 1 and parts[0].text == net else None


def _check_preset(topology: Topology, preset: Preset | None, found: Fields, sync: Fields | None, world: World) -> None:
    if preset is None:
        return
    where, name = found.spans["preset"], preset.name
    spans = {**(sync.spans if sync else {}), **found.spans}
    for field, reason, hint in preset.conflicts(topology):
        world.session.report(PresetConflict(name, reason, spans.get(field, where), where, hint))


def _check_stages(topology: Topology, found: Fields, section: SectionDefinition, world: World) -> None:
    where = found.spans.get("workers", section.span)
    for placing in topology.placing.values():
        if placing.stage is not None and placing.stage >= topology.workers_per_group and placing.stage_span is not None:
            world.session.report(StageCount(placing.stage, topology.workers_per_group, placing.stage_span, where))


def _check_sync(topology: Topology, written: Fields | None, section: SectionDefinition, world: World) -> None:
    sync, spans = topology.sync, written.spans if written else {}

    def complain(field: str, title: str, reason: str, hint: str) -> None:
        if field in spans:
            world.session.report(SyncConflict(title, reason, spans[field], hint))

    if sync.quorum is not None and sync.quorum > topology.worker_groups:
        groups = f"there are {topology.worker_groups} worker groups"
        complain("quorum", "no exchange would ever happen", groups, f"use `quorum` of at most {topology.worker_groups}")
    if sync.overlap > sync.every:
        reason = f"exchanges are {sync.every} step{'' if sync.every == 1 else 's'} apart"
        complain("overlap", "an exchange would overlap the next", reason, "use an `overlap` of at most `every`")
    if sync.fragments > sync.every:
        reason = f"exchanges are {sync.every} step{'' if sync.every == 1 else 's'} apart"
        complain("fragments", "there are more fragments than steps to send them in", reason, "raise `every`")
    if sync.shards != 1 and not sync.exact:
        complain("shards", "`shards` has no meaning here", "it is for `exact = true`", "write `exact = true` beside it")
    if sync.exact:
        _check_exact(topology, complain)


def _check_exact(topology: Topology, complain: Any) -> None:
    sync = topology.sync
    if sync.staleness != 0 or topology.worker_groups != 1:
        reason = "groups that do not wait for one another change the result"
        complain("exact", "`exact` is for one synchronous group", reason, "use one worker group and `staleness = 0`")
    elif topology.partition != "batch" or any(one.partition not in (None, "batch") for one in topology.placing.values()):
        complain("exact", "`exact` is for batch partition alone", "a layer is cut otherwise", "use `partition = batch`")
    elif any(one.stage is not None for one in topology.placing.values()):
        complain("exact", "`exact` is for batch partition alone", "a layer is given a stage", "leave the stages out")
    elif topology.micro_batches != 1:
        reason = f"`micro_batches = {topology.micro_batches}` divides the batch too"
        complain("exact", "`exact` divides the batch into shards", reason, "leave `micro_batches` out; `shards` do the same")
    elif sync.shards % topology.workers_per_group:
        reason = (
            f"{sync.shards} shard{'' if sync.shards == 1 else 's'} cannot be divided among {topology.workers_per_group} workers"
        )
        field = "shards" if sync.shards != 1 else "exact"
        complain(field, "shards do not fit the workers", reason, "use a number of shards that is a multiple of the workers")


def _check_batches(topology: Topology, found: Fields, section: SectionDefinition, world: World) -> None:
    """The training batch of every net can be divided among the workers of a group."""
    workers = topology.workers_per_group
    stages = any(one.stage is not None for one in topology.placing.values())
    if workers == 1 or stages or topology.partition in ("none", "auto"):
        return
    span = found.binds["workers"].span if "workers" in found.binds else section.span
    partition = found.binds["partition"].span if "partition" in found.binds else None
    for net in world.nets.values():
        if not _is_cut_by_batch(topology, net.name, list(net.layers)):
            continue
        for owner in world.data_of(net):
            use = owner.data.sources.get("train")
            if use is None:
                continue
            if isinstance(use.batch, tuple):
                if len(use.batch) != workers:
                    world.session.report(BatchList(len(use.batch), workers, span, use.span))
            elif use.batch % workers:
                world.session.report(UnevenBatch(use.batch, workers, owner.name, span, use.span, partition))


def _is_cut_by_batch(topology: Topology, net: str, layers: list[str]) -> bool:
    """Whether any layer of a net is split along the batch."""
    default = topology.partition
    return any((topology.placing.get((net, name), Placing()).partition or default) == "batch" for name in layers)
