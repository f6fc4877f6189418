"""What layer kinds say of inputs that they cannot take, word by word."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from singalang_compiler.library import kinds
from singalang_compiler.library.tensors import Inputs, Shape, ShapeError, TensorSpec
from tests.library.layers.case import classes, numbers

LABELS = "class labels go into losses and metrics; feed this layer an `f32` value"
WHOLE = TensorSpec((3,), "i32")


def refused(kind: str, inputs: tuple[TensorSpec, ...], shared: Mapping[str, Shape] | None = None, **attributes: Any) -> ShapeError:
    """What a layer raises."""
    found = kinds.find("layers", kind)
    assert found is not None and found.cls is not None
    with pytest.raises(ShapeError) as caught:
        found.cls(**attributes).shape(Inputs(inputs, shared or {}))
    return caught.value


@pytest.mark.parametrize(
    "kind", ["relu", "dense", "conv", "maxpool", "avgpool", "batchnorm", "lrn", "softmax", "flatten", "concat"]
)
def test_class_labels_are_not_computed_with(kind: str) -> None:
    needed: dict[str, dict[str, Any]] = {"dense": {"units": 3}, "conv": {"filters": 3, "kernel": 3}}
    attributes: dict[str, Any] = needed.get(kind, {"kernel": 2} if kind.endswith("pool") else {})
    found = refused(kind, (classes(10),), **attributes)
    assert (found.text, found.hint) == ("a class label, class(10), where numbers to compute with are needed", LABELS)
    assert found.input == 0
    found = refused(kind, (WHOLE,), **attributes)
    assert (found.text, found.hint) == ("whole numbers where `f32` numbers are needed", "declare the field as `f32`")


@pytest.mark.parametrize(
    ("kind", "attributes", "inputs", "text", "hint", "blamed"),
    [
        ("dense", {}, (numbers(4),), "the number of units is not given", "say how wide it is: `dense(10)`", None),
        (
            "dense",
            {"units": 2},
            (numbers(),),
            "one number a record, where a list of numbers is needed",
            "declare the field as `f32[1]`",
            0,
        ),
        (
            "dense",
            {"units": 2},
            (numbers(2, 3, 4, 5),),
            "needs [n], [time, n] or an image, not [2, 3, 4, 5]",
            "put `flatten` before it",
            0,
        ),
        (
            "conv",
            {"filters": 8, "kernel": 3},
            (numbers(64),),
            "needs an image [channels, height, width], not [64]",
            "declare the field as an image: [1, 8, 8]",
            0,
        ),
        (
            "conv",
            {"filters": 8, "kernel": 3},
            (numbers(10),),
            "needs an image [channels, height, width], not [10]",
            "declare the field as an image: [1, height, width]",
            0,
        ),
        (
            "lrn",
            {},
            (numbers(28, 20),),
            "needs an image [channels, height, width], not [28, 20]",
            "give it an axis for the channels: [1, 28, 20]",
            0,
        ),
        ("maxpool", {"kernel": 2}, (numbers(),), "needs an image [channels, height, width], not []", None, 0),
        (
            "conv",
            {"filters": 8, "kernel": (5, 3)},
            (numbers(3, 4, 9),),
            "a kernel of 5x3 does not fit into an image of 4x9",
            "make the kernel smaller or the padding larger, or take out a pool or stride before it",
            0,
        ),
        (
            "avgpool",
            {"kernel": 7, "pad": (1, 2)},
            (numbers(3, 4, 4),),
            "a kernel of 7x7 does not fit into an image of 4x4 with `pad = (1, 2)`",
            "make the kernel smaller or the padding larger, or take out a pool or stride before it",
            0,
        ),
        (
            "maxpool",
            {"kernel": 2, "pad": 2},
            (numbers(3, 4, 4),),
            "`pad = 2` with a kernel of 2x2 makes windows that hold nothing but padding",
            "`pad` must be smaller than the kernel",
            None,
        ),
        (
            "avgpool",
            {"kernel": "global", "stride": 2},
            (numbers(3, 4, 4),),
            "`global` is one window, the whole image",
            "leave out `stride` and `pad`",
            None,
        ),
        (
            "lrn",
            {"size": 4},
            (numbers(8, 3, 3),),
            "`size` is 4, and no channel is in the middle of 4",
            "`size = 3` or `size = 5`",
            None,
        ),
        (
            "batchnorm",
            {},
            (numbers(2, 3, 4, 5),),
            "needs [channels, height, width], [n] or [time, n], not [2, 3, 4, 5]",
            "put `flatten` before it",
            0,
        ),
        ("softmax", {}, (numbers(3, 4, 4),), "needs scores [n] or [time, n], not [3, 4, 4]", "put `flatten` before it", 0),
        (
            "add",
            {},
            (numbers(64, 16, 16), numbers(64, 32, 32)),
            "[64, 16, 16] and [64, 32, 32]",
            "both sides of `+` need the same shape; match `filters` and `stride`, or project the skip path with a 1x1 `conv`",
            1,
        ),
        ("mul", {}, (numbers(3), numbers(3), numbers(4)), "[3] and [4]", "both sides of `*` need the same shape", 2),
        ("concat", {"axis": 2}, (numbers(3),), "[3] has no axis 2", "axes count the batch as 0, so at most 1", 0),
        ("concat", {}, (numbers(),), "[] has no axis 1", "axes count the batch as 0, so none", 0),
        (
            "concat",
            {},
            (numbers(3, 4, 4), numbers(2, 4, 5)),
            "[3, 4, 4] and [2, 4, 5]",
            "all axes but axis 1 need the same lengths; axes count the batch as 0",
            1,
        ),
        (
            "concat",
            {},
            (numbers(3, 4), numbers(3)),
            "[3, 4] and [3]",
            "all axes but axis 1 need the same lengths; axes count the batch as 0",
            1,
        ),
        (
            "softmax_loss",
            {},
            (numbers(10, 1, 1), classes(10)),
            "needs scores [classes] or [time, classes], not [10, 1, 1]",
            "put `flatten` before it",
            0,
        ),
        (
            "square_loss",
            {},
            (numbers(5), numbers(3)),
            "a prediction of [5] for a target of [3]",
            "the target has 3 numbers a record: let the net end with as many",
            0,
        ),
        (
            "square_loss",
            {},
            (numbers(3, 2, 2), numbers(12)),
            "a prediction of [3, 2, 2] for a target of [12]",
            "put `flatten` before the loss",
            0,
        ),
        (
            "square_loss",
            {},
            (numbers(1), numbers()),
            "a prediction of [1] for a target of []",
            "declare the target with the shape [1]",
            0,
        ),
    ],
)
def test_a_layer_says_what_is_wrong_and_what_to_do(
    kind: str, attributes: Mapping[str, Any], inputs: tuple[TensorSpec, ...], text: str, hint: str | None, blamed: int | None
) -> None:
    found = refused(kind, inputs, **attributes)
    assert (found.text, found.hint, found.input) == (text, hint, blamed)


def test_a_weight_of_another_layer_must_fit() -> None:
    found = refused("dense", (numbers(7),), {"weight": (6, 4)})
    assert found.text == "a weight of [6, 4] for 7 inputs"
    assert found.hint == "weights are stored (inputs, units); `transpose(...)` swaps them"
    assert refused("dense", (numbers(6),), {"weight": (6, 4, 1)}).text == "a weight of [6, 4, 1] for 6 inputs"
    found = refused("dense", (numbers(6),), {"weight": (6, 4)}, units=5)
    assert found.text == "`units` is 5, and the weight taken from another layer has 4"
    assert found.hint == "leave `units` out, or write `dense(4, ...)`"


def test_scores_and_labels_must_belong_together() -> None:
    """The words are those of the metric kind `accuracy`."""
    assert refused("softmax_loss", (numbers(12), classes(10))).hint == "end the net with `dense(10)`"
    assert refused("softmax_loss", (numbers(4, 10), classes(10))).input == 1
    assert refused("softmax_loss", (numbers(10), numbers(10))).input == 1
    assert refused("softmax_loss", (classes(10), numbers(10))).input == 0
    assert "the best 11 of 10 classes" in refused("softmax_loss", (numbers(10), classes(10)), topk=11).text


def test_sizes_are_rounded_down() -> None:
    """SINGA's CIFAR-10 and AlexNet: Caffe, which rounds pools up, comes to other sizes."""
    for kind, attributes, size, wanted in (
        ("maxpool", {"kernel": 3, "stride": 2}, (32, 32, 32), (32, 15, 15)),
        ("avgpool", {"kernel": 3, "stride": 2}, (32, 15, 15), (32, 7, 7)),
        ("avgpool", {"kernel": 3, "stride": 2}, (64, 7, 7), (64, 3, 3)),
        ("conv", {"filters": 96, "kernel": 11, "stride": 4}, (3, 227, 227), (96, 55, 55)),
        ("maxpool", {"kernel": 2}, (3, 7, 9), (3, 3, 4)),
        ("avgpool", {"kernel": "global"}, (3, 7, 9), (3, 1, 1)),
    ):
        found = kinds.find("layers", kind)
        assert found is not None and found.cls is not None
        assert found.cls(**attributes).shape(Inputs((numbers(*size),))).shape == wanted
