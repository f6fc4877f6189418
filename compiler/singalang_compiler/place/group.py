"""One train section that a group of workers and servers does together: roles with their programs, slices, and what moves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import prod

from singalang_compiler.codes.e0540_updater_not_sliceable import UpdaterNotSliceable
from singalang_compiler.job import Topology, Train
from singalang_compiler.machine import Machine
from singalang_compiler.partition.cut_net import CutNet, CutSection, StoredParameter
from singalang_compiler.partition.learning import learning_parameters, scaled_uses
from singalang_compiler.place.links import links_of
from singalang_compiler.place.placed import PlacedSection, WorkerRole
from singalang_compiler.place.processes import homes_of, servers_inside
from singalang_compiler.place.programs import evaluation_program, server_program, step_program
from singalang_compiler.place.slices import Crew, Item, Slices, slices_of
from singalang_compiler.plan_group import ServerRecord, StoredRecord
from singalang_compiler.shaped import ParameterUse, ShapedJob
from singalang_grammar.diagnostics import Diagnostic, Outcome


def place_group(shaped: ShapedJob, cut: CutSection, machine: Machine) -> Outcome[PlacedSection]:
    """Roles, servers, processes and links of a section whose nets are cut."""
    train, net = shaped.job.trains[cut.train], cut.nets["train"]
    uses = scaled_uses(shaped, train)
    learning = learning_parameters(uses, shaped.nets[train.net].phases["train"])
    sizes = {name: prod(use.shape) for name, use in uses.items()}
    learned = tuple(one for one in cut.stored if one.name in learning)
    crew = crew_of(cut.topology, net)
    sliced = slices_of([_item(one, sizes[one.name], net.workers) for one in learned], crew)
    homes = homes_of(cut.topology)
    stored = tuple(_stored(one, uses[one.name], sliced) for one in cut.stored)
    servers = _servers(sliced, homes)
    clips_norm = train.updater.clip_norm is not None
    placed = PlacedSection(
        cut=cut,
        roles=tuple(_roles(cut.nets, learned)),
        servers=servers,
        server_step=server_program(clips_norm),
        server_reason=sliced.reason,
        processes=homes,
        links=links_of(
            net,
            servers,
            {one.name: one for one in stored},
            clips_norm=clips_norm,
            element_bytes=8 if train.precision == "f64" else 4,
        ),
        stored=stored,
    )
    return Outcome(placed, tuple(_not_sliceable(train, cut.topology, learned)))


def crew_of(topology: Topology, net: CutNet) -> Crew:
    """The workers and servers of a group as slicing sees them."""
    return Crew(net.stages, net.workers, topology.servers_per_group, servers_inside(topology))


def _item(stored: StoredParameter, size: int, workers: int) -> Item:
    if stored.axis is None:
        return Item(stored.name, size, None, stored.stages)
    return Item(stored.name, size // workers, workers, stored.stages)


def _stored(stored: StoredParameter, use: ParameterUse, sliced: Slices) -> StoredRecord:
    return StoredRecord(
        name=stored.name,
        shape=use.shape,
        axis=stored.axis,
        stages=stored.stages,
        reason=stored.reason,
        at_home=sliced.at_home.get(stored.name, 0),
        lr_scale=use.lr_scale,
        wd_scale=use.wd_scale,
    )


def _servers(sliced: Slices, homes: Mapping[str, str]) -> tuple[ServerRecord, ...]:
    longest = max(sliced.sizes)
    return tuple(
        ServerRecord(name=f"server-{number}", process=homes[f"server-{number}"], segments=segments, size=longest)
        for number, segments in enumerate(sliced.segments)
    )


def _roles(nets: Mapping[str, CutNet], learned: tuple[StoredParameter, ...]) -> Iterator[WorkerRole]:
    """The workers of each stage, by their number of rows."""
    net = nets["train"]
    learning = {stage for one in learned for stage in one.stages}
    sizes = tuple(dict.fromkeys(net.rows))
    for stage in range(net.stages):
        step = step_program(net, stage, stage in learning)
        evaluate = {phase: evaluation_program(other, stage) for phase, other in nets.items() if phase != "train"}
        name = "worker" if net.stages == 1 else f"stage-{stage}"
        for rows in sizes:
            workers = tuple(stage * net.workers + position for position, own in enumerate(net.rows) if own == rows)
            yield WorkerRole(
                name=name if len(sizes) == 1 else f"{name}/rows-{rows}",
                stage=stage,
                workers=workers,
                rows=rows,
                step=step,
                evaluate=evaluate,
            )


def _not_sliceable(train: Train, topology: Topology, learned: tuple[StoredParameter, ...]) -> Iterator[Diagnostic]:
    """What is wrong where an updater needs whole parameters: with several servers, none needs to have one whole."""
    if train.updater.updater.kind.constants.get("elementwise", True):
        return
    in_pieces = next((one.name for one in learned if one.axis is not None), None)
    if in_pieces or (learned and topology.servers_per_group > 1):
        facts = UpdaterNotSliceable(
            train.updater.updater.name,
            in_pieces,
            topology.servers_per_group,
            train.updater.span,
            topology.places.get("servers", topology.span),
        )
        yield facts.diagnostic()
