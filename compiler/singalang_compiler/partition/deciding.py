"""Which of the cuts offered each layer gets, with the reason: where more than one is allowed the cost model chooses."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from singalang_compiler.graph import FieldInput
from singalang_compiler.job import Topology, Train
from singalang_compiler.library.tensors import Shape
from singalang_compiler.machine import Machine
from singalang_compiler.partition.choose import choose
from singalang_compiler.partition.costing import Candidate, Setting, group_of, problem_of
from singalang_compiler.partition.cut_net import Cut, CutDecision
from singalang_compiler.partition.offers import Offer
from singalang_compiler.partition.shares import Shares
from singalang_compiler.partition.stages import Stages
from singalang_compiler.shaped import ShapedNode


@dataclass(frozen=True, slots=True)
class Decided:
    """The cut of each layer, and why."""

    cuts: Mapping[str, Cut]
    decisions: tuple[CutDecision, ...]


def setting_of(
    train: Train,
    topology: Topology,
    machine: Machine,
    shares: Shares,
    stages: Stages,
    shapes: Mapping[str, Shape],
    trained: frozenset[str],
) -> Setting:
    """What the costs of a section's layers depend on."""
    updater = train.updater.updater.instance()
    group = group_of(
        topology,
        machine,
        rows=shares.rows,
        stages=stages.count,
        micro_batches=shares.micro_batches,
        element_bytes=8 if train.precision == "f64" else 4,
    )
    return Setting(
        machine=machine,
        group=group,
        one_machine=topology.link_bits_per_s is None,
        shapes=shapes,
        trained=trained,
        slots=len(updater.slot_names()) if updater is not None else 0,
    )


def decide_cuts(
    nodes: Iterable[ShapedNode],
    offers: Mapping[str, Offer],
    stages: Stages,
    learns: Collection[str],
    remat: Collection[str],
    setting: Setting,
) -> Decided:
    """The cuts of the phase `train`: of those that are allowed the ones that together are cheapest.

    `learns` are the nodes through whose value a gradient flows, `remat` those that are computed again in the backward pass.
    """
    candidates = [
        Candidate(
            node=node,
            stage=stages.of[name],
            cuts=offers[name].possible,
            allowed=offers[name].allowed,
            learns=name in learns,
            remat=name in remat,
            impossible=offers[name].impossible,
        )
        for node in nodes
        if not isinstance(node.node.operation, FieldInput) and (name := node.node.name)
    ]
    choice = choose(problem_of(setting, candidates))
    decisions = tuple(
        CutDecision(
            layer=one.layer,
            cut=one.cut.label,
            stage=stages.of[one.layer],
            stage_reason=stages.reasons[one.layer],
            reason=offers[one.layer].reason or choice.reason,
            step_s=choice.step_s,
            rejected=one.rejected,
        )
        for one in choice.layers
    )
    return Decided(choice.cuts, decisions)


def follow_cuts(offers: Mapping[str, Offer], stages: Stages) -> Decided:
    """The cuts of layers that training does not have, which costs no step anything: by batch where the choice is free."""
    cuts = {name: min(offer.allowed, key=lambda cut: cut.name != "batch") for name, offer in offers.items()}
    decisions = tuple(
        CutDecision(
            layer=name,
            cut=cut.label,
            stage=stages.of[name],
            stage_reason=stages.reasons[name],
            reason=offers[name].reason or "cheapest-found",
            step_s=0.0,
            rejected=offers[name].impossible,
        )
        for name, cut in cuts.items()
    )
    return Decided(cuts, decisions)
