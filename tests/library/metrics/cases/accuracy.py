from __future__ import annotations

from typing import Any

import numpy as np

from singalang_compiler.library.metrics.accuracy import Accuracy
from singalang_compiler.library.tensors import TensorSpec
from tests.library.metrics.case import Case


def _formula(topk: int) -> Any:
    def found(scores: Any, labels: Any) -> float:
        if scores.ndim > 1:
            return float(np.mean([found(*pair) for pair in zip(scores, labels, strict=True)]))
        best = sorted(range(len(scores)), key=lambda place: (-scores[place], place))
        return float(labels in best[:topk])

    return found


def _scores(*shape: int) -> TensorSpec:
    return TensorSpec(shape)


def _labels(classes: int, *shape: int) -> TensorSpec:
    return TensorSpec(shape, "i32", classes)


CASES = {
    "best": Case(
        Accuracy(),
        (_scores(7), _labels(7)),
        _formula(1),
        wrong=(
            ((_scores(7), _scores(7)), "not classes"),
            ((_scores(), _labels(7)), "one number a record"),
            ((_scores(7), _labels(8)), "7 scores for 8 classes"),
            ((_scores(5, 7), _labels(7)), r"need labels of shape \[5\], not \[\]"),
            ((_scores(7), _labels(7, 5)), r"scores of shape \[7\] need labels of shape one class a record, not \[5\]"),
        ),
    ),
    "best three": Case(
        Accuracy(topk=3), (_scores(7), _labels(7)), _formula(3), wrong=(((_scores(2), _labels(2)), "the best 3 of 2 classes"),)
    ),
    "all": Case(Accuracy(topk=4), (_scores(4), _labels(4)), lambda scores, labels: 1.0),
    "each step": Case(Accuracy(), (_scores(6, 4), _labels(4, 6)), _formula(1)),
    "each step, best two": Case(Accuracy(topk=2), (_scores(3, 2, 5), _labels(5, 3, 2)), _formula(2)),
}
