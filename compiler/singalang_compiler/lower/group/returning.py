"""Which gradients the backward pass of a piece is given, and which it gives: names alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from singalang_compiler.lower.group.holding import Held
from singalang_compiler.partition.cut_net import CutNet, Piece, View
from singalang_compiler.place.programs import backward_order
from singalang_compiler.place.rings import gradient_of, source_view


@dataclass(frozen=True)
class Returning:
    """The names of a backward pass. `incoming`: for each view that it waits for the arrays whose sum is its gradient. `added`: of
    what it gives that to which it adds, because it is there already. `buffers`: of parameters that it gives gradients of."""

    incoming: Mapping[View, tuple[str, ...]]
    buffers: tuple[str, ...]
    added: frozenset[str]


def returning(net: CutNet, piece: Piece, held: Held) -> Returning:
    """The names of the backward pass of a piece of the phase `train`."""
    stage, order = net.of_stage(piece.stage), backward_order(net, piece.stage)
    earlier = order[: order.index(piece.level)]
    before = [one for one in stage if one.level in earlier]
    done = {gradient_of(view) for one in before for view in one.returns}
    done |= {gradient_of_buffer(buffer) for one in before for buffer in learned_buffers(net, one, held)}
    if _adds_up(net):
        done |= {gradient_of_buffer(buffer) for buffer in held.learning}
    return Returning(
        {view: _incoming(net, view, stage) for view in piece.learned}, learned_buffers(net, piece, held), frozenset(done)
    )


def learned_buffers(net: CutNet, piece: Piece, held: Held) -> tuple[str, ...]:
    """The parameter buffers of which the backward pass of a piece gives gradients."""
    names = learned_parameters(net, piece, held)
    return tuple(one.name for one in held.parameters if any(segment.name in names for segment in one.segments))


def unreached_buffers(net: CutNet, piece: Piece, held: Held) -> tuple[str, ...]:
    """The parameter buffers that learn and to which no gradient of the stage comes: the forward pass of its last piece says that
    it is 0, unless gradients begin with 0 anyway."""
    stage = net.of_stage(piece.stage)
    if piece is not stage[-1] or _adds_up(net):
        return ()
    reached = {buffer for one in stage if one.backward != "none" for buffer in learned_buffers(net, one, held)}
    return tuple(buffer for buffer in held.learning if buffer not in reached)


def learned_parameters(net: CutNet, piece: Piece, held: Held) -> frozenset[str]:
    """The parameters of which the backward pass of a piece gives gradients."""
    names = set(piece.nodes)
    nodes = (node for node in net.nodes if node.name in names and node.learns)
    return frozenset(link.name for node in nodes for link in node.shaped.parameters.values()) & held.trained


def gradient_of_buffer(buffer: str) -> str:
    """The array with the gradient of a parameter buffer."""
    return "gradients/" + buffer.removeprefix("parameters/")


def _adds_up(net: CutNet) -> bool:
    """Whether gradients are cleared, and micro-batches add theirs."""
    return net.micro_batches > 1 and not net.shards


def _incoming(net: CutNet, view: View, stage: tuple[Piece, ...]) -> tuple[str, ...]:
    own = (gradient_of(view),) if any(view in piece.returns for piece in stage) else ()
    back = (one for one in net.connections if one.returns and one.source_stage == stage[0].stage)
    return (*own, *(gradient_of(view, one.name) for one in back if source_view(one) == view))
