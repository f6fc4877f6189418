"""How many micro-batches of an array a worker holds at once, found by going through its program. Knows no shape and no byte."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from singalang_compiler.partition.cut_net import Connection, CutNet, FieldView, Piece, View
from singalang_compiler.place.programs import call_of
from singalang_compiler.plan_group import FeedStep, ReceiveStep, RunStep, SendStep, WorkerStep


def gradient_of(view: View, connection: str | None = None) -> str:
    """The name of a view's gradient: of what the stage's own pieces add to it, or of what comes back by a connection."""
    return f"gradient/{view.name}" + (f"/{connection}" if connection else "")


def source_view(connection: Connection) -> View:
    """The view that a connection takes."""
    return View(connection.value, connection.source)


def target_view(connection: Connection) -> View:
    """The view that a connection brings."""
    return View(connection.value, connection.target)


def arrays_of_calls(net: CutNet, stage: int) -> dict[str, tuple[str, ...]]:
    """By call of a training step the arrays that it may touch, parameters left out: fields, views, gradients of views, and
    `kept/<level>` for all that a backward pass keeps of the forward pass.

    It is what can be said without kernels: a backward pass is taken to read all that its forward pass read, and not what it gave.
    """
    direct = _read_in_stage(net, stage)
    found: dict[str, tuple[str, ...]] = {}
    for piece in net.of_stage(stage):
        seen = [*(view.name for view in piece.fields), *(view.name for view in piece.reads)]
        returned = [gradient_of(view) for view in piece.returns]
        kept = f"kept/{piece.level}"
        if piece.backward == "apart":
            learned = _learned(net, piece, direct)
            found[f"backward/{piece.level}"] = tuple(dict.fromkeys((*seen, kept, *returned, *learned)))
        forward = [*seen, *(view.name for view in piece.gives)]
        forward += returned if piece.backward == "fused" else [kept] if piece.backward == "apart" else []
        found[call_of(piece)] = tuple(dict.fromkeys(forward))
    return found


def slots_of(
    net: CutNet, stage: int, program: Sequence[WorkerStep], calls: Mapping[str, Collection[str]] | None = None
) -> dict[str, int]:
    """For every array of a stage's program how many micro-batches of it are alive at once, 1 or more: that of micro-batch m can lie
    in slot m modulo this number. `calls`: the arrays that each call touches, if more is known than `arrays_of_calls`.

    An array is alive from the first instruction that touches it to the last: fields from when they are fed, what is sent until it
    is sent, and what a worker has itself of a view of its own stage until it has been put together with what was received.
    """
    first: dict[str, dict[int, int]] = {}
    last: dict[str, dict[int, int]] = {}
    for place, (name, micro) in touches(net, stage, program, calls if calls is not None else arrays_of_calls(net, stage)):
        first.setdefault(name, {}).setdefault(micro, place)
        last.setdefault(name, {})[micro] = place
    return {name: _most_at_once(first[name], last[name]) for name in first}


def touches(
    net: CutNet, stage: int, program: Sequence[WorkerStep], calls: Mapping[str, Collection[str]]
) -> Iterator[tuple[int, tuple[str, int]]]:
    """The arrays of a stage's program, (name, micro-batch), by the place of every instruction that touches them."""
    connections = {connection.name: connection for connection in net.connections}
    fields = [view.name for view in fields_of(net, stage)]
    for place, step in enumerate(program):
        match step:
            case FeedStep(micro=micro):
                yield from ((place, (name, micro)) for name in fields)
            case RunStep(call=call, micro=micro):
                yield from ((place, (name, micro)) for name in calls[call])
            case SendStep(connection=name, micro=micro, back=back):
                one = connections[name]
                yield place, (gradient_of(target_view(one)) if back else source_view(one).name, micro)
            case ReceiveStep(connection=name, micro=micro, back=back):
                yield from ((place, (touched, micro)) for touched in _put_together(connections[name], back))


def _put_together(connection: Connection, back: bool) -> Iterator[str]:
    """What a receiver makes of the blocks of a connection, and what it has of it itself."""
    own = connection.source_stage == connection.target_stage
    source, target = source_view(connection), target_view(connection)
    yield gradient_of(source, connection.name) if back else target.name
    if own:
        yield gradient_of(target) if back else source.name


def fields_of(net: CutNet, stage: int) -> tuple[FieldView, ...]:
    """The fields that the workers of a stage are fed."""
    return tuple(dict.fromkeys(view for piece in net.of_stage(stage) for view in piece.fields))


def _read_in_stage(net: CutNet, stage: int) -> frozenset[View]:
    """Views whose gradients pieces of the stage itself give."""
    return frozenset(view for piece in net.of_stage(stage) for view in piece.returns)


def _learned(net: CutNet, piece: Piece, direct: frozenset[View]) -> Iterator[str]:
    """The gradients that a piece's backward pass reads."""
    sends = set(piece.sends)
    for view in piece.learned:
        if view in direct:
            yield gradient_of(view)
        for connection in net.connections:
            if connection.name in sends and connection.returns and source_view(connection) == view:
                yield gradient_of(view, connection.name)


def _most_at_once(first: Mapping[int, int], last: Mapping[int, int]) -> int:
    """The widest span of micro-batches alive at one place of the program. Their first places ascend, and so do their last ones."""
    most, oldest = 1, 0
    micros = sorted(first)
    for place, micro in enumerate(micros):
        while last[micros[oldest]] < first[micro]:
            oldest += 1
        most = max(most, place - oldest + 1)
    return most
