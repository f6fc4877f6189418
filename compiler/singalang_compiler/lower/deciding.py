"""What was decided of a train section whoever does it: how steps are handed to the device, and what is computed again."""

from __future__ import annotations

from collections.abc import Iterator

from singalang_compiler.job import Placing, Topology
from singalang_compiler.lower.dispatch import Chosen
from singalang_compiler.lower.section import Section
from singalang_compiler.plan import Decision, Reason


def section_decisions(section: Section, chosen: Chosen, topology: Topology) -> Iterator[Decision]:
    """The dispatch, and each layer that the backward pass computes again instead of keeping what it needs."""
    dispatch = chosen.dispatch
    yield Decision(about=f"{section.name}.dispatch", chosen=f"{dispatch.mode} {dispatch.count}", reason=chosen.reason)
    for node in section.net.phases["train"]:
        if node.node.name in section.remat:
            said = topology.placing.get((section.train.net, node.node.name), Placing()).remat
            reason: Reason = "topology-default" if said is None else "written"
            yield Decision(about=f"{section.name}.{node.node.name}.remat", chosen="computed again", reason=reason)
