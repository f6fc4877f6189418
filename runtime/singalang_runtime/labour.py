"""Does what the state machines of workers say, with the crew of a section: instructions become work, work becomes events. Decides
nothing; knows no file, and no coordinator but as whom to tell."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import assert_never

import numpy as np

from singalang_runtime.crew import Hands
from singalang_runtime.evaluator import Watch
from singalang_runtime.protocol import events as e
from singalang_runtime.protocol import instructions as i
from singalang_runtime.protocol.worker import Worker


class _Faulty(Exception):
    """A fault of a worker's, found in the middle of an instruction."""

    def __init__(self, worker: int, fault: e.Fault) -> None:
        super().__init__(fault.kind)
        self.worker, self.fault = worker, fault


class Labour:
    """The workers of a process: their machines by number. `sections` are the train sections' names.

    `begin` gives the crew of a section with its tensors in place, given the cursor to go on from or None; it is asked once for all
    workers. `tell` brings an event to the coordinator; `before` hears of each instruction before it is done, and `looked` is called
    whenever the crew has worked, before anybody hears what came of it.
    """

    def __init__(
        self,
        machines: Mapping[int, Worker],
        sections: Sequence[str],
        *,
        begin: Callable[[int, e.Cursor | None], Hands],
        tell: Callable[[e.CoordinatorEvent], None],
        before: Callable[[i.WorkerInstruction], None] = lambda instruction: None,
        looked: Callable[[], None] = lambda: None,
    ) -> None:
        self.crew: Hands | None = None
        self._machines, self._sections = machines, sections
        self._begin_crew, self._tell, self._before, self._looked = begin, tell, before, looked
        self._inbox: deque[tuple[int, e.WorkerEvent]] = deque()
        self._began = (0, 0)  # the section at hand, and the step where it began here
        self._good: dict[int, int] = {}  # by worker the last step known to be good

    @property
    def working(self) -> Hands:
        """The crew of the section at hand."""
        assert self.crew is not None, "a section has begun"
        return self.crew

    def hear(self, worker: int, event: e.WorkerEvent) -> None:
        """An event for a worker, to be handled after those that wait already."""
        self._inbox.append((worker, event))

    def hear_at_once(self, worker: int, event: e.WorkerEvent) -> None:
        """An event that changes nothing, such as a question."""
        self._handle(worker, event)

    def go_on(self, watch: Watch) -> None:
        """Handles an event that waits, or lets the crew work until there is one or somebody asks. May raise BrokenData."""
        try:
            if self._inbox:
                self._handle(*self._inbox.popleft())
            elif self.crew is not None:
                self._advance(watch)
        except _Faulty as found:
            self._inbox.clear()
            self._inbox.append((found.worker, e.Faulted(found.fault)))

    @property
    def waits(self) -> bool:
        """Whether an event is to be handled."""
        return bool(self._inbox)

    def check_finite(self, worker: int, measures: Sequence[e.Measure]) -> None:
        """Raises _Faulty where something that a worker measured is no number."""
        step = self.working.step_of(worker)
        for measure in measures:
            if not math.isfinite(measure.total) or not math.isfinite(measure.weight):
                value = str(np.float64(measure.total)).replace("inf", "infinite").replace("nan", "not a number")
                section, began = self._began
                since = self._good.get(worker, began)
                raise _Faulty(worker, e.Fault("not-finite", self._sections[section], step, since, measure.name, value))
        self._good[worker] = step

    def _advance(self, watch: Watch) -> None:
        answers = self.working.advance(watch)
        self._looked()
        for worker, answer in answers:
            if isinstance(answer, e.Measured):
                self.check_finite(worker, answer.measures)
            self._inbox.append((worker, answer))

    def _handle(self, worker: int, event: e.WorkerEvent) -> None:
        for instruction in self._machines[worker].handle(event):
            self._work(worker, instruction)

    def _work(self, worker: int, instruction: i.WorkerInstruction) -> None:
        self._before(instruction)
        match instruction:
            case i.Initialise(section):
                self._begin(worker, section, None)
            case i.Restore(cursor):
                self._begin(worker, cursor.section, cursor)
            case i.RunSteps(_, first, count):
                self.working.run(worker, first + count)
            case i.Gather():
                self.working.gather(worker)
                self.check_finite(worker, self.working.gathered(worker))
            case i.Evaluate(_, phase, _, batches):
                self.working.evaluate(worker, phase, batches)
            case i.ReadMetrics():
                self._inbox.append((worker, e.Measured("train", self.working.read(worker))))
            case i.Pause():
                self._inbox.extend((worker, answer) for answer in self.working.pause(worker))
            case i.ReadProgress(section):
                measures = self.working.measures(worker)
                self.check_finite(worker, measures)
                self._tell(e.Progressed(worker, section, self.working.step_of(worker), measures))
            case i.Tell(e.CheckpointReady() as ready):
                self.check_finite(worker, self.working.measures(worker))
                self._tell(ready)
            case i.Tell(event):
                self._tell(event)
            case _:
                assert_never(instruction)

    def _begin(self, worker: int, section: int, cursor: e.Cursor | None) -> None:
        if worker == min(self._machines):
            self._began, self._good = (section, cursor.step if cursor else 0), {}
            self.crew = self._begin_crew(section, cursor)
            self._looked()
        self._inbox.append((worker, e.Ready()))
