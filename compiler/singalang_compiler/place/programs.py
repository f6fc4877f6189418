"""What every role does in a step, in which order: the order of a stage's pieces, of its messages, and of its micro-batches.

Within a micro-batch the pieces of a stage run forward by level, and backward from the last level to the first; what a piece is the
first to need is received before it, and what it gives is sent after it. The gradient of a view that was received goes back
when the last piece that adds to it has run.

Over micro-batches: one forward, one backward (Narayanan et al., PipeDream, 2019; Memory-Efficient Pipeline-Parallel DNN Training,
2021). Of S stages, stage s goes S - 1 - s micro-batches ahead, then turns between the two. This is an order of a common clock, on
which stage s takes micro-batch m forward at 2 m + s and backward at 2 m + 2 S - 1 - s; everything needed was made earlier on it,
so that no role waits for ever, whatever the order in which messages arrive. With exact sums a gradient is that of one shard, so
there each micro-batch is finished before the next one begins.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from singalang_compiler.partition.cut_net import Connection, CutNet, Piece, View
from singalang_compiler.plan_group import (
    ClearStep,
    CollectStep,
    FeedStep,
    NormStep,
    PublishStep,
    PullStep,
    PushStep,
    ReceiveStep,
    RunStep,
    SendStep,
    ServerStep,
    WorkerStep,
)


@dataclass(frozen=True, slots=True)
class Turn:
    """A call with the messages before and after it; `back` stands for a gradient's: (connection, back)."""

    call: str
    receives: tuple[tuple[str, bool], ...]
    sends: tuple[tuple[str, bool], ...]

    def steps(self, micro: int) -> Iterator[WorkerStep]:
        """What it is for one micro-batch."""
        yield from (ReceiveStep(connection=name, micro=micro, back=back) for name, back in self.receives)
        yield RunStep(call=self.call, micro=micro)
        yield from (SendStep(connection=name, micro=micro, back=back) for name, back in self.sends)


def step_program(net: CutNet, stage: int, learns: bool) -> tuple[WorkerStep, ...]:
    """What a worker of a stage does in one training step. `learns`: it holds parameters that learn."""
    return tuple(_step(net, stage, learns))


def evaluation_program(net: CutNet, stage: int) -> tuple[WorkerStep, ...]:
    """What a worker of a stage does for one batch of a phase in which nothing is learned."""
    pieces = net.of_stage(stage)
    turns = [Turn(f"evaluate/{net.phase}/{piece.level}", _there(piece.receives), _there(piece.sends)) for piece in pieces]
    return tuple(_pass(_feeds(pieces), turns, 0))


def server_program(clips_norm: bool) -> tuple[ServerStep, ...]:
    """What a server does in one step."""
    norm = (RunStep(call="square_sum"), NormStep()) if clips_norm else ()
    return (CollectStep(), *norm, RunStep(call="update"), PublishStep())


def call_of(piece: Piece) -> str:
    """The call that is a piece's forward pass, or both its passes."""
    return f"{'step' if piece.backward == 'fused' else 'forward'}/{piece.level}"


def backward_order(net: CutNet, stage: int) -> tuple[int, ...]:
    """The levels of a stage in the order in which their gradients are computed in a micro-batch: the fused ones go with the forward
    pass, from the first to the last; the others follow, from the last to the first. Whoever is first writes a gradient, others add.
    """
    pieces = net.of_stage(stage)
    fused = tuple(piece.level for piece in pieces if piece.backward == "fused")
    return fused + tuple(piece.level for piece in reversed(pieces) if piece.backward == "apart")


def forward_ahead(net: CutNet, stage: int) -> int:
    """How many micro-batches a stage takes forward before the first one comes back."""
    return 0 if net.shards else min(net.micro_batches, net.stages - 1 - stage)


def _step(net: CutNet, stage: int, learns: bool) -> Iterator[WorkerStep]:
    pieces = net.of_stage(stage)
    forward, backward = forward_turns(net, stage), backward_turns(net, stage)
    ahead, micro_batches, fed = forward_ahead(net, stage), net.micro_batches, _feeds(pieces)
    if learns and micro_batches > 1 and not net.shards:
        yield ClearStep()
    for micro in range(ahead):
        yield from _pass(fed, forward, micro)
    for micro in range(micro_batches):
        if micro + ahead < micro_batches:
            yield from _pass(fed, forward, micro + ahead)
        yield from _pass(False, backward, micro)
        if learns and net.shards:
            yield PushStep(micro=micro)
    if learns and not net.shards:
        yield PushStep()
    if learns:
        yield PullStep()


def _pass(fed: bool, turns: list[Turn], micro: int) -> Iterator[WorkerStep]:
    if fed:
        yield FeedStep(micro=micro)
    for turn in turns:
        yield from turn.steps(micro)


def forward_turns(net: CutNet, stage: int) -> list[Turn]:
    """A stage's forward pass of a micro-batch."""
    pieces, returned = net.of_stage(stage), _returned_after(net, stage)
    return [
        Turn(
            call_of(piece),
            _there(piece.receives),
            _there(piece.sends) + (returned[piece.level] if piece.backward == "fused" else ()),
        )
        for piece in pieces
    ]


def backward_turns(net: CutNet, stage: int) -> list[Turn]:
    """A stage's backward pass of a micro-batch, without the pieces whose backward pass goes with the forward pass."""
    pieces, returned = net.of_stage(stage), _returned_after(net, stage)
    returning = {connection.name for connection in net.connections if connection.returns}
    return [
        Turn(f"backward/{piece.level}", tuple((name, True) for name in piece.sends if name in returning), returned[piece.level])
        for piece in reversed(pieces)
        if piece.backward == "apart"
    ]


def _returned_after(net: CutNet, stage: int) -> dict[int, tuple[tuple[str, bool], ...]]:
    """By level the connections whose gradients go back after its backward pass."""
    pieces = {piece.level: piece for piece in net.of_stage(stage)}
    last: dict[View, int] = {}
    for level in backward_order(net, stage):
        last |= dict.fromkeys(pieces[level].returns, level)
    found: dict[int, tuple[tuple[str, bool], ...]] = dict.fromkeys(pieces, ())
    for connection in net.connections:
        if connection.target_stage == stage and connection.returns:
            found[last[_arriving(connection)]] += ((connection.name, True),)
    return found


def _arriving(connection: Connection) -> View:
    return View(connection.value, connection.target)


def _there(names: tuple[str, ...]) -> tuple[tuple[str, bool], ...]:
    return tuple((name, False) for name in names)


def _feeds(pieces: tuple[Piece, ...]) -> bool:
    return any(piece.fields for piece in pieces)
