"""What happens inside the steps of a group, and what is to be done about it: the events and instructions of `StepWorker` and
`StepServer`. Facts alone: names and numbers, never an array."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias


@dataclass(frozen=True, slots=True, order=True)
class Message:
    """Something that one role gives another: a `block` of the connection `name` (its gradient with `back`), the `gradient` of a
    worker for a server (of the shard `micro`, with exact sums), `values` of a server for a worker, the `square` sum of a server
    for a server.

    Roles are called `worker-3` and `server-1`. `phase` is that of the connection's net; in an evaluation `step` counts batches.
    """

    what: Literal["block", "gradient", "values", "square"]
    sender: str
    receiver: str
    step: int
    name: str = ""
    phase: str = "train"
    micro: int = 0
    back: bool = False


@dataclass(frozen=True, slots=True)
class StepsWanted:
    """To a step worker: run the steps from `first` to `first + count` (not included)."""

    first: int
    count: int


@dataclass(frozen=True, slots=True)
class EvaluationWanted:
    """To a step worker: run `batches` batches of a phase, from its first."""

    phase: str
    batches: int


@dataclass(frozen=True, slots=True)
class ServeFrom:
    """To a step server: the next step is `step`. Given again where a section begins or is restored."""

    step: int


@dataclass(frozen=True, slots=True)
class Arrived:
    """To a member: a message for it is there. It may be one that it does not wait for yet."""

    message: Message


StepEvent: TypeAlias = StepsWanted | EvaluationWanted | ServeFrom | Arrived


@dataclass(frozen=True, slots=True)
class TakeFields:
    """Have the fields of a micro-batch ready under their names. `step` is the step, or of an evaluation the batch."""

    phase: str
    step: int
    micro: int


@dataclass(frozen=True, slots=True)
class RunCall:
    """Run a call of the role's."""

    call: str
    step: int
    micro: int


@dataclass(frozen=True, slots=True)
class ClearGradients:
    """Set all gradients to 0."""


@dataclass(frozen=True, slots=True)
class Post:
    """Bring a message with what it stands for to its receiver, which hears of it as `Arrived`."""

    message: Message


@dataclass(frozen=True, slots=True)
class Combine:
    """Put together what has arrived, in the order given: blocks into a view (or a view's gradient), servers' values into the
    parameters, workers' gradients into the slice's (with `shards` by a binary tree over as many), square sums into their sum.

    What a worker has of a view itself comes in no message; `geometry.incoming` says where it goes."""

    what: Literal["block", "gradient", "values", "square"]
    messages: tuple[Message, ...]
    shards: int = 0


@dataclass(frozen=True, slots=True)
class StepsEnded:
    """All steps that were wanted are done: `step` of the section."""

    step: int


@dataclass(frozen=True, slots=True)
class EvaluationEnded:
    """The evaluation is done."""

    phase: str


StepInstruction: TypeAlias = TakeFields | RunCall | ClearGradients | Post | Combine | StepsEnded | EvaluationEnded
