"""Which arrays a role holds at each instruction of its program: each from where it is made to where it is read last.

Both the prediction of memory and the host that frees arrays go by this, so that they agree. Plan records alone: no array, no size.

An array is known by its name and slot. Named are the role's `arrays`, and of a server `gradient` and `squares`. Buffers of
parameters and state and a server's `value` and slots are always there and not spoken of. Messages under way have no names and do
not count.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, TypeAlias, assert_never

from singalang_compiler.plan_group import (
    ClearStep,
    CollectStep,
    ConnectionRecord,
    FeedStep,
    GroupRecord,
    NormStep,
    PublishStep,
    PullStep,
    PushStep,
    ReceiveStep,
    RoleRecord,
    RunStep,
    SendStep,
    ServerStep,
    WorkerStep,
)

Key: TypeAlias = tuple[str, int]
"""Name of an array and slot, 0 where it has one slot alone."""

GRADIENT = "gradient"
"""What a server has put together of the workers' gradients."""
SQUARES = "squares"
"""The square sum of all servers' gradients, and before that of a server's own."""


class Moment(NamedTuple):
    """An instruction and the arrays that it `takes` and `makes`; those that `die` are not read again and are freed after it.

    While it is done all that it takes and makes is there, and so is every array between where it is made and where it dies. An
    array that is taken and made again is overwritten. What is made and never read dies where it is made. What is taken before it is
    made, such as a constant or an array that goes on from step to step, is there from the beginning and never dies.
    """

    step: WorkerStep | ServerStep
    takes: tuple[Key, ...]
    makes: tuple[Key, ...]
    dies: tuple[Key, ...]


def worker_moments(group: GroupRecord, role: RoleRecord, phase: str) -> tuple[Moment, ...]:
    """The program of a role in a phase, for one step or batch."""
    program = role.step if phase == "train" else role.evaluate.get(phase, ())
    connections = {one.name: one for one in group.connections if one.phase == phase}
    held = _Held(role, connections, program)
    return _with_deaths((step, *held.touched(step)) for step in program)


def server_moments(group: GroupRecord) -> tuple[Moment, ...]:
    """The program of every server, for one step."""
    return _with_deaths((step, *_server_touched(group, step)) for step in group.server_step)


def lasting(moments: Iterable[Moment]) -> frozenset[Key]:
    """What is taken before it is made."""
    found: set[Key] = set()
    made: set[Key] = set()
    for moment in moments:
        found |= {*moment.takes} - made
        made |= {*moment.makes}
    return frozenset(found)


def alive(moments: Sequence[Moment]) -> Iterator[tuple[Moment, frozenset[Key]]]:
    """Each instruction with all that is held while it is done."""
    held = lasting(moments)
    for moment in moments:
        held |= {*moment.makes}
        yield moment, held
        held -= {*moment.dies}


class _Held:
    """What of a role's arrays its instructions touch."""

    def __init__(self, role: RoleRecord, connections: dict[str, ConnectionRecord], program: Sequence[WorkerStep]) -> None:
        self._slots = {array.name: array.slots for array in role.arrays}
        self._calls, self._connections = role.calls, connections
        self._gradients = tuple(name.replace("parameters/", "gradients/", 1) for name in role.trained)
        self._fields = self._fed(program)

    def touched(self, step: WorkerStep) -> tuple[tuple[Key, ...], tuple[Key, ...]]:
        """What it takes and makes."""
        match step:
            case FeedStep(micro=micro):
                return (), self._keys(self._fields, micro)
            case RunStep(call=call, micro=micro):
                return self._keys(self._calls[call].inputs, micro), self._keys(self._calls[call].outputs, micro)
            case SendStep(connection=name, micro=micro, back=back):
                return self._keys([_given(self._connections[name], back)], micro), ()
            case ReceiveStep(connection=name, micro=micro, back=back):
                connection = self._connections[name]
                own = [_given(connection, back)] if connection.source_stage == connection.target_stage else []
                return self._keys(own, micro), self._keys([_got(connection, back)], micro)
            case ClearStep():
                return (), self._keys(self._gradients, 0)
            case PushStep():
                return self._keys(self._gradients, 0), ()
            case PullStep():
                return (), ()
            case _:
                assert_never(step)

    def _keys(self, names: Iterable[str], micro: int) -> tuple[Key, ...]:
        """Those of the names that are the role's arrays, each once."""
        return tuple(dict.fromkeys((name, micro % self._slots[name]) for name in names if name in self._slots))

    def _fed(self, program: Sequence[WorkerStep]) -> tuple[str, ...]:
        """The fields that the program's calls read: views that neither a call makes nor a connection brings."""
        calls = [self._calls[step.call] for step in program if isinstance(step, RunStep)]
        given = {_got(self._connections[step.connection], step.back) for step in program if isinstance(step, ReceiveStep)}
        given |= {name for call in calls for name in call.outputs}
        read = dict.fromkeys(name for call in calls for name in call.inputs)
        return tuple(name for name in read if name in self._slots and "@" in name and name not in given)


def _given(connection: ConnectionRecord, back: bool) -> str:
    """The array that a worker gives parts of."""
    return f"gradient/{connection.value}@{connection.target}" if back else f"{connection.value}@{connection.source}"


def _got(connection: ConnectionRecord, back: bool) -> str:
    """The array that a worker puts together."""
    if back:
        return f"gradient/{connection.value}@{connection.source}/{connection.name}"
    return f"{connection.value}@{connection.target}"


def _server_touched(group: GroupRecord, step: ServerStep) -> tuple[tuple[Key, ...], tuple[Key, ...]]:
    match step:
        case CollectStep():
            return (), ((GRADIENT, 0),)
        case NormStep():
            return ((SQUARES, 0),), ((SQUARES, 0),)
        case RunStep(call=call):
            return _of_step(group.server_calls[call].inputs), _of_step(group.server_calls[call].outputs)
        case PublishStep():
            return (), ()
        case _:
            assert_never(step)


def _of_step(names: Iterable[str]) -> tuple[Key, ...]:
    """Those of a server's names that last no longer than a step."""
    return tuple((name, 0) for name in names if name in (GRADIENT, SQUARES))


def _with_deaths(touched: Iterable[tuple[WorkerStep | ServerStep, tuple[Key, ...], tuple[Key, ...]]]) -> tuple[Moment, ...]:
    """Walks backwards: what is touched and not taken afterwards, before it is made anew, dies."""
    moments = [Moment(step, takes, makes, ()) for step, takes, makes in touched]
    always, read = lasting(moments), set[Key]()
    for place, (step, takes, makes, _) in reversed(list(enumerate(moments))):
        dies = tuple(key for key in dict.fromkeys((*takes, *makes)) if key not in read and key not in always)
        moments[place] = Moment(step, takes, makes, dies)
        read -= {*makes}
        read |= {*takes}
    return tuple(moments)
