"""The base classes of every kind: what a kind must say, and what is taken where it says nothing.

A kind is a frozen dataclass in a file of its own whose fields are its attributes:

    @layer("shift")
    class Shift(Layer):
        '''Adds a constant: y = x + by. Shapes: any -> the same.'''

        by: float = 1.0  # what is added

        def shape(self, inputs: Inputs) -> TensorSpec:
            return inputs[0]

        def forward(self, inputs: tuple[Array, ...], ctx: Context) -> Array:
            return inputs[0] + self.by

The comment behind a field is its documentation. Class constants (`arity` and the like) must be literals: `--check` reads
them, and the fields, from the text of a user's file without running it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

from singalang_compiler.library.context import Array, Context, Ops
from singalang_compiler.library.tensors import Cost, Inputs, Parameter, Partition, State, TensorSpec

if TYPE_CHECKING:
    import numpy as np


class AttributeFault(Exception):
    """Attributes that contradict each other: the one exception that the `__post_init__` of a kind may raise.

    Each value alone has the type and bounds of its annotation; this is for what annotations cannot say. The text says
    what is wrong, in lower case without a full stop; `attribute` names the attribute to blame; `hint` says what to do.
    """

    def __init__(self, text: str, *, attribute: str | None = None, hint: str | None = None) -> None:
        super().__init__(text)
        self.text = text
        self.attribute = attribute
        self.hint = hint


class Layer:
    """A layer kind."""

    arity: ClassVar[tuple[int, int | None]] = (1, 1)
    """Least and greatest number of inputs; None: any number."""
    parameter_names: ClassVar[tuple[str, ...]] = ()
    """Every parameter that `parameters` may return: each is an attribute of the layer in a program."""
    metric_names: ClassVar[tuple[str, ...]] = ()
    """Every metric that `forward` reports with `ctx.metric`."""
    is_loss: ClassVar[bool] = False
    """Whether `forward` returns the loss of each record, (batch,), to be averaged into the objective."""
    takes_classes: ClassVar[bool] = False
    """Whether class labels are taken as inputs; losses and metrics take them anyway."""
    layout: ClassVar[Literal["declared", "channels_last", "any"]] = "declared"
    """How arrays of [channels, height, width] arrive and leave: as declared, as (batch, height, width, channels), or either
    (all inputs alike; for kinds that work element by element)."""
    late_parameter: ClassVar[str | None] = None
    """A parameter that `forward` only adds to each channel of its output, last of all: the compiler may leave it out of the
    context's parameters, as for one that the program left out, and add it after the next layer instead."""
    keeps_shift: ClassVar[bool] = False
    """Whether f(x + c) = f(x) + c for numbers c, one for each channel: a late parameter may then be added after this layer."""

    def shape(self, inputs: Inputs) -> TensorSpec:
        """Shape of one record of the output. Raises ShapeError."""
        raise NotImplementedError

    def parameters(self, inputs: Inputs) -> dict[str, Parameter]:
        """The parameters, by name, for inputs that `shape` has accepted. Names in `inputs.absent` may be left in."""
        return {}

    def state(self, inputs: Inputs) -> dict[str, State]:
        """The state, by name."""
        return {}

    def forward(self, inputs: tuple[Array, ...], ctx: Context) -> Array:
        """The output for a batch; for a loss, the loss of each record."""
        raise NotImplementedError

    def predict(self, inputs: tuple[Array, ...], ctx: Context) -> Array:
        """What a loss layer's net predicts, from the same inputs without the labels (a loss only): (batch, ...)."""
        return inputs[0]

    def partitions(self, inputs: Inputs) -> tuple[Partition, ...]:
        """The legal ways to cut this layer among workers; by batch alone where a kind says nothing."""
        return (Partition("batch", (0,) * len(inputs), 0),)

    def exchange(self, inputs: Inputs) -> int:
        """How many numbers each worker tells all others before `forward` where several share a training batch; 0: none.

        A layer whose output for one record depends on the other records of the batch needs this, or is an `approximation`.
        """
        return 0

    def statistic(self, inputs: tuple[Array, ...], ctx: Context) -> Array:
        """Those numbers of a worker's own records, (exchange,). `forward` finds those of all workers in `ctx.statistics`."""
        raise NotImplementedError

    def approximation(self) -> str | None:
        """What is only approximate where a batch is cut among workers or micro-batches, for people; None: nothing."""
        return None

    def cost(self, inputs: Inputs) -> Cost:
        """Work for one record; a kind that says nothing is taken to pass over its tensors a few times."""
        out = self.shape(inputs).size
        read = sum(tensor.size for tensor in inputs.tensors)
        return Cost(forward_flops=out, backward_flops=out, moved_elements=2 * (read + out))


class Updater:
    """An updater kind: how a parameter changes, given its gradient. Works on each element alone unless it says otherwise."""

    slots: ClassVar[tuple[str, ...]] = ()
    """Names of the numbers that may be kept for each element of a parameter; all start at 0."""
    elementwise: ClassVar[bool] = True
    """Whether elements can be updated apart; else parameters cannot be cut into slices."""

    def slot_names(self) -> tuple[str, ...]:
        """The slots that these attributes need, of `slots`: `update` is given these and returns these."""
        return self.slots

    def update(
        self, gradient: Array, value: Array, slots: Mapping[str, Array], rate: Array, step: Array, ops: Ops
    ) -> tuple[Array, dict[str, Array]]:
        """New value and new slots. `step` counts updates done before this one; `rate` is the learning rate, scaled."""
        raise NotImplementedError


