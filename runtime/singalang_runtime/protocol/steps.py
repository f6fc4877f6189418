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

    Roles are called `worker-3` and `server-1`. `phase` is that of the connection's net; outside training `step` counts the batches
    of the phase since the section began, so that no two messages of a section are equal. `micro` is the micro-batch of a block
    and the shard of a gradient.
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
class PauseWanted:
    """To a step worker: end the steps where you can stand first, and say where (`Pauses`). An evaluation goes on to its end."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """To a member: a message for it is there. It may be one that it does not wait for yet."""

    message: Message


StepEvent: TypeAlias = StepsWanted | EvaluationWanted | ServeFrom | PauseWanted | Arrived


@dataclass(frozen=True, slots=True)
class TakeFields:
    """Have the fields of a micro-batch ready under their names. `step` is the step, or the batch of an evaluation, from 0."""

    phase: str
    step: int
    micro: int


@dataclass(frozen=True, slots=True)
class RunCall:
    """Run a call of the role's. `step` is the step, or the batch of an evaluation, from 0."""

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

    Orders: blocks by the sender's position, values and square sums by server, gradients by shard, then worker. What a role has
    itself comes in no message: `geometry.incoming` says where a worker's own block goes, and a
    server's own square sum stands at its place among the servers. `name`, `phase`, `step`, `micro`, `back` are those of the
    messages, and say what is meant where none is needed."""

    what: Literal["block", "gradient", "values", "square"]
    messages: tuple[Message, ...]
    shards: int = 0
    step: int = 0
    name: str = ""
    phase: str = "train"
    micro: int = 0
    back: bool = False


@dataclass(frozen=True, slots=True)
class Pauses:
    """Where what is being done will end: when `step` steps of the section are done; None: at the end of the evaluation."""

    step: int | None


@dataclass(frozen=True, slots=True)
class StepsEnded:
    """All steps that were wanted (or those up to a pause) are done: `step` of the section."""

    step: int


@dataclass(frozen=True, slots=True)
class EvaluationEnded:
    """The evaluation is done."""

    phase: str


StepInstruction: TypeAlias = TakeFields | RunCall | ClearGradients | Post | Combine | Pauses | StepsEnded | EvaluationEnded
