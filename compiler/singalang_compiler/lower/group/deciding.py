"""What was decided for a group, with reasons and what was rejected, as the plan has it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from singalang_compiler.lower.section import Section
from singalang_compiler.partition.cut_net import CutDecision, StoredParameter
from singalang_compiler.place.placed import PlacedSection
from singalang_compiler.plan import Decision, Reason, RejectedRecord


def group_decisions(section: Section, placed: PlacedSection) -> tuple[Decision, ...]:
    """How each layer is cut, in which stage it is where there are several, how each parameter is kept, and the servers."""
    cut = placed.cut
    stages = cut.nets["train"].stages
    servers = Decision(about=f"{section.name}.servers", chosen=str(len(placed.servers)), reason=cast(Reason, placed.server_reason))
    layers = (decision for one in cut.decisions for decision in _of_layer(section.name, one, stages))
    return (*layers, *(_stored(section.name, one) for one in cut.stored), servers)


def _of_layer(section: str, one: CutDecision, stages: int) -> Iterator[Decision]:
    yield Decision(
        about=f"{section}.{one.layer}.partition",
        chosen=one.cut,
        reason=one.reason,
        step_s=one.step_s,
        rejected=tuple(RejectedRecord(choice=other.cut, step_s=other.step_s, why=other.why) for other in one.rejected),
    )
    if stages > 1:
        yield Decision(about=f"{section}.{one.layer}.stage", chosen=str(one.stage), reason=one.stage_reason)


def _stored(section: str, one: StoredParameter) -> Decision:
    chosen = "whole" if one.axis is None else f"cut along axis {one.axis}"
    return Decision(about=f"{section}.{one.name}.stored", chosen=chosen, reason=one.reason)
