"""The source `npz`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from singalang_compiler.library.contract import SourceError
from singalang_compiler.library.reading.columns import ArrayRecords
from tests.library.sources.makers import Array, feature, label, npz_bytes, opened, read_all, source

X = np.arange(12.0).reshape(4, 3) / 8
Y = np.array([0, 1, 2, 1])


def put(folder: Path, **arrays: Array) -> Path:
    (folder / "data.npz").write_bytes(npz_bytes(arrays))
    return folder


@pytest.mark.parametrize("compressed", [False, True])
def test_fields_take_the_arrays_of_their_names(compressed: bool, tmp_path: Path) -> None:
    (tmp_path / "data.npz").write_bytes(npz_bytes({"y": Y, "x": X, "z": X}, compressed))
    x, y = read_all(source("npz", path="data.npz"), tmp_path, feature("x", 3), label("y", 3))
    assert x.dtype == np.float32 and y.dtype == np.int32
    np.testing.assert_array_equal(x, X)
    np.testing.assert_array_equal(y, Y)


def test_a_file_that_numpy_wrote_is_read(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "data.npz", x=np.asfortranarray(X), y=Y[:, None])
    x, y = read_all(source("npz", path="data.npz"), tmp_path, feature("x", 1, 3), label("y", 3))
    np.testing.assert_array_equal(x, X[:, None])
    records = opened(source("npz", path="data.npz"), tmp_path, feature("x", 3))
    assert isinstance(records, ArrayRecords) and records.arrays[0].flags.c_contiguous
    np.testing.assert_array_equal(y, Y)


@pytest.mark.parametrize("dtype", ["?", "i1", "u1", "i2", ">i4", "u8", "f2", ">f4", "f8"])
def test_every_type_of_number_is_read(dtype: str, tmp_path: Path) -> None:
    put(tmp_path, x=np.array([[0, 1], [1, 1]]).astype(dtype))
    (x,) = read_all(source("npz", path="data.npz"), tmp_path, feature("x", 2))
    np.testing.assert_array_equal(x, [[0, 1], [1, 1]])


@pytest.mark.parametrize(("stored", "dtype"), [("u8", "uint8"), ("f32", "float32"), ("f64", "float64")])
def test_features_travel_as_the_program_says(stored: str, dtype: str, tmp_path: Path) -> None:
    put(tmp_path, x=np.array([[0, 255]], np.int64))
    (x,) = read_all(source("npz", path="data.npz", stored=stored), tmp_path, feature("x", 2))
    assert x.dtype == dtype
    np.testing.assert_array_equal(x, [[0, 255]])


@pytest.mark.parametrize(
    ("arrays", "problem", "text"),
    [
        ({"y": Y, "X": X}, "column", "no array `x`"),
        ({"x": X, "y": Y[:3]}, "corrupt", "`y` has 3 records, but `x` has 4"),
        ({"x": X[:, :2], "y": Y}, "shape", "`x` has 2 values in a record, but is declared with 3"),
        ({"x": X[:0], "y": Y[:0]}, "empty", "no record"),
        ({"x": np.float64(1), "y": Y}, "shape", "single number"),
        ({"x": X.astype(object), "y": Y}, "value", "of type object"),
        ({"x": X.astype("U4"), "y": Y}, "value", "not of numbers"),
        ({"x": X + 0j, "y": Y}, "value", "complex128"),
        ({"x": np.where(X > 1, np.nan, X), "y": Y}, "value", "`x` is nan, not a finite number"),
        ({"x": X * 1e300, "y": Y}, "value", "too large for float32"),
        ({"x": X, "y": Y + 0.5}, "value", "`y` is 0.5, not a whole number"),
        ({"x": X, "y": Y - 1}, "value", "`y` is -1, outside the classes 0 to 2"),
    ],
)
def test_arrays_that_do_not_fit_are_told(arrays: dict[str, Any], problem: str, text: str, tmp_path: Path) -> None:
    put(tmp_path, **arrays)
    with pytest.raises(SourceError, match=text) as caught:
        opened(source("npz", path="data.npz"), tmp_path, feature("x", 3), label("y", 3))
    assert caught.value.problem == problem


def test_a_value_that_bytes_cannot_hold_is_told_with_its_record(tmp_path: Path) -> None:
    put(tmp_path, x=np.array([[1, 2], [3, 256]]))
    with pytest.raises(SourceError, match="`x` is 256, outside 0 to 255") as caught:
        opened(source("npz", path="data.npz", stored="u8"), tmp_path, feature("x", 2))
    assert caught.value.where == "data.npz, record 2"


def test_a_pickle_is_never_loaded(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return (open, (str(tmp_path / "sprung"), "w"))

    put(tmp_path, x=np.array([[Trap()]], object))
    with pytest.raises(SourceError):
        opened(source("npz", path="data.npz"), tmp_path, feature("x", 1))
    assert not (tmp_path / "sprung").exists()


def test_the_record_of_a_mean_file_may_come_without_an_axis_of_records(tmp_path: Path) -> None:
    for arrays in ({"x": X[0]}, {"x": X[:1]}, {"whatever": X[0]}):
        put(tmp_path, **arrays)
        single = source("npz", path="other.npz").single("data.npz")
        assert single is not None
        np.testing.assert_array_equal(read_all(single, tmp_path, feature("x", 3))[0], X[:1])
