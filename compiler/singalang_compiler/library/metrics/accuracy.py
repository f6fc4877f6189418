"""The metric kind `accuracy`, and the one function that says when a class counts as found; losses report it by the same."""

from __future__ import annotations

from typing import Annotated

from singalang_compiler.library.context import Array, Ops
from singalang_compiler.library.contract import Metric
from singalang_compiler.library.kinds import metric
from singalang_compiler.library.tensors import Inputs, ShapeError


@metric("accuracy")
class Accuracy(Metric):
    """Share of the records whose class is among the `topk` best scores.

    A class is found where fewer than `topk` classes are ahead of it: those with a larger score, and those with an equal
    score and a smaller number, so that with `topk = 1` it is found where it is the argmax. A score that is not a number
    is ahead of every other, and finds nothing itself: a net whose scores are not numbers has accuracy 0, not 1.

    Shapes: scores [..., classes], labels class(classes)[...]. The value of a record is the mean over its labels, for
    instance over the steps of a sequence.
    Source: SINGA v0.3 reference 5.5 and 5.6 (there the larger number wins among equal scores).
    """

    arity = (2, 2)
    better = "higher"
    percent = True

    topk: Annotated[int, "x >= 1"] = 1  # how many of the best scores count

    def check(self, inputs: Inputs) -> None:
        check_labelled(inputs, self.topk)

    def measure(self, inputs: tuple[Array, ...], ops: Ops) -> Array:
        scores, labels = inputs
        return found_in_top(scores, labels, self.topk, ops)


def check_labelled(inputs: Inputs, topk: int = 1) -> None:
    """Checks that the inputs are scores and the class labels that they are for. Raises ShapeError."""
    scores, labels = inputs[0], inputs[1]
    if labels.classes is None:
        raise ShapeError(f"the labels are numbers of shape {labels}, not classes", hint="declare them as `class(n)`", input=1)
    if not scores.shape:
        raise ShapeError("the scores are one number a record, not one for each class", input=0)
    if scores.shape[:-1] != labels.shape:
        wanted = list(scores.shape[:-1]) or "one class a record"
        hint = None if labels.shape else "layers take a value of two axes as a sequence; `flatten` makes one row of a record"
        text = f"scores of shape {scores} need labels of shape {wanted}, not {list(labels.shape)}"
        raise ShapeError(text, hint=hint, input=1)
    if scores.shape[-1] != labels.classes:
        raise ShapeError(
            f"{scores.shape[-1]} scores for {labels.classes} classes",
            hint=f"end the net with `dense({labels.classes})`",
            input=0,
        )
    if topk > scores.shape[-1]:
        raise ShapeError(f"the best {topk} of {scores.shape[-1]} classes", hint="let `topk` be at most the number of classes")


def found_in_top(scores: Array, labels: Array, topk: int, ops: Ops) -> Array:
    """For each record the share of its labels, 0 to 1, found among the `topk` best scores: (batch,), in the scores' dtype.

    `scores` is (batch, ..., classes), `labels` (batch, ...) whole numbers. The rule is the one of `Accuracy`.
    """
    np = ops.np
    places = np.arange(scores.shape[-1])
    own = places == labels[..., None]
    score = np.sum(np.where(own, scores, 0), axis=-1, keepdims=True)
    # Written with "not less", so that a score that is not a number counts as ahead.
    ahead = np.where(places < labels[..., None], ~(scores < score), ~(scores <= score)) & ~own
    found = (np.sum(ahead, axis=-1) < topk).astype(scores.dtype)
    return found.reshape(found.shape[0], -1).mean(axis=1)
