"""The digits that come with singalang."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from singalang_compiler.library.contract import SourceError
from tests.library.sources.makers import feature, label, opened, read_all, source


def test_the_digits_are_those_of_scikit_learn() -> None:
    theirs = pytest.importorskip("sklearn.datasets").load_digits()
    images, labels = read_all(source("digits"), Path(), feature("image", 64), label())
    assert images.dtype == np.uint8 and labels.dtype == np.int32
    np.testing.assert_array_equal(images, theirs.data)
    np.testing.assert_array_equal(labels, theirs.target)


def test_every_fifth_record_of_each_class_is_for_testing() -> None:
    digits = source("digits")
    whole = read_all(digits, Path(), feature("image", 64), label())
    seen = dict.fromkeys(range(10), 0)
    test: list[int] = []
    train: list[int] = []
    for number, digit in enumerate(whole[1].tolist()):
        seen[digit] += 1
        (test if seen[digit] % 5 == 0 else train).append(number)
    assert (len(train), len(test)) == (1442, 355)
    for split, numbers in (("train", train), ("test", test)):
        for all_of_it, part in zip(whole, read_all(digits, Path(), feature("image", 64), label(), split=split), strict=True):
            np.testing.assert_array_equal(part, all_of_it[numbers])


def test_an_image_is_reshaped_row_after_row_to_the_declared_shape() -> None:
    flat = read_all(source("digits"), Path(), feature("image", 64))[0]
    square = read_all(source("digits"), Path(), feature("image", 1, 8, 8))[0]
    assert square.shape == (1797, 1, 8, 8)
    np.testing.assert_array_equal(square[5, 0, 3], flat[5, 24:32])


def test_fields_may_be_declared_label_first() -> None:
    labels, images = read_all(source("digits"), Path(), label(), feature("image", 64))
    assert labels.shape == (1797,) and images.shape == (1797, 64)


def test_another_number_of_pixels_is_told() -> None:
    with pytest.raises(SourceError, match="a record has 64 values, but `image` takes 100") as caught:
        opened(source("digits"), Path(), feature("image", 10, 10), label())
    assert caught.value.problem == "shape"


def test_too_few_classes_are_told_with_the_record() -> None:
    with pytest.raises(SourceError, match="`label` is 5, outside the classes 0 to 4") as caught:
        opened(source("digits"), Path(), feature("image", 64), label(classes=5))
    assert (caught.value.problem, caught.value.where) == ("value", "digits, record 6")
