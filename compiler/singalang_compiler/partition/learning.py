"""Which parameters of a train section learn, and through which nodes gradients flow to them. Holds no array and knows no cut."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec import structs

from singalang_compiler.graph import FieldInput
from singalang_compiler.job import Train
from singalang_compiler.library.kinds import Configured
from singalang_compiler.shaped import ParameterUse, ShapedJob, ShapedNet, ShapedNode


def every_node(net: ShapedNet) -> tuple[ShapedNode, ...]:
    """The nodes of a net in all its phases, each once, in the order in which they first stand."""
    found: dict[str, ShapedNode] = {}
    for nodes in net.phases.values():
        for node in nodes:
            found.setdefault(node.node.name, node)
    return tuple(found.values())


def scaled_uses(shaped: ShapedJob, train: Train) -> dict[str, ParameterUse]:
    """The parameters of a section's net, with what its `on` rules say of their owners' learning multiplied in."""
    prefix = prefix_of(shaped, train)
    linked = {link.name for node in every_node(shaped.nets[train.net]) for link in node.parameters.values()}
    uses: dict[str, ParameterUse] = {}
    for name, use in shaped.parameters.items():
        if name in linked:
            layer = name.removeprefix(prefix).rpartition(".")[0]
            scales = train.scales.get(layer) if name.startswith(prefix) else None
            uses[name] = use
            if scales is not None:
                lr_scale = use.lr_scale * (1.0 if scales.lr_scale is None else scales.lr_scale)
                wd_scale = use.wd_scale * (1.0 if scales.wd_scale is None else scales.wd_scale)
                uses[name] = structs.replace(use, lr_scale=lr_scale, wd_scale=wd_scale)
    return uses


def prefix_of(shaped: ShapedJob, train: Train) -> str:
    """What stands before layers' names in the names of parameters: the net's, where the job has several."""
    return f"{train.net}." if len(shaped.nets) > 1 else ""


def learning_parameters(uses: Mapping[str, ParameterUse], nodes: Iterable[ShapedNode]) -> frozenset[str]:
    """The parameters of the nodes of the phase `train` that an updater changes: all but those whose rate is scaled to 0."""
    linked = {link.name for node in nodes for link in node.parameters.values()}
    return frozenset(name for name in linked if uses[name].lr_scale != 0)


def learning_nodes(nodes: Sequence[ShapedNode], losses: Iterable[str], learning: frozenset[str]) -> frozenset[str]:
    """The nodes through whose output a gradient flows from the objective to something that learns at them or before them.

    `nodes` stand after their inputs. Whole numbers, fields, metrics and sinks have no gradient.
    """
    before: set[str] = set()
    for node in nodes:
        own = any(link.name in learning for link in node.parameters.values())
        if _has_gradient(node) and (own or any(source in before for source in node.node.inputs)):
            before.add(node.node.name)
    reaching = set(losses)
    for node in reversed(nodes):
        if node.node.name in reaching and _has_gradient(node):
            reaching.update(node.node.inputs)
    return frozenset(before & reaching)


def _has_gradient(node: ShapedNode) -> bool:
    operation = node.node.operation
    if isinstance(operation, FieldInput) or node.spec is None or node.spec.dtype != "float":
        return False
    return isinstance(operation, Configured) and operation.kind.family == "layers"
