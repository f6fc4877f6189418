"""The layer kind `batchnorm`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from singalang_compiler.library import expect
from singalang_compiler.library.context import Array, Context
from singalang_compiler.library.contract import Layer
from singalang_compiler.library.cuts import by_batch
from singalang_compiler.library.kinds import layer
from singalang_compiler.library.tensors import Cost, Inputs, Parameter, Partition, ShapeError, State, TensorSpec


@layer("batchnorm")
class BatchNorm(Layer):
    """Batch normalisation of each channel or feature: y = weight (x - mean) / sqrt(var + eps) + bias.

    While training, mean and var are those of the batch: records count by their weight, so those that only fill it up have
    no influence; var is the mean squared distance from the mean. Each step moves the running statistics,
    running = momentum running + (1 - momentum) batch, and all other phases use these. `over` says whose statistics count
    where several workers share a batch: those of the whole `batch`, or the `local` ones of each worker, which is cheaper
    and an approximation. At first weight is 1 and bias 0; either may be left out with `= none`.

    Shapes: [channels, height, width] -> the same, one mean for each channel; [n] and [time, n] -> the same, one for each
    feature.
    Source: Ioffe & Szegedy, 2015, "Batch normalization: accelerating deep network training by reducing internal covariate
    shift"; SINGA v0.3 reference 5.2 (kCudnnBM, whose running statistics are those of the last batch alone).
    """

    parameter_names = ("weight", "bias")
    layout = "channels_last"

    over: Literal["batch", "local"] = "batch"  # whose statistics: of the whole batch, or of each worker's part of it
    momentum: Annotated[float, "0 <= x < 1"] = 0.9  # share of the running statistics that stays in a step
    eps: Annotated[float, "x > 0"] = 1e-5  # what keeps the divisor above 0

    def shape(self, inputs: Inputs) -> TensorSpec:
        """The shape of the input."""
        shape = expect.some_axis(inputs)
        if len(shape) > 3:
            text = f"needs [channels, height, width], [n] or [time, n], not {inputs[0]}"
            raise ShapeError(text, hint="put `flatten` before it", input=0)
        return TensorSpec(shape)

    def parameters(self, inputs: Inputs) -> dict[str, Parameter]:
        """`weight` and `bias`, one of each for each channel or feature."""
        size = _features(inputs)
        return {
            "weight": Parameter((size,), 1.0, size, size, optional=True),
            "bias": Parameter((size,), 0.0, size, size, optional=True),
        }

    def state(self, inputs: Inputs) -> dict[str, State]:
        """The running `mean` and `var`."""
        size = _features(inputs)
        return {"mean": State((size,), 0.0), "var": State((size,), 1.0)}

    def forward(self, inputs: tuple[Array, ...], ctx: Context) -> Array:
        """Features lie along the last axis, of images as well. A batch without any weight leaves the statistics as they are."""
        np, x = ctx.ops.np, inputs[0]
        mean, var = self._of_batch(x, ctx) if ctx.training else (ctx.state["mean"], ctx.state["var"])
        factor = 1 / np.sqrt(var + self.eps)
        if "weight" in ctx.parameters:
            factor = factor * ctx.parameters["weight"]
        y = (x - mean) * factor
        return y + ctx.parameters["bias"] if "bias" in ctx.parameters else y

    def _of_batch(self, x: Array, ctx: Context) -> tuple[Array, Array]:
        np = ctx.ops.np
        total, mean, var = _measured(x, ctx) if ctx.statistics is None else _combined(ctx.statistics, np)
        for name, value in (("mean", mean), ("var", var)):
            moved = self.momentum * ctx.state[name] + (1 - self.momentum) * ctx.ops.stop_gradient(value)
            ctx.put(name, np.where(total > 0, moved, ctx.state[name]))
        return mean, var

    def exchange(self, inputs: Inputs) -> int:
        """A weight, and the mean and variance of each channel or feature."""
        return 1 + 2 * _features(inputs) if self.over == "batch" else 0

    def statistic(self, inputs: tuple[Array, ...], ctx: Context) -> Array:
        """The total weight of these records, then the means, then the variances."""
        total, mean, var = _measured(inputs[0], ctx)
        return ctx.ops.np.concatenate([total[None], mean, var])

    def approximation(self) -> str | None:
        """With `over = local` a part of a batch is normalised by its own statistics."""
        if self.over == "batch":
            return None
        return "each part of a batch is normalised by its own mean and variance, as `over = local` says, not by those of the whole"

    def partitions(self, inputs: Inputs) -> tuple[Partition, ...]:
        """By batch (with `over = batch` the workers exchange their statistics), and by channels or features."""
        axis = 2 if len(inputs[0].shape) == 2 else 1
        cut = {"weight": 0, "bias": 0}
        return by_batch(inputs), Partition("feature", (axis,), axis, cut, state={"mean": 0, "var": 0})

    def cost(self, inputs: Inputs) -> Cost:
        """Two reductions and a pass to normalise; backward the same again."""
        size = inputs[0].size
        return Cost(8 * size, 12 * size, 9 * size)


def _measured(x: Array, ctx: Context) -> tuple[Array, Array, Array]:
    """The total weight of the records, and the mean and variance of each feature; 0 where no record has any weight."""
    np = ctx.ops.np
    axes = tuple(range(x.ndim - 1))
    weights = ctx.weights.reshape(-1, *(1,) * (x.ndim - 1))
    total = np.sum(ctx.weights)
    share = weights / np.where(total > 0, total * (x.size // x.shape[0] // x.shape[-1]), 1)
    mean = np.sum(x * share, axis=axes)
    return total, mean, np.sum((x - mean) ** 2 * share, axis=axes)


def _combined(statistics: Array, np: Any) -> tuple[Array, Array, Array]:
    """What `_measured` would give of all workers' records together, from what it gave of each: a row for each worker.

    Chan, Golub & LeVeque, 1983, "Algorithms for computing the sample variance": no difference of large numbers is formed. Every
    worker adds in the order of workers, so all get the same numbers.
    """
    features = statistics.shape[1] // 2
    weights, means, variances = statistics[:, 0], statistics[:, 1 : 1 + features], statistics[:, 1 + features :]
    total = np.sum(weights)
    share = (weights / np.where(total > 0, total, 1))[:, None]
    mean = np.sum(share * means, axis=0)
    return total, mean, np.sum(share * (variances + (means - mean) ** 2), axis=0)


def _features(inputs: Inputs) -> int:
    shape = inputs[0].shape
    return shape[0] if len(shape) == 3 else shape[-1]
