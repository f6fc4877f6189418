"""What happens, as the state machines hear it. Facts alone: names, step numbers and plain numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from singalang_runtime.protocol.schedule import Action

Phase: TypeAlias = Literal["train", "val", "test"]


@dataclass(frozen=True, slots=True)
class Measure:
    """One metric over some batches: the sum of its weighted values, and the sum of the weights."""

    name: str
    total: float
    weight: float

    @property
    def value(self) -> float:
        """The weighted mean; not a number where nothing was weighed."""
        return self.total / self.weight if self.weight else float("nan")


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in the job: `step` steps of section number `section` are done, and of the acts due there, `done`."""

    section: int
    step: int
    done: tuple[Action, ...] = ()


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a worker cannot go on. `since`: the last step known to be good. `value`: what was read, such as `nan`."""

    kind: Literal["not-finite"]
    section: str
    step: int
    since: int
    metric: str
    value: str


@dataclass(frozen=True, slots=True)
class Begin:
    """To a worker: train a section from its start, or, given a cursor, from the checkpoint made there."""

    section: int
    cursor: Cursor | None = None


@dataclass(frozen=True, slots=True)
class LeaveAsked:
    """To a worker: finish the dispatch, write a checkpoint and leave."""


@dataclass(frozen=True, slots=True)
class ProgressAsked:
    """To a worker: say how far it is."""


@dataclass(frozen=True, slots=True)
class Ready:
    """To a worker, from its host: parameters, updater slots and state are in place."""


@dataclass(frozen=True, slots=True)
class StepsDone:
    """To a worker, from its host: `step` steps of the section are done, perhaps fewer than asked for (always whole dispatches)."""

    step: int


@dataclass(frozen=True, slots=True)
class Measured:
    """To a worker, from its host: what an evaluation found, or the training steps since the last reading."""

    phase: Phase
    measures: tuple[Measure, ...]


@dataclass(frozen=True, slots=True)
class EvaluationCut:
    """To a worker, from its host: an evaluation was left unfinished because something else came up."""


@dataclass(frozen=True, slots=True)
class CheckpointWritten:
    """To a worker, from its host: the checkpoint is on the disk."""


@dataclass(frozen=True, slots=True)
class Faulted:
    """To a worker, from its host: it cannot go on."""

    fault: Fault


WorkerEvent: TypeAlias = (
    Begin | LeaveAsked | ProgressAsked | Ready | StepsDone | Measured | EvaluationCut | CheckpointWritten | Faulted
)


@dataclass(frozen=True, slots=True)
class JobStarted:
    """To the coordinator: every worker is there."""


@dataclass(frozen=True, slots=True)
class MetricsReported:
    """To the coordinator: what a worker measured after `step` steps."""

    worker: int
    section: int
    phase: Phase
    step: int
    measures: tuple[Measure, ...]


@dataclass(frozen=True, slots=True)
class Progressed:
    """To the coordinator: how far a worker is, with the measures since it last said so."""

    worker: int
    section: int
    step: int
    measures: tuple[Measure, ...]


@dataclass(frozen=True, slots=True)
class Checkpointed:
    """To the coordinator: a worker's part of a checkpoint is on the disk."""

    worker: int
    section: int
    step: int


@dataclass(frozen=True, slots=True)
class SectionFinished:
    """To the coordinator: a worker has done the steps and acts of a section."""

    worker: int
    section: int


@dataclass(frozen=True, slots=True)
class WorkerLeft:
    """To the coordinator: a worker has left early, as asked; a checkpoint holds what it did."""

    worker: int
    section: int
    step: int


@dataclass(frozen=True, slots=True)
class WorkerFailed:
    """To the coordinator: a worker cannot go on."""

    worker: int
    fault: Fault


@dataclass(frozen=True, slots=True)
class LeaveRequested:
    """To the coordinator: somebody outside wants the job to leave (Ctrl-C, a signal). The second time: at once."""


@dataclass(frozen=True, slots=True)
class Tick:
    """To the coordinator: the time, in seconds from any fixed moment."""

    now_s: float


CoordinatorEvent: TypeAlias = (
    JobStarted | MetricsReported | Progressed | Checkpointed | SectionFinished | WorkerLeft | WorkerFailed | LeaveRequested | Tick
)
