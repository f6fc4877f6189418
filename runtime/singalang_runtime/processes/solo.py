"""What the process of a train section does that has one worker and no group, in a job whose other sections have: all of it."""

from __future__ import annotations

import select
from collections.abc import Callable, Mapping, Sequence
from time import perf_counter

from singalang_runtime.crew import Alone, Answer
from singalang_runtime.evaluator import Watch
from singalang_runtime.layout import Array
from singalang_runtime.processes.activity import Activity
from singalang_runtime.processes.flat import COMPUTE
from singalang_runtime.processes.station import LOOK_S, Figures
from singalang_runtime.protocol.events import Measure, Phase, WorkerEvent
from singalang_runtime.protocol.group import worker_name
from singalang_runtime.training import Training


class Solo:
    """A worker that needs nobody, with the methods of a `Station`. `control` is a descriptor that can be read when something was
    said to the process; `listen` then hears it, and says whether something is left that the worker must stop for."""

    def __init__(self, training: Training, activity: Activity, control: int, listen: Callable[[], bool]) -> None:
        self._alone, self._activity = Alone(training), activity
        self._control, self._listen = control, listen
        self._busy = False
        self.asked, self.at = False, 0.0  # it watches its own work

    @property
    def step(self) -> int:
        """Steps done."""
        return self._alone.step

    def step_of(self, worker: int) -> int:
        """Steps done."""
        return self._alone.step

    def initialise(self, known: Mapping[str, Array]) -> None:
        """Begins the section: parameters and state from `known`, by key, the others from their initialisers; slots 0."""
        self._alone.initialise({key: known[key] for key in known})
        self._activity.begin("standing", 0)

    def restore(self, tensors: Mapping[str, Array], step: int) -> None:
        """Goes on from the tensors of a checkpoint."""
        self._alone.restore({key: tensors[key] for key in tensors}, step)
        self._activity.begin("standing", step)

    def run(self, worker: int, stop: int) -> None:
        """Tells the worker to run steps up to `stop`. Answer: StepsDone."""
        self._begin("train")
        self._alone.run(worker, stop)

    def evaluate(self, worker: int, phase: Phase, batches: int | None) -> None:
        """Tells the worker to measure the net on the source of a phase. Answer: Measured or EvaluationCut."""
        self._begin(phase)
        self._alone.evaluate(worker, phase, batches)

    def pause(self, worker: int) -> Sequence[WorkerEvent]:
        """Nothing: whatever it did has ended."""
        return self._alone.pause(worker)

    def advance(self, watch: Watch) -> Sequence[Answer]:
        """Does what it was told, to its end or to where something was said that it must stop for; else waits for what is said."""
        if not self._busy:
            select.select([self._control], [], [])
            return ()
        begun = perf_counter()
        answers = self._alone.advance(self)
        self._busy = self.asked = False
        self._activity.seconds[COMPUTE] += perf_counter() - begun
        self._activity.begin("standing", self.step)
        return answers

    def look(self) -> None:
        """Hears what was said while it works."""
        now = perf_counter()
        self.at = now + LOOK_S
        self._activity.stepped(self.step, now)
        self.asked = bool(select.select([self._control], [], [], 0)[0]) and self._listen()

    def gather(self, worker: int) -> None:
        """Adds what lies on the device to the totals."""
        self._alone.gather(worker)

    def gathered(self, worker: int) -> tuple[Measure, ...]:
        """What was measured since `read`, as far as it was gathered."""
        return self._alone.gathered(worker)

    def measures(self, worker: int) -> tuple[Measure, ...]:
        """What was measured since `read`."""
        return self._alone.measures(worker)

    def read(self, worker: int) -> tuple[Measure, ...]:
        """What was gathered since the last time."""
        return self._alone.read(worker)

    def held(self) -> dict[str, dict[str, Array]]:
        """The whole tensors, by key."""
        return {worker_name(0): self._alone.tensors()}

    def figures(self) -> Figures:
        """What was measured of the process."""
        timed = tuple(self._alone.timed)
        return Figures(timed, self._activity.seconds[COMPUTE], 0.0, 0.0, {}, 0, 0)

    def close(self) -> None:
        """Stops reading ahead; may be called again."""
        self._alone.close()

    def _begin(self, phase: Phase) -> None:
        self._busy = True
        self._activity.begin("training" if phase == "train" else "evaluating", self.step)
