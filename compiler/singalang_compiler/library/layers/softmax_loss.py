"""The layer kind `softmax_loss`."""

from __future__ import annotations

from typing import Annotated, Literal

from singalang_compiler.library import expect
from singalang_compiler.library.context import Array, Context
from singalang_compiler.library.contract import Layer
from singalang_compiler.library.kinds import layer
from singalang_compiler.library.metrics.accuracy import check_labelled, found_in_top
from singalang_compiler.library.tensors import Cost, Inputs, ShapeError, TensorSpec


@layer("softmax_loss")
class SoftmaxLoss(Layer):
    """Cross-entropy of scores and a class label: loss = -scale ln(exp(x_label) / sum_j exp(x_j)). Scores of any size are safe.

    Of a sequence the loss is the mean over its steps, or with `reduce = sum_time` their sum. It also reports `accuracy`:
    the share of the labels among the `topk` best scores, as the metric kind `accuracy` counts them (of equal scores the
    smaller class is ahead); `scale` does not touch it. It predicts the probabilities of the classes.

    Shapes: scores [classes], labels class(classes) -> one number a record; scores [time, classes], labels
    class(classes)[time] -> one number a record.
    Source: Bridle, 1990, "Probabilistic interpretation of feedforward classification network outputs"; SINGA v0.3 reference 5.5
    (there `scale` multiplies the accuracy too).
    """

    arity = (2, 2)
    metric_names = ("accuracy",)
    is_loss = True

    topk: Annotated[int, "x >= 1"] = 1  # how many of the best scores count for the accuracy
    scale: float = 1.0  # weight of this loss in the objective
    reduce: Literal["mean", "sum_time"] = "mean"  # what is made of the steps of a sequence

    def shape(self, inputs: Inputs) -> TensorSpec:
        """One number for each record."""
        expect.numbers(Inputs(inputs.tensors[:1]))
        if len(inputs[0].shape) > 2:
            raise ShapeError(f"needs scores [classes] or [time, classes], not {inputs[0]}", hint="put `flatten` before it", input=0)
        check_labelled(inputs, self.topk)
        return TensorSpec(())

    def forward(self, inputs: tuple[Array, ...], ctx: Context) -> Array:
        """The logarithm of the label's probability is picked by comparison: its gradient needs no scatter."""
        np, (scores, labels) = ctx.ops.np, inputs
        ctx.metric("accuracy", found_in_top(scores, labels, self.topk, ctx.ops))
        own = np.arange(scores.shape[-1]) == labels[..., None]
        losses = -np.sum(np.where(own, ctx.ops.log_softmax(scores), 0), axis=-1).reshape(scores.shape[0], -1)
        return self.scale * (losses.mean(axis=1) if self.reduce == "mean" else losses.sum(axis=1))

    def predict(self, inputs: tuple[Array, ...], ctx: Context) -> Array:
        """The probability of each class: the shape of the scores."""
        return ctx.ops.np.exp(ctx.ops.log_softmax(inputs[0]))

    def cost(self, inputs: Inputs) -> Cost:
        """An exponential, two reductions and comparisons for each score; backward the probabilities."""
        size = inputs[0].size
        return Cost(16 * size, 4 * size, 6 * size, 4 * size)
