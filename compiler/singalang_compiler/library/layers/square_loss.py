"""The layer kind `square_loss`."""

from __future__ import annotations

from singalang_compiler.library import expect
from singalang_compiler.library.context import Array, Context
from singalang_compiler.library.contract import Layer
from singalang_compiler.library.cuts import along_features, by_batch
from singalang_compiler.library.kinds import layer
from singalang_compiler.library.tensors import Cost, Inputs, Partition, ShapeError, TensorSpec


@layer("square_loss")
class SquareLoss(Layer):
    """Half the squared distance of a prediction from its target: loss = scale / 2 sum of (target - prediction)^2.

    The sum runs over all elements of a record, so the gradient at the prediction is prediction - target. Both inputs get
    one; a field of the data has no use for it. It predicts its first input as it is.

    Shapes: prediction and target of one shape -> one number a record.
    Source: Legendre, 1805 (least squares); SINGA v0.3 reference 5.5 (kEuclideanLoss: the same gradient, twice the value).
    """

    arity = (2, 2)
    is_loss = True

    scale: float = 1.0  # weight of this loss in the objective

    def shape(self, inputs: Inputs) -> TensorSpec:
        """One number for each record."""
        expect.numbers(inputs)
        prediction, target = inputs.tensors
        if prediction.shape != target.shape:
            raise ShapeError(f"a prediction of {prediction} for a target of {target}", hint=_hint(inputs), input=0)
        return TensorSpec(())

    def forward(self, inputs: tuple[Array, ...], ctx: Context) -> Array:
        """Over all axes but the batch."""
        distance = (inputs[0] - inputs[1]).reshape(inputs[0].shape[0], -1)
        return 0.5 * self.scale * ctx.ops.np.sum(distance * distance, axis=1)

    def partitions(self, inputs: Inputs) -> tuple[Partition, ...]:
        """By batch; by channels or features, and by steps of sequences, the pieces are summands."""
        _, *cuts = along_features(inputs)
        return by_batch(inputs), *(Partition("feature", cut.inputs, None, partial=True) for cut in cuts)

    def cost(self, inputs: Inputs) -> Cost:
        """A difference, a square and a sum for each element; backward the difference."""
        size = inputs[0].size
        return Cost(3 * size, 2 * size, 5 * size)


def _hint(inputs: Inputs) -> str:
    prediction, target = inputs.tensors
    if prediction.size != target.size:
        return f"the target has {target.size} numbers a record: let the net end with as many"
    if len(target.shape) == 1:
        return "put `flatten` before the loss"
    return f"declare the target with the shape {prediction}"
