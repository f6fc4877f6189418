"""Which gradients the backward passes of a stage's pieces are given, and which they give: names alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from singalang_compiler.lower.group.holding import Held
from singalang_compiler.partition.cut_net import CutNet, Piece, View
from singalang_compiler.place.programs import backward_order
from singalang_compiler.place.rings import gradient_of, source_view


@dataclass(frozen=True)
class Returning:
    """The names of a piece's backward pass.

    `incoming`: for each view that it waits for the arrays whose sum is its gradient. `parameters` are those of which it gives
    gradients, `buffers` those that hold them. `added`: of what it gives that to which it adds, because it is there already.
    `unreached`: buffers that learn and to which no gradient comes; the forward pass says that it is 0.
    """

    incoming: Mapping[View, tuple[str, ...]]
    parameters: frozenset[str] = frozenset()
    buffers: tuple[str, ...] = ()
    added: frozenset[str] = frozenset()
    unreached: tuple[str, ...] = ()


def returning(net: CutNet, stage: int, held: Held) -> dict[int, Returning]:
    """By level, for the pieces of a stage in the phase `train`. Whoever comes first writes a gradient, others add to it."""
    pieces = {piece.level: piece for piece in net.of_stage(stage)}
    adds_up = net.micro_batches > 1 and not net.shards  # then gradients begin with 0
    done = {gradient_of_buffer(buffer) for buffer in held.learning if adds_up}
    incoming = _incoming(net, stage, pieces.values())
    learned = _learned_parameters(net, pieces.values(), held)
    found = {level: Returning({}) for level in pieces}
    for level in backward_order(net, stage):
        piece, buffers = pieces[level], held.buffers_of(learned[level])
        gives = {*map(gradient_of, piece.returns), *map(gradient_of_buffer, buffers)}
        found[level] = Returning(
            incoming={view: incoming[view] for view in piece.learned},
            parameters=learned[level],
            buffers=buffers,
            added=frozenset(gives & done),
        )
        done |= gives
    last = max(pieces)
    unreached = tuple(buffer for buffer in held.learning if gradient_of_buffer(buffer) not in done)
    return found | {last: replace(found[last], unreached=unreached)}


def gradient_of_buffer(buffer: str) -> str:
    """The array with the gradient of a parameter buffer."""
    return "gradients/" + buffer.removeprefix("parameters/")


def _incoming(net: CutNet, stage: int, pieces: Iterable[Piece]) -> dict[View, tuple[str, ...]]:
    """For each view the gradients that come to it: of the stage's own pieces together, and of each connection."""
    found: dict[View, tuple[str, ...]] = {view: (gradient_of(view),) for piece in pieces for view in piece.returns}
    for one in net.connections:
        if one.returns and one.source_stage == stage:
            view = source_view(one)
            found[view] = (*found.get(view, ()), gradient_of(view, one.name))
    return found


def _learned_parameters(net: CutNet, pieces: Iterable[Piece], held: Held) -> dict[int, frozenset[str]]:
    """By level the parameters that learn through the nodes of a piece."""
    nodes = {node.name: node for node in net.nodes}
    return {
        piece.level: frozenset(
            link.name for name in piece.nodes if nodes[name].learns for link in nodes[name].shaped.parameters.values()
        )
        & held.trained
        for piece in pieces
    }
