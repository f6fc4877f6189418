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


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A place in a section where a worker can stand: `step` steps are done, and so many of the acts due there."""

    step: int
    acts: int


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
    """To a worker: say where you can stand first, go there, and wait until you are told where all workers leave."""


@dataclass(frozen=True, slots=True)
class LeaveAt:
    """To a worker: go on to this place, where every worker can stand; then a checkpoint is made, and you leave."""

    place: Place


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
    """To a worker, from its host: an evaluation was left unfinished because something else came up. Only one who is alone may."""


@dataclass(frozen=True, slots=True)
class PausesAt:
    """To a worker, from its host: the steps at hand will end when `step` of the section are done; None: the evaluation at hand
    goes on to its end."""

    step: int | None


@dataclass(frozen=True, slots=True)
class CheckpointWritten:
    """To a worker: the checkpoint of all workers is on the disk; go on."""


@dataclass(frozen=True, slots=True)
class Faulted:
    """To a worker, from its host: it cannot go on."""

    fault: Fault


WorkerEvent: TypeAlias = (
    Begin
    | LeaveAsked
    | LeaveAt
    | ProgressAsked
    | Ready
    | StepsDone
    | Measured
    | EvaluationCut
    | PausesAt
    | CheckpointWritten
    | Faulted
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
class CheckpointReady:
    """To the coordinator: a worker stands still where a checkpoint is to be made, and waits for it."""

    worker: int
    cursor: Cursor


@dataclass(frozen=True, slots=True)
class Checkpointed:
    """To the coordinator, from its host: a checkpoint is on the disk."""

    section: int
    step: int


@dataclass(frozen=True, slots=True)
class CanLeaveAt:
    """To the coordinator: where a worker can stand first. It goes no further until it hears where all leave."""

    worker: int
    section: int
    place: Place


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
    JobStarted
    | MetricsReported
    | Progressed
    | CheckpointReady
    | Checkpointed
    | CanLeaveAt
    | SectionFinished
    | WorkerLeft
    | WorkerFailed
    | LeaveRequested
    | Tick
)