class Schedule:
    """A schedule kind: the learning rate as a function of the number of updates done."""

    variadic: ClassVar[str | None] = None
    """Name of the attribute that takes all arguments given by place, if one does."""

    def rate(self, step: Array, ops: Ops) -> Array:
        """The rate, float32, for a step, int32, counted from 0. To 1e-6 relative over a million steps."""
        raise NotImplementedError


class Initialiser:
    """An initialiser kind: the first value of a parameter."""

    def values(self, key: Array, shape: tuple[int, ...], fan_in: int, fan_out: int, ops: Ops) -> Array:
        """An array of this shape; random ones are drawn with `ops.normal` and `ops.uniform` from `key`."""
        raise NotImplementedError


class NetFunction(Protocol):
    """A net as an algorithm sees it: functions of its parameters."""

    def objective(
        self, parameters: Mapping[str, Array], state: Mapping[str, Array], batch: Mapping[str, Array]
    ) -> tuple[Array, tuple[dict[str, Array], dict[str, Array]]]:
        """The objective of a batch, with (new state, metrics): metrics hold (weighted sum, weight) pairs."""


class Algorithm:
    """An algorithm kind: how one batch teaches a net."""

    needs_loss: ClassVar[bool] = True
    """Whether the net must have a loss layer."""

    def phases(self, net: str) -> tuple[str, ...]:
        """Names of the trainings that one train section becomes, in order."""
        return (net,)

    def gradients(
        self, net: NetFunction, parameters: Mapping[str, Array], state: Mapping[str, Array], batch: Mapping[str, Array], ops: Ops
    ) -> tuple[Mapping[str, Array], dict[str, Array], dict[str, Array]]:
        """Gradients by parameter, new state, and metrics."""
        raise NotImplementedError

    def cuts(self) -> str | None:
        """None where a step may be cut between any two layers; else the reason why it may not."""
        return None


class Metric:
    """A metric kind: a number that is reported and never trained on. Also written in a net, `(scores, labels) -> accuracy`."""

    arity: ClassVar[tuple[int, int | None]] = (2, 2)
    better: ClassVar[Literal["higher", "lower"]] = "higher"
    """Which way is better."""
    percent: ClassVar[bool] = False
    """Whether people read it as a percentage."""

    def check(self, inputs: Inputs) -> None:
        """Raises ShapeError where it cannot be measured on such inputs."""

    def measure(self, inputs: tuple[Array, ...], ops: Ops) -> Array:
        """Its value for each record, (batch,)."""
        raise NotImplementedError


class SourceError(Exception):
    """Data that a source cannot give: the one exception that a source's author may raise in `open` and `read`.

    `problem` is one of `missing` (no such file), `corrupt` (not what the format asks for, truncated), `shape` (another
    number of elements than declared), `value` (a label outside its classes, not a number), `empty` (no record),
    `column` (no column of that name). `where` names the file and the record or line; counted from 1.
    """

    def __init__(
        self,
        problem: Literal["missing", "corrupt", "shape", "value", "empty", "column"],
        text: str,
        *,
        where: str,
        hint: str | None = None,
    ) -> None:
        super().__init__(text)
        self.problem = problem
        self.text = text
        self.where = where
        self.hint = hint


class Wanted(Protocol):
    """A declared field of a record, as a source is asked for it."""

    @property
    def name(self) -> str:
        """Name of the field."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one record."""

    @property
    def classes(self) -> int | None:
        """Number of classes, for a class label."""

    @property
    def storage(self) -> str:
        """NumPy dtype in which the kernel takes it: `uint8`, `int32`, `float32` or `float64`."""


class Records(Protocol):
    """An open source: records by number, counted from 0 in file order."""

    def __len__(self) -> int:
        """Number of records."""

    def read(self, numbers: np.ndarray[Any, Any]) -> tuple[np.ndarray[Any, Any], ...]:
        """The wanted fields of these records: for each an array (len(numbers), *shape) of its storage dtype. Raises SourceError."""


class Source:
    """A source kind: where records come from. NumPy only, imported inside the methods; the runtime runs it."""

    splits: ClassVar[bool] = False
    """Whether it has a training and a test part of its own (`split`)."""
    named: ClassVar[bool] = False
    """Whether its columns have names; else fields are taken in the order declared: features, then label."""

    def storage(self, field: TensorSpec) -> str:
        """NumPy dtype in which a field of this source travels: `int32` for labels, else `float32` unless a kind knows better."""
        return "float32" if field.dtype == "float" else "int32"

    def files(self) -> tuple[str, ...]:
        """Paths that it reads, as the user wrote them; none for data that come with singalang."""
        return ()

    def single(self, path: str) -> Source | None:
        """A source of the same format for the one record of a mean or std file; None where the kind has no such format."""
        return None

    def open(self, folder: Path, split: str, wanted: Sequence[Wanted]) -> Records:
        """Opens the records; relative paths lie under `folder`, `split` is `train`, `test` or `all`. Raises SourceError."""
        raise NotImplementedError


class Sink:
    """A sink kind: where outputs go."""

    arity: ClassVar[tuple[int, int | None]] = (1, 1)
