"""In whatever order messages come, the steps of a group end, and end alike: in small groups every order, in larger ones many."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from singalang_runtime.protocol.group import GroupView, server_name, worker_name
from singalang_runtime.protocol.mailbox import Mailbox
from singalang_runtime.protocol.step_server import StepServer
from singalang_runtime.protocol.step_worker import StepWorker
from singalang_runtime.protocol.steps import Arrived, Combine, Message, StepEvent, StepInstruction
from tests.runtime.protocol.explore import Explored, Explorer, Role
from tests.runtime.protocol.roles import Keeper, Trainer
from tests.runtime.protocol.small import Small
from tests.runtime.protocol.straight import Straight
from tests.runtime.protocol.symbols import Symbols

SMALL = [
    Small(),
    Small(gather=True),
    Small(servers=2),
    Small(gather=True, micro_batches=2),
    Small(servers=2, clip=True),
    Small(micro_batches=2, shards=4),
    Small(stages=2, micro_batches=2, servers=2),
    Small(stages=2, micro_batches=2, servers=2, clip=True, tied=True),
    Small(stages=2, micro_batches=2, deaf=True),
    Small(servers=5),  # some hold nothing
    Small(workers=3, servers=2, gather=True, micro_batches=2, clip=True),
    Small(workers=3, stages=3, micro_batches=3, servers=3),
    Small(workers=3, stages=3, micro_batches=2, servers=2, tied=True),
    Small(workers=4, stages=2, micro_batches=2, servers=2, gather=True, clip=True, tied=True),
    Small(workers=4, servers=2, shards=4),
]


def roles_of(small: Small, symbols: Symbols, steps: int) -> dict[str, Role]:
    """The workers and servers of a group."""
    view = GroupView(small.group())
    workers: dict[str, Role] = {worker_name(one): Trainer(view, one, symbols, steps) for one in range(small.workers)}
    return workers | {server_name(one): Keeper(view, one, symbols) for one in range(small.servers)}


def explore(small: Small, steps: int = 2) -> Explored:
    """All orders of a group's messages; every end must be what the programs come to when they are read straight."""
    symbols = Symbols()
    found = Explorer(roles_of(small, symbols, steps)).walk()
    for end in found.ends:
        check_end(end, Straight(small.group(), symbols, steps), steps)
    return found


def check_end(end: Mapping[str, Any], expected: Straight, steps: int) -> None:
    """Everybody has done all steps, has what it should have, and nothing is left over."""
    for name, role in end.items():
        assert not isinstance(role, Trainer) or role.done == steps, f"{name} waits for ever for {role.machine.mail.missing}"
    for name, role in end.items():
        assert role.story == expected.now.get(name, role.symbols.of(name)), f"{name} came to something else"
        assert not role.blocks and not role.machine.mail.kept, f"{name} has something left over"


@pytest.mark.parametrize("small", SMALL, ids=str)
def test_every_order_of_messages_ends_alike_and_as_the_programs_say(small: Small) -> None:
    found = explore(small)
    assert len(found.ends) == 1 and found.ways > found.states > 10


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 4), st.integers(1, 4), st.integers(1, 4), st.integers(1, 4), st.booleans(), st.booleans(), st.randoms())
def test_larger_groups_end_alike_in_orders_drawn_at_random(
    stages: int, width: int, micro_batches: int, servers: int, gather: bool, clip: bool, draw: Random
) -> None:
    small = Small(stages * width, stages, micro_batches, servers, gather, clip, tied=draw.random() < 0.3)
    symbols = Symbols()
    roles = roles_of(small, symbols, 3)
    waiting = [one for role in roles.values() for one in role.begin()]
    while waiting:
        said = waiting.pop(draw.randrange(len(waiting)))
        waiting += roles[said.to].hear(said.what)
    check_end(roles, Straight(small.group(), symbols, 3), 3)


class Hasty(StepServer):
    """Adds gradients in the order in which they come."""

    def __init__(self, view: GroupView, number: int) -> None:
        super().__init__(view, number)
        self.order: list[Message] = []

    def handle(self, event: StepEvent) -> list[StepInstruction]:
        if isinstance(event, Arrived):
            self.order.append(event.message)
        return [self._in_order(one) if isinstance(one, Combine) else one for one in super().handle(event)]

    def _in_order(self, one: Combine) -> Combine:
        return Combine(one.what, tuple(sorted(one.messages, key=self.order.index)), one.shards)


def forgetting(self: Mailbox, message: Message, place: object) -> bool:
    """Takes only what is waited for."""
    if message in self.missing:
        self.missing.remove(message)
        return not self.missing
    return False


def impatient(self: Mailbox, messages: list[Message]) -> bool:
    """Goes on with one message of those that are wanted, if need be with none of the others."""
    self.missing = set(messages) - self.kept if not self.kept & set(messages) else set()
    self.kept -= set(messages)
    return not self.missing


def test_a_server_that_adds_gradients_as_they_come_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.runtime.protocol.roles.StepServer", Hasty)
    with pytest.raises(AssertionError, match="came to something else"):
        explore(Small())


def test_members_that_forget_what_comes_early_are_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Mailbox, "take", forgetting)
    with pytest.raises(AssertionError, match="waits for ever"):
        explore(Small(gather=True))


def test_members_that_do_not_wait_for_everybody_are_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Mailbox, "wants", impatient)
    with pytest.raises(KeyError):  # what is put together is not there
        explore(Small(workers=3, gather=True))


def test_a_worker_that_gives_its_gradients_before_the_last_micro_batch_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    handle = StepWorker.handle

    def turned(self: StepWorker, event: StepEvent) -> list[StepInstruction]:
        return sorted(handle(self, event), key=lambda one: type(one).__name__ == "RunCall")

    monkeypatch.setattr(StepWorker, "handle", turned)
    with pytest.raises(AssertionError, match="came to something else"):
        explore(Small(micro_batches=2))
