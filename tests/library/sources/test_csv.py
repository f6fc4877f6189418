"""The source `csv`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from singalang_compiler.library.contract import SourceError
from singalang_compiler.library.reading.columns import ArrayRecords
from singalang_compiler.plan import FieldRecord
from tests.library.sources.makers import Array, feature, gzip_bytes, label, opened, read_all, source

PAIR = (feature("x", 2), label("y", 3))


def read(folder: Path, text: str | bytes, *fields: FieldRecord, **attributes: Any) -> tuple[Array, ...]:
    """The fields of a text."""
    (folder / "data.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_all(source("csv", path="data.csv", **attributes), folder, *(fields or PAIR))


@pytest.mark.parametrize(
    ("text", "attributes"),
    [
        ("1,0.5,2\n2,-3e2,.25\n", {}),
        ("1,0.5,2\r\n2,-3e2,.25\r\n", {}),
        ("1,0.5,2\r2,-3e2,.25", {}),
        ("\n1,0.5,2\n\n   \n2,-3e2,.25\n\n", {}),
        ("# label, x\n1,0.5,2\n  # more\n2,-3e2,.25\n", {}),
        ("% label, x\n1,0.5,2\n2,-3e2,.25\n", {"comment": "%"}),
        ('"1","0.5","2"\n 2 , "-3e2" ,.25\n', {}),
        ("1;0.5;2\n2;-3e2;.25\n", {"separator": ";"}),
        ("1\t0.5\t2\n2\t-3e2\t.25\n", {"separator": "\t"}),
        ("1;0.5,2\n2,-3e2;.25\n", {"separator": ",;"}),
        ("1  0.5 2\n  2 -3e2\t.25 \n", {"separator": " "}),
        ("0.5,2,1\n-3e2,.25,2\n", {"label": "last"}),
        ("\ufeff1,0.5,2\n2,-3e2,.25\n", {}),
        (gzip_bytes(b"1,0.5,2\n2,-3e2,.25\n"), {}),
        ("y,x1,x2\n1,0.5,2\n2,-3e2,.25\n", {"header": True}),
        ('# made today\n x1 ,"y", x2\n0.5,1,2\n-3e2,2,.25\n', {"header": True}),
        ("a,b,c\n0.5,2,1\n-3e2,.25,2\n", {"header": True, "label": "last"}),
    ],
)
def test_texts_of_many_forms_say_the_same(text: str | bytes, attributes: dict[str, Any], tmp_path: Path) -> None:
    x, y = read(tmp_path, text, **attributes)
    assert x.dtype == np.float32 and y.dtype == np.int32
    np.testing.assert_array_equal(x, [[0.5, 2], [-300, 0.25]])
    np.testing.assert_array_equal(y, [1, 2])


def test_features_are_shared_out_in_the_order_declared(tmp_path: Path) -> None:
    fields = (feature("a"), label("y", 3), feature("b", 2, 1))
    a, y, b = read(tmp_path, "2,10,11,12\n0,20,21,22\n", *fields)
    np.testing.assert_array_equal(a, [10, 20])
    np.testing.assert_array_equal(y, [2, 0])
    np.testing.assert_array_equal(b, [[[11], [12]], [[21], [22]]])


def test_labels_with_a_shape_are_features_and_the_last_single_one_is_the_label(tmp_path: Path) -> None:
    fields = (label("colour", 3), label("words", 9, 2), label("y", 5))
    colour, words, y = read(tmp_path, "4,2,7,8\n", *fields)
    assert (colour.tolist(), words.tolist(), y.tolist()) == ([2], [[7, 8]], [4])


def test_with_a_header_single_fields_take_the_columns_of_their_names_and_others_may_lie_idle(tmp_path: Path) -> None:
    text = "height,colour,weight,kind\n1,0,2,1\n3,2,4,0\n"
    kind, weight = read(tmp_path, text, label("kind", 2), feature("weight", 1), header=True)
    np.testing.assert_array_equal(kind, [1, 0])
    np.testing.assert_array_equal(weight, [[2], [4]])


def test_a_label_that_nobody_wants_is_passed_over(tmp_path: Path) -> None:
    assert read(tmp_path, "1,5,6\n", feature("x", 2))[0].tolist() == [[5, 6]]
    assert read(tmp_path, "5,6,1\n", feature("x", 2), label="last")[0].tolist() == [[5, 6]]
    assert read(tmp_path, "5,6\n", feature("x", 2))[0].tolist() == [[5, 6]]


def test_the_values_of_a_record_lie_together(tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("1,2,3\n2,5,6\n")
    records = opened(source("csv", path="data.csv"), tmp_path, *PAIR)
    assert isinstance(records, ArrayRecords)
    assert all(array.flags.c_contiguous for array in records.arrays)


def test_with_64_bits_no_digit_is_lost(tmp_path: Path) -> None:
    (x,) = read(tmp_path, "0.1234567890123456\n", feature("x"), stored="f64")
    assert x.tolist() == [0.1234567890123456]


@pytest.mark.parametrize(
    ("text", "attributes", "problem", "where", "words"),
    [
        ("1,2,3\n1,2\n", {}, "corrupt", "data.csv, line 2", "the line has 2 values, but the lines before it have 3"),
        ("\n# c\n1,2,3\n\n1,2,3,4\n", {}, "corrupt", "data.csv, line 5", "has 4 values"),
        ("1,2,3\n1,,3\n", {}, "value", "data.csv, line 2", "a value is missing"),
        ("1,2,3\n1,2,3x\n", {}, "value", "data.csv, line 2", "`3x` is not a number"),
        ("1,2,3\n1,0x10,1_0\n", {}, "value", "data.csv, line 2", "`0x10` is not a number"),
        ("y,a,b\n1,2,3\n", {}, "value", "data.csv, line 1", "`y` is not a number"),
        ("1,2,3\n1,nan,3\n", {}, "value", "data.csv, line 2", "`x` is nan, not a finite number"),
        ("1,2,3\n1,2,-Inf\n", {}, "value", "data.csv, line 2", "`x` is -inf, not a finite"),
        ("1,2,3\n1,2,1e99\n", {}, "value", "data.csv, line 2", "too large for float32"),
        ("1,2,3\n3,2,1\n", {}, "value", "data.csv, line 2", "`y` is 3, outside the classes 0 to 2"),
        ("1.5,2,3\n", {}, "value", "data.csv, line 1", "`y` is 1.5, not a whole number"),
        ("1,2\n", {}, "shape", "data.csv, line 1", "a record has 1 values, but `x` takes 2"),
        ("1,2,3,4\n", {}, "shape", "data.csv, line 1", "a record has 3 values, but `x` takes 2"),
        ("1;2;3\n", {}, "value", "data.csv, line 1", "`1;2;3` is not a number"),
        ('1,"2,3\n', {}, "corrupt", "data.csv, line 1", "quotes of the line do not match"),
        ("", {}, "empty", "data.csv", "no record"),
        ("# nothing\n\n", {}, "empty", "data.csv", "no record"),
        ("y,a,b\n", {"header": True}, "empty", "data.csv", "no record"),
        ("y,a,b,c\n1,2,3\n", {"header": True}, "corrupt", "data.csv, line 2", "3 values, but the header has 4 names"),
        ("a,b\n1,2\n", {"header": True}, "shape", "data.csv, line 2", "a record has 1 values"),
        (b"1,2,3\n1,\xff,3\n", {}, "corrupt", "data.csv, line 2", "not a text in UTF-8"),
        ("1,2,3\n", {"separator": ""}, "corrupt", "data.csv", "cannot separate"),
    ],
)
def test_a_fault_is_told_with_its_line(
    text: str | bytes, attributes: dict[str, Any], problem: str, where: str, words: str, tmp_path: Path
) -> None:
    with pytest.raises(SourceError, match=words) as caught:
        read(tmp_path, text, **attributes)
    assert (caught.value.problem, caught.value.where) == (problem, where)


def test_names_on_the_first_line_bring_a_hint(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        read(tmp_path, "y,a,b\n1,2,3\n")
    assert caught.value.hint == "if the first line holds the names of the columns, write `header = true`"


def test_a_file_that_is_not_there_is_told_with_the_nearest_name(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "train.csv").write_text("1,2,3\n")
    with pytest.raises(SourceError) as caught:
        opened(source("csv", path="in/trian.csv"), tmp_path, *PAIR)
    assert (caught.value.problem, caught.value.hint) == ("missing", "did you mean `in/train.csv`?")
    with pytest.raises(SourceError, match="is a folder, not a file"):
        opened(source("csv", path="in"), tmp_path, *PAIR)
    with pytest.raises(SourceError) as caught:
        opened(source("csv", path="out/train.csv"), tmp_path, *PAIR)
    assert f"there is no folder `{tmp_path / 'out'}`" in str(caught.value.hint)
    with pytest.raises(SourceError) as caught:
        opened(source("csv", path="in/else.dat"), tmp_path, *PAIR)
    assert caught.value.hint == "relative paths are looked for under `--data`, by default the current folder"


@pytest.mark.parametrize("path", ["", ".", "/", "a\0b", "x" * 5000, "../" * 50 + "nowhere/x"])
@pytest.mark.parametrize("kind", ["csv", "npz", "kvfile"])
def test_paths_that_are_no_files_are_told(kind: str, path: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        opened(source(kind, path=path), tmp_path, *PAIR)
    assert caught.value.problem == "missing"
