"""A server inside its steps as a state machine: it collects the gradients of a step, updates its slice and gives the new values.
No I/O, clock or array."""

from __future__ import annotations

from typing import assert_never

from singalang_compiler.plan_group import RunStep
from singalang_runtime.protocol.exchanges import Act, Await, Give, combined, dated, server_acts
from singalang_runtime.protocol.group import GroupView, server_name
from singalang_runtime.protocol.mailbox import Mailbox
from singalang_runtime.protocol.steps import (
    Arrived,
    EvaluationWanted,
    Message,
    PauseWanted,
    Post,
    RunCall,
    ServeFrom,
    StepEvent,
    StepInstruction,
    StepsWanted,
)


class StepServer:
    """Server `number` of a group in one train section. It goes from step to step as gradients come, and never ends: where
    no worker pushes, it stands still before step `step`.

    Messages may arrive at any time, in any order, even before it is told its first step; those for what comes later are kept.
    Told its step again, it forgets what it knew. One that holds nothing does nothing.
    """

    def __init__(self, view: GroupView, number: int) -> None:
        self.name = server_name(number)
        self.acts = server_acts(view, number)
        self.mail = Mailbox(self.name, (self.acts,))
        self.step: int | None = None  # None: it was not told yet where to begin
        self.at = 0  # place in the program
        assert not self.acts or isinstance(self.acts[0], Await), f"{self.name} begins a step without waiting for anybody"

    def handle(self, event: StepEvent) -> list[StepInstruction]:
        """What to do next; nothing while it waits for others."""
        match event:
            case ServeFrom(step):
                if self.step is not None:
                    self.mail = Mailbox(self.name, (self.acts,))
                self.step, self.at = step, 0
                return self._walk()
            case Arrived(message):
                return self._arrived(message)
            case StepsWanted() | EvaluationWanted() | PauseWanted():
                raise AssertionError(f"{self.name} takes no {event}")
            case _:
                assert_never(event)

    def _arrived(self, message: Message) -> list[StepInstruction]:
        if not self.mail.take(message, self._place):
            return []
        waited = self.acts[self.at]
        assert isinstance(waited, Await), f"{self.name} waited in step {self.step} at {waited}"
        found: list[StepInstruction] = [combined(waited, self._step)]
        self._next()
        return [*found, *self._walk()]

    def _walk(self) -> list[StepInstruction]:
        """Goes on until it must wait."""
        found: list[StepInstruction] = []
        while self.acts and self._act(self.acts[self.at], found):
            self._next()
        return found

    def _next(self) -> None:
        self.at += 1
        if self.at == len(self.acts):
            self.step, self.at = self._step + 1, 0
            self.mail.close("train", self._step)

    def _act(self, act: Act, found: list[StepInstruction]) -> bool:
        """Does one instruction of the program; False where it must wait."""
        match act:
            case Give(messages):
                found.extend(Post(dated(message, self._step)) for message in messages)
            case Await(_, messages):
                if not self.mail.wants([dated(message, self._step) for message in messages]):
                    return False
                found.append(combined(act, self._step))
            case RunStep(call=call, micro=micro):
                found.append(RunCall(call, self._step, micro))
            case _:
                raise AssertionError(f"{self.name} has {act} in its program")
        return True

    def _place(self) -> str:
        return f"step {self.step}, at {self.at}"

    @property
    def _step(self) -> int:
        assert self.step is not None, f"{self.name} was not told where to begin"
        return self.step
