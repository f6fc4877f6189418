"""What the state machines want done. A host executes them and answers with events; each says with which."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from singalang_runtime.protocol.events import CoordinatorEvent, Cursor, Fault, Measure, Phase, WorkerEvent


@dataclass(frozen=True, slots=True)
class Initialise:
    """Make a section's parameters, slots and state, taking over what earlier sections learned. Answer: Ready."""

    section: int


@dataclass(frozen=True, slots=True)
class Restore:
    """Fill a section's parameters, slots and state from the checkpoint made at the cursor. Answer: Ready."""

    cursor: Cursor


@dataclass(frozen=True, slots=True)
class RunSteps:
    """Run steps `first` to `first + count` of a section (not included). Answer: StepsDone."""

    section: int
    first: int
    count: int


@dataclass(frozen=True, slots=True)
class Gather:
    """Add the metrics that lie on the device to the totals, and begin new sums. No answer."""


@dataclass(frozen=True, slots=True)
class Evaluate:
    """Measure the section's net on the source of a phase: all of it, or `batches` batches. Answer: Measured or EvaluationCut."""

    section: int
    phase: Phase
    step: int
    batches: int | None


@dataclass(frozen=True, slots=True)
class ReadMetrics:
    """Say what training measured since the last time, and begin new totals. Answer: Measured."""

    section: int
    step: int


@dataclass(frozen=True, slots=True)
class Pause:
    """End the steps or the evaluation at hand as soon as may be. Answer: PausesAt, where others may still be needed for that; or
    at once the answer to what is at hand. None where that answer is under way already."""


@dataclass(frozen=True, slots=True)
class ReadProgress:
    """Tell the coordinator how far the steps are (Progressed); keep the totals."""

    section: int


@dataclass(frozen=True, slots=True)
class Tell:
    """Bring an event to the coordinator."""

    event: CoordinatorEvent


WorkerInstruction: TypeAlias = Initialise | Restore | RunSteps | Gather | Evaluate | ReadMetrics | Pause | ReadProgress | Tell


@dataclass(frozen=True, slots=True)
class Send:
    """Bring an event to a worker."""

    worker: int
    event: WorkerEvent


@dataclass(frozen=True, slots=True)
class WriteCheckpoint:
    """Write a checkpoint of all workers and servers, who stand still, from which they can go on at the cursor. The totals of
    metrics in it are those of all workers, added. Answer: Checkpointed."""

    cursor: Cursor


@dataclass(frozen=True, slots=True)
class RecordMetrics:
    """Write a line of metrics: the measures of all workers, added."""

    section: int
    phase: Phase
    step: int
    measures: tuple[Measure, ...]


@dataclass(frozen=True, slots=True)
class ShowProgress:
    """Show people how far the job is."""

    section: int
    step: int
    measures: tuple[Measure, ...]


@dataclass(frozen=True, slots=True)
class EndJob:
    """The job is over: `finished`, `stopped` where it was told to, `interrupted` from outside, `abandoned` at once, or `failed`."""

    status: Literal["finished", "stopped", "interrupted", "abandoned", "failed"]
    fault: Fault | None = None


CoordinatorInstruction: TypeAlias = Send | WriteCheckpoint | RecordMetrics | ShowProgress | EndJob
