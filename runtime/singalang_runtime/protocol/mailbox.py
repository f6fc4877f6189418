"""What has arrived for a role, and what it waits for. Messages may come in any order and before they are wanted."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from singalang_runtime.protocol.exchanges import Act, Await, dated
from singalang_runtime.protocol.steps import Message


class Mailbox:
    """The messages of one role, `name`, whose programs are `programs`: it takes no others, and none twice."""

    def __init__(self, name: str, programs: Sequence[Sequence[Act]]) -> None:
        self.name = name
        self.known = frozenset(
            message for program in programs for act in program if isinstance(act, Await) for message in act.messages
        )
        self.kept: set[Message] = set()  # arrived, not yet wanted
        self.missing: set[Message] = set()  # wanted, not yet arrived

    def take(self, message: Message, place: Callable[[], str]) -> bool:
        """Takes in a message; whether all that was wanted is there with it. `place` says where the role is, for assertions."""
        if message in self.missing:
            self.missing.remove(message)
            return not self.missing
        assert dated(message, 0) in self.known, f"{self.name} in {place()}: nobody waits for {message}"
        assert message not in self.kept, f"{self.name} in {place()}: {message} came twice"
        self.kept.add(message)
        return False

    def wants(self, messages: Sequence[Message]) -> bool:
        """Whether all of these messages are there; they are then taken out. Else it waits for those that are not."""
        assert not self.missing, f"{self.name} waits already for {sorted(self.missing)}"
        wanted = set(messages)
        self.missing = wanted - self.kept
        self.kept -= wanted
        return not self.missing

    def close(self, phase: str, step: int) -> None:
        """Asserts that nothing is left of steps of a phase before `step`."""
        left = sorted(message for message in self.kept if message.phase == phase and message.step < step)
        assert not left, f"{self.name} is done with step {step - 1} of {phase} and never wanted {left}"
