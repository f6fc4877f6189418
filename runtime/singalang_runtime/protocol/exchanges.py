"""The programs of workers and servers with everybody's part in them spelled out: whom each instruction gives something, and whose
messages it waits for. Knows no step number yet, and no array."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias, assert_never

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
from singalang_runtime.protocol.group import GroupView, server_name, worker_name
from singalang_runtime.protocol.steps import Combine, Message

Work: TypeAlias = FeedStep | RunStep | ClearStep
"""What a role does alone."""


@dataclass(frozen=True, slots=True)
class Give:
    """Post these messages, their step filled in."""

    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class Await:
    """Wait for these messages, their step filled in, and put them together in this order. `place` is what all of them have in
    common: it says what is meant where there are none."""

    place: Message
    messages: tuple[Message, ...]
    shards: int = 0


Act: TypeAlias = Work | Give | Await
"""An instruction of one role's own program."""


def dated(message: Message, step: int) -> Message:
    """A message of a program, with its step."""
    return Message(message.what, message.sender, message.receiver, step, message.name, message.phase, message.micro, message.back)


def combined(act: Await, step: int) -> Combine:
    """What to do when all has arrived."""
    place, messages = act.place, tuple(dated(message, step) for message in act.messages)
    return Combine(place.what, messages, act.shards, step, place.name, place.phase, place.micro, place.back)


def worker_acts(view: GroupView, worker: int, phase: str) -> tuple[Act, ...]:
    """The program of a worker in a phase."""
    return tuple(_worker_act(view, worker, phase, step) for step in view.program(worker, phase))


def server_acts(view: GroupView, server: int) -> tuple[Act, ...]:
    """The program of a server; nothing where it holds nothing."""
    if server not in view.active_servers:
        return ()
    return tuple(act for step in view.group.server_step for act in _server_act(view, server, step))


def _worker_act(view: GroupView, worker: int, phase: str, step: WorkerStep) -> Act:
    own = worker_name(worker)
    match step:
        case FeedStep() | RunStep() | ClearStep():
            return step
        case SendStep(connection=name, micro=micro, back=back):
            block = Message("block", own, "", 0, name, phase, micro, back)
            return Give(_to(block, map(worker_name, view.sends_to(worker, phase, name, back))))
        case ReceiveStep(connection=name, micro=micro, back=back):
            block = Message("block", "", own, 0, name, phase, micro, back)
            return Await(block, _from(block, map(worker_name, view.receives_from(worker, phase, name, back))))
        case PushStep(micro=micro):
            shard = view.shard(worker, micro or 0) if view.group.shards else 0
            return Give(_to(Message("gradient", own, "", 0, micro=shard), map(server_name, view.servers_of(worker))))
        case PullStep():
            values = Message("values", "", own, 0)
            return Await(values, _from(values, map(server_name, view.servers_of(worker))))
        case _:
            assert_never(step)


def _server_act(view: GroupView, server: int, step: ServerStep) -> Iterator[Act]:
    own = server_name(server)
    match step:
        case RunStep():
            yield step
        case CollectStep():
            yield Await(Message("gradient", "", own, 0), tuple(_gradients(view, server)), view.group.shards)
        case NormStep():
            others = [server_name(other) for other in view.active_servers if other != server]
            square = Message("square", "", own, 0)
            yield Give(_to(Message("square", own, "", 0), iter(others)))
            yield Await(square, _from(square, iter(others)))
        case PublishStep():
            yield Give(_to(Message("values", own, "", 0), map(worker_name, view.holders_of(server))))
        case _:
            assert_never(step)


def _gradients(view: GroupView, server: int) -> Iterator[Message]:
    """What a server collects: by worker, or by shard, then worker."""
    own, holders = server_name(server), view.holders_of(server)
    if not view.group.shards:
        yield from (Message("gradient", worker_name(worker), own, 0) for worker in holders)
        return
    each = view.group.shards // view.width
    shards = sorted((view.shard(worker, micro), worker) for worker in holders for micro in range(each))
    yield from (Message("gradient", worker_name(worker), own, 0, micro=shard) for shard, worker in shards)


def _to(message: Message, receivers: Iterator[str]) -> tuple[Message, ...]:
    return tuple(replace(message, receiver=receiver) for receiver in receivers)


def _from(message: Message, senders: Iterator[str]) -> tuple[Message, ...]:
    return tuple(replace(message, sender=sender) for sender in senders)
