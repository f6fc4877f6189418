"""Who does a train section: what may be asked of its workers, and the worker that is alone. Knows no coordinator and no file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from singalang_compiler.plan import SectionRecord
from singalang_runtime.evaluator import Watch
from singalang_runtime.layout import Array, Layout
from singalang_runtime.protocol.events import EvaluationCut, Measure, Measured, Phase, StepsDone, WorkerEvent
from singalang_runtime.training import Training

Answer: TypeAlias = tuple[int, WorkerEvent]
"""A worker, and what its instruction came to."""


@dataclass(frozen=True, slots=True)
class GroupMeasured:
    """What a group needed: bytes moved between processes in a step, by kind of link, and by process the most that was held by
    name at once, with what kernels needed meanwhile."""

    step_bytes: Mapping[str, float]
    memory_bytes: Mapping[str, int]


class Hands(Protocol):
    """Workers of a section that begin where they were put. What they are told to do is done in `advance`."""

    @property
    def step(self) -> int:
        """Steps that all workers have done."""

    def step_of(self, worker: int) -> int:
        """Steps that a worker has done."""

    def run(self, worker: int, stop: int) -> None:
        """Tells a worker to run steps up to `stop`. Answer: StepsDone."""

    def evaluate(self, worker: int, phase: Phase, batches: int | None) -> None:
        """Tells a worker to measure the net on the source of a phase. Answer: Measured or EvaluationCut."""

    def pause(self, worker: int) -> Sequence[WorkerEvent]:
        """Tells a worker to end what it does as soon as may be; returns what it says to that."""

    def advance(self, watch: Watch) -> Sequence[Answer]:
        """Works until there are answers or somebody asks. May raise BrokenData."""

    def gather(self, worker: int) -> None:
        """Adds what a worker measured and still has on its device to its totals. Waits for the device."""

    def gathered(self, worker: int) -> tuple[Measure, ...]:
        """What a worker measured since `read`, as far as it was gathered. Waits for nothing."""

    def measures(self, worker: int) -> tuple[Measure, ...]:
        """What a worker measured since `read`. Waits for the device."""

    def read(self, worker: int) -> tuple[Measure, ...]:
        """What was gathered since the last time; begins new totals."""


class Crew(Hands, Protocol):
    """All workers of a section with all that they hold.

    `timed`: (steps, seconds) of every stretch of steps; `seconds` were spent in steps, `compile_s` in compiling.
    """

    section: SectionRecord
    layout: Layout
    timed: list[tuple[int, float]]
    compile_s: float

    @property
    def seconds(self) -> float:
        """Seconds spent in steps, those that are being done included."""

    def initialise(self, known: Mapping[str, Array]) -> None:
        """Begins the section: parameters and state from `known`, by key, the others from their initialisers; slots 0."""

    def restore(self, tensors: Mapping[str, Array], step: int) -> None:
        """Goes on from the tensors of a checkpoint."""

    def tensors(self) -> dict[str, Array]:
        """Every tensor by key, and the metrics so far: what a checkpoint holds. Let go of them before the next step."""

    def learned(self) -> dict[str, Array]:
        """Parameters and state, copied: what the next section takes over."""

    def measured(self) -> GroupMeasured | None:
        """What the crew needed; None where nobody counted."""

    def close(self) -> None:
        """Stops reading ahead; may be called again."""


class Alone:
    """One worker that needs nobody: a kernel does its whole step."""

    def __init__(self, training: Training) -> None:
        self.section, self.layout, self.timed = training.section, training.layout, training.timed
        self.compile_s = training.warm_up()
        self._training = training
        self._stop: int | None = None
        self._evaluation: tuple[Phase, int | None] | None = None
        self.initialise, self.restore, self.close = training.initialise, training.restore, training.close
        self.tensors, self.learned = training.tensors, training.learned

    @property
    def seconds(self) -> float:
        """Seconds spent in steps, those that are being done included."""
        return self._training.seconds

    @property
    def step(self) -> int:
        """Steps done."""
        return self._training.step

    def step_of(self, worker: int) -> int:
        """Steps done."""
        return self._training.step

    def run(self, worker: int, stop: int) -> None:
        """Steps up to `stop` are wanted."""
        self._stop = stop

    def evaluate(self, worker: int, phase: Phase, batches: int | None) -> None:
        """An evaluation is wanted."""
        self._evaluation = phase, batches

    def pause(self, worker: int) -> Sequence[WorkerEvent]:
        """Nothing: whatever it did has ended."""
        return ()

    def advance(self, watch: Watch) -> Sequence[Answer]:
        """Does what is wanted, to its end or to where somebody asks."""
        if self._stop is not None:
            stop, self._stop = self._stop, None
            return ((0, StepsDone(self._training.run(stop, watch))),)
        assert self._evaluation is not None, "the worker was told what to do"
        (phase, batches), self._evaluation = self._evaluation, None
        measures = self._training.evaluate(phase, batches, watch)
        return ((0, EvaluationCut() if measures is None else Measured(phase, measures)),)

    def measured(self) -> GroupMeasured | None:
        """Nobody counted."""
        return None

    def gather(self, worker: int) -> None:
        """Adds what lies on the device to the totals."""
        self._training.gather()

    def gathered(self, worker: int) -> tuple[Measure, ...]:
        """What was measured since `read`, as far as it was gathered."""
        return self._training.gathered()

    def measures(self, worker: int) -> tuple[Measure, ...]:
        """What was measured since `read`."""
        return self._training.measures()

    def read(self, worker: int) -> tuple[Measure, ...]:
        """What was gathered since the last time."""
        return self._training.read()
