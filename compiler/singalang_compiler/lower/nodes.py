"""Questions that several parts of lowering ask of a node."""

from __future__ import annotations

from typing import Any

from singalang_compiler.library.kinds import Configured
from singalang_compiler.shaped import ShapedNode


def configured(node: ShapedNode) -> Configured:
    """The kind of a node that is a layer, a metric or a sink."""
    operation = node.node.operation
    assert isinstance(operation, Configured), f"{node.node.name} has no kind"
    return operation


def constant(node: ShapedNode, name: str) -> Any:
    """What a node's kind says of itself; None for a field, and where its family knows no such constant."""
    operation = node.node.operation
    return operation.kind.constants.get(name) if isinstance(operation, Configured) else None


def is_loss(node: ShapedNode) -> bool:
    """Whether a node is a loss layer."""
    return bool(constant(node, "is_loss"))


def is_metric(node: ShapedNode) -> bool:
    """Whether a node is a metric kind, written in the net."""
    operation = node.node.operation
    return isinstance(operation, Configured) and operation.kind.family == "metrics"
