"""Layers whose output nobody needs: a warning, since they are left out of every kernel."""

from __future__ import annotations

from singalang_compiler.codes.e0306_unreachable import Unreachable
from singalang_compiler.graph import Node
from singalang_compiler.job import Job, Net
from singalang_compiler.library.kinds import Configured
from singalang_grammar.diagnostics import Diagnostic


def find_unreachable(net: Net, job: Job) -> list[Diagnostic]:
    """A warning for each layer at the end of a branch that leads to no loss, metric, sink or `when` output.

    Nets without a loss are left alone: their algorithm may teach every layer.
    """
    nodes = net.graph.in_order
    ends = [node.name for node in nodes if _is_end(node)]
    if not any(_has_constant(node, "is_loss") for node in nodes):
        return []
    drawn = [sample.draw for sample in job.samples if sample.net == net.name]
    needed = net.graph.ancestors([*ends, *drawn, *_shared(net, job)])
    lost = [node for node in nodes if node.name not in needed and not net.graph.consumers(node.name)]
    return [Unreachable(node.name, node.span).diagnostic() for node in lost]


def _is_end(node: Node) -> bool:
    if "train" not in node.phases:
        return True
    operation = node.operation
    return isinstance(operation, Configured) and (operation.kind.family != "layers" or _has_constant(node, "is_loss"))


def _has_constant(node: Node, name: str) -> bool:
    return isinstance(node.operation, Configured) and bool(node.operation.kind.constants.get(name))


def _shared(net: Net, job: Job) -> list[str]:
    """Layers of this net whose parameters another net uses."""
    settings = (
        setting.shared
        for other in job.nets.values()
        if other.name != net.name
        for node in other.graph.in_order
        for setting in node.parameters.values()
    )
    return [shared.layer for shared in settings if shared and shared.net == net.name and shared.layer in net.graph]
