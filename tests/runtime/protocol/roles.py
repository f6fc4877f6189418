"""Workers and servers inside steps, as the explorer wants them: the real machines, executed with stories for arrays."""

from __future__ import annotations

from typing import assert_never

from singalang_runtime.protocol.group import GroupView
from singalang_runtime.protocol.step_server import StepServer
from singalang_runtime.protocol.step_worker import StepWorker
from singalang_runtime.protocol.steps import (
    Arrived,
    ClearGradients,
    Combine,
    EvaluationEnded,
    Message,
    Pauses,
    Post,
    RunCall,
    ServeFrom,
    StepInstruction,
    StepsEnded,
    StepsWanted,
    TakeFields,
)
from tests.runtime.protocol.explore import Said
from tests.runtime.protocol.symbols import Symbols


class Member:
    """One that has a machine for steps, and the story of what it holds."""

    FIXED = frozenset({"symbols"})

    def __init__(self, machine: StepWorker | StepServer, symbols: Symbols) -> None:
        self.machine = machine
        self.symbols = symbols
        self.story = symbols.of(machine.name)
        self.blocks: dict[Message, int] = {}  # what has arrived, not yet put together

    def hear(self, what: tuple[Message, int]) -> list[Said]:
        message, story = what
        self.blocks[message] = story
        return self.work(self.machine.handle(Arrived(message)))

    def work(self, instructions: list[StepInstruction]) -> list[Said]:
        """Executes instructions, one after another."""
        said: list[Said] = []
        for instruction in instructions:
            match instruction:
                case TakeFields(phase, step, micro):
                    self._tell("fields", phase, step, micro)
                case RunCall(call, step, micro):
                    self._tell("run", call, step, micro)
                case ClearGradients():
                    self._tell("clear")
                case Post(message):
                    said.append(Said(message.receiver, (message, self.story)))
                case Combine(what, messages, shards, _, name, phase, micro, back):
                    stories = [self.blocks.pop(message) for message in messages]
                    self._tell(what, name, phase, micro, back, shards, *stories)
                case Pauses() | StepsEnded() | EvaluationEnded():
                    said += self.ended(instruction)
                case _:
                    assert_never(instruction)
        return said

    def ended(self, what: Pauses | StepsEnded | EvaluationEnded) -> list[Said]:
        """What it says when something has ended."""
        return []

    def _tell(self, *story: object) -> None:
        self.story = self.symbols.of(self.story, *story)


class Trainer(Member):
    """A worker that does its steps and nothing else."""

    FIXED = Member.FIXED | {"steps"}

    def __init__(self, view: GroupView, number: int, symbols: Symbols, steps: int) -> None:
        super().__init__(StepWorker(view, number), symbols)
        self.steps = steps
        self.done: int | None = None

    def begin(self) -> list[Said]:
        return self.work(self.machine.handle(StepsWanted(0, self.steps)))

    def ended(self, what: Pauses | StepsEnded | EvaluationEnded) -> list[Said]:
        assert isinstance(what, StepsEnded) and self.done is None
        self.done = what.step
        return []


class Keeper(Member):
    """A server. It notes the story of every version of its slice."""

    def __init__(self, view: GroupView, number: int, symbols: Symbols) -> None:
        super().__init__(StepServer(view, number), symbols)

    def begin(self) -> list[Said]:
        return self.work(self.machine.handle(ServeFrom(0)))
