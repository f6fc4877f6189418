"""A worker inside its steps as a state machine: it walks its program, and waits where the program waits for others. No I/O, clock
or array, and no section: when there are steps to do is for `Worker` to say."""

from __future__ import annotations

from typing import assert_never

from singalang_compiler.plan_group import ClearStep, FeedStep, RunStep
from singalang_runtime.protocol.exchanges import Act, Await, Give, Work, combined, dated, worker_acts
from singalang_runtime.protocol.group import GroupView, worker_name
from singalang_runtime.protocol.mailbox import Mailbox
from singalang_runtime.protocol.steps import (
    Arrived,
    ClearGradients,
    EvaluationEnded,
    EvaluationWanted,
    Message,
    Pauses,
    PauseWanted,
    Post,
    RunCall,
    ServeFrom,
    StepEvent,
    StepInstruction,
    StepsEnded,
    StepsWanted,
    TakeFields,
)


class StepWorker:
    """Worker `number` of a group in one train section. Instructions are to be executed one after another, in the order given.

    Messages may arrive at any time, in any order; those for what comes later are kept. Its host makes one for each section,
    before any message of the section can arrive.
    """

    def __init__(self, view: GroupView, number: int) -> None:
        self.name = worker_name(number)
        phases = ("train", *view.role_of(number).evaluate)
        self.acts = {phase: worker_acts(view, number, phase) for phase in phases}
        self.mail = Mailbox(self.name, tuple(self.acts.values()))
        self.phase: str | None = None  # what is being done; None: nothing
        self.step, self.stop = 0, 0  # the step (or batch of the evaluation) at hand, and the one to end before
        self.at = 0  # place in the program
        self.passed = {phase: 0 for phase in phases}  # batches of former evaluations

    def handle(self, event: StepEvent) -> list[StepInstruction]:
        """What to do next; nothing while it waits for others."""
        match event:
            case StepsWanted(first, count):
                return self._begin("train", first, first + count)
            case EvaluationWanted(phase, batches):
                return self._begin(phase, 0, batches)
            case PauseWanted():
                return self._pause()
            case Arrived(message):
                return self._arrived(message)
            case ServeFrom():
                raise AssertionError(f"{self.name} serves nothing")
            case _:
                assert_never(event)

    def _begin(self, phase: str, first: int, stop: int) -> list[StepInstruction]:
        assert self.phase is None, f"{self.name} is in {self._place()} and cannot begin with {phase}"
        self.phase, self.step, self.stop, self.at = phase, first, stop, 0
        return self._walk()

    def _pause(self) -> list[StepInstruction]:
        """It stands only between steps, and waits only within one, so it can stand after the one at hand."""
        if self.phase is None:
            return []  # it has told already that it is done
        if self.phase != "train":
            return [Pauses(None)]
        self.stop = self.step + 1
        return [Pauses(self.stop)]

    def _arrived(self, message: Message) -> list[StepInstruction]:
        if not self.mail.take(message, self._place):
            return []
        waited = self._acts[self.at]
        assert isinstance(waited, Await), f"{self.name} waited in {self._place()} at {waited}"
        self.at += 1
        return [combined(waited, self._told), *self._walk()]

    def _walk(self) -> list[StepInstruction]:
        """Goes on until it must wait or all is done."""
        found: list[StepInstruction] = []
        while self.step < self.stop:
            while self.at < len(self._acts):
                if not self._act(self._acts[self.at], found):
                    return found
                self.at += 1
            self.step, self.at = self.step + 1, 0
            self.mail.close(self._phase, self._told)
        return [*found, self._end()]

    def _act(self, act: Act, found: list[StepInstruction]) -> bool:
        """Does one instruction of the program; False where it must wait."""
        match act:
            case Give(messages):
                found.extend(Post(dated(message, self._told)) for message in messages)
            case Await(_, messages):
                if not self.mail.wants([dated(message, self._told) for message in messages]):
                    return False
                found.append(combined(act, self._told))
            case _:
                found.append(self._alone(act))
        return True

    def _alone(self, work: Work) -> StepInstruction:
        match work:
            case FeedStep(micro=micro):
                return TakeFields(self._phase, self.step, micro)
            case RunStep(call=call, micro=micro):
                return RunCall(call, self.step, micro)
            case ClearStep():
                return ClearGradients()
            case _:
                assert_never(work)

    def _end(self) -> StepInstruction:
        phase, self.phase = self._phase, None
        if phase == "train":
            return StepsEnded(self.step)
        self.passed[phase] += self.stop
        return EvaluationEnded(phase)

    @property
    def _phase(self) -> str:
        assert self.phase is not None, f"{self.name} has nothing to do"
        return self.phase

    @property
    def _acts(self) -> tuple[Act, ...]:
        return self.acts[self._phase]

    @property
    def _told(self) -> int:
        """The step as messages tell it."""
        return self.step + self.passed[self._phase]

    def _place(self) -> str:
        return f"step {self.step} of {self.phase}, at {self.at}" if self.phase else f"no step after {self.step}"
