"""Opening data: everything that can be wrong with them is told at once, with a code."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest

from singalang_compiler.plan import DataRecord, FieldRecord, KindRecord
from singalang_grammar.diagnostics import Severity
from singalang_runtime.feed.faults import BrokenData
from singalang_runtime.feed.open import open_feed
from tests.library.sources.makers import csv_bytes, feature, idx_bytes, kvfile_bytes, label, npz_bytes, pixel_kvfile, record_proto
from tests.runtime.feed.records import digits, faults, feed, section, use

ROWS = csv_bytes([[1, 10, 11], [0, 20, 21], [2, 30, 31]])
FIELDS = (feature("x", 2), label("y", 3))


def csv_section(folder: Path, rows: bytes = ROWS, name: str = "d", fields: tuple[FieldRecord, ...] = FIELDS) -> DataRecord:
    """A section over a text, called `d.csv` for the section `d`."""
    (folder / f"{name}.csv").write_bytes(rows)
    return section(name, fields, {"train": use("csv", {"path": f"{name}.csv"})})


@pytest.mark.parametrize(
    ("rows", "code", "title", "where"),
    [
        (b"", "E0605", "the file holds no record", "d.csv"),
        (b"1,2,3,4\n", "E0603", "a record has 3 values, but `x` takes 2", "d.csv, line 1"),
        (b"1,2,3\n1,2\n", "E0602", "the line has 2 values, but the lines before it have 3", "d.csv, line 2"),
        (b"1,2,3\n7,2,3\n", "E0604", "`y` is 7, outside the classes 0 to 2", "d.csv, line 2"),
    ],
)
def test_a_fault_of_a_file_has_its_code(rows: bytes, code: str, title: str, where: str, tmp_path: Path) -> None:
    (found,) = faults(csv_section(tmp_path, rows), folder=tmp_path)
    assert (found.code, found.title, found.where, found.severity) == (code, title, where, Severity.ERROR)


def test_a_missing_array_and_a_missing_file_have_their_codes(tmp_path: Path) -> None:
    (tmp_path / "d.npz").write_bytes(npz_bytes({"x": np.ones((3, 2)), "label": np.arange(3)}))
    data = section("d", FIELDS, {"train": use("npz", {"path": "d.npz"}), "test": use("npz", {"path": "e.npz"})})
    column, missing = faults(data, folder=tmp_path)
    assert (column.code, column.title) == ("E0606", "the file has no array `y`")
    assert (missing.code, missing.title, missing.hint) == ("E0601", "there is no file `e.npz`", "did you mean `d.npz`?")


def test_all_faults_of_all_sections_and_phases_are_told_in_one_run_and_once(tmp_path: Path) -> None:
    one = section("one", FIELDS, {"train": use("csv", {"path": "no.csv"}), "test": use("csv", {"path": "no.csv"})})
    two = section("two", FIELDS, {"train": use("csv", {"path": "t.csv"}), "test": use("npz", {"path": "no.npz"})})
    (tmp_path / "t.csv").write_bytes(b"x\n")
    assert [found.code for found in faults(one, two, folder=tmp_path)] == ["E0601", "E0604", "E0601"]


def test_phases_are_those_that_every_section_has(tmp_path: Path) -> None:
    other = csv_section(tmp_path, csv_bytes([[0, 1, 2]] * 1442))
    other = section("d", FIELDS, {"train": use("csv", {"path": "d.csv"}, 64, shuffle=True)})
    assert set(feed(digits(), other, folder=tmp_path).phases) == {"train"}
    assert set(feed(digits()).phases) == {"train", "test"}
    assert set(feed(digits(), phases=["test"]).phases) == {"test"}


def test_record_i_of_each_section_belongs_together(tmp_path: Path) -> None:
    left = section("left", (feature("a"),), {"train": use("csv", {"path": "left.csv"}, 3, shuffle=True)})
    right = section("right", (feature("b"),), {"train": use("csv", {"path": "right.csv"}, 3, shuffle=True)})
    (tmp_path / "left.csv").write_bytes(csv_bytes([[number] for number in range(10)]))
    (tmp_path / "right.csv").write_bytes(csv_bytes([[number * number] for number in range(10)]))
    opened = feed(left, right, folder=tmp_path)
    assert opened.names == ("left.a", "right.b")
    for number in range(10):
        a, b = opened.take(number)
        np.testing.assert_array_equal(a * a, b)


@pytest.mark.parametrize(
    ("rows", "second", "where"),
    [
        (2, use("csv", {"path": "two.csv"}), "train: records 3 and 2"),
        (3, use("csv", {"path": "two.csv"}, 3), "train: batch 2 and 3"),
        (3, use("csv", {"path": "two.csv"}, shuffle=True), "train: shuffle false and true"),
        (3, use("csv", {"path": "two.csv"}, random_skip=5), "train: random_skip 0 and 5"),
    ],
)
def test_sections_that_differ_are_told(rows: int, second: object, where: str, tmp_path: Path) -> None:
    one = csv_section(tmp_path, name="one")
    csv_section(tmp_path, csv_bytes([[0, 1, 2]] * rows), name="two")
    two = section("two", FIELDS, {"train": second})  # type: ignore[dict-item]
    (found,) = faults(one, two, folder=tmp_path)
    assert (found.code, found.where) == ("E0609", where)


def test_another_number_of_records_than_written_is_a_warning(tmp_path: Path) -> None:
    data = csv_section(tmp_path)
    outcome = open_feed([section("d", data.fields, data.sources, records=5)], seed=0, folder=tmp_path, beside=tmp_path)
    assert outcome.value is not None
    assert [(found.code, found.severity) for found in outcome.diagnostics] == [("E0611", Severity.WARNING)]
    assert feed(section("d", data.fields, data.sources, records=3), folder=tmp_path).phases["train"].records == 3


def test_fields_that_are_not_wanted_need_not_be_there(tmp_path: Path) -> None:
    without = csv_section(tmp_path, csv_bytes([[10, 11], [20, 21]]))
    for data in (without, csv_section(tmp_path, ROWS, "e")):
        (x,) = feed(data, folder=tmp_path, fields=[f"{data.name}.x"]).take(0)
        np.testing.assert_array_equal(x, [[10, 11], [20, 21]])
    (labels,) = feed(digits(shuffle=False), fields=["digits.label"]).take(0)
    assert labels.shape == (64,)


def test_a_column_that_only_its_label_tells_apart_is_still_left_out(tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_bytes(b"a,b,y\n10,11,1\n20,21,0\n")
    data = section("d", FIELDS, {"test": use("csv", {"path": "d.csv", "header": True})})
    opened = feed(data, folder=tmp_path, fields=["d.x"])
    (part,) = opened.phases["test"].evaluate()
    assert opened.names == ("d.x",)
    np.testing.assert_array_equal(part.arrays[0], [[10, 11], [20, 21]])


def test_a_section_of_which_nothing_is_wanted_gives_nothing(tmp_path: Path) -> None:
    opened = feed(digits(), fields=[])
    assert opened.names == () and opened.take(0) == ()


# Mean and std


def with_statistics(folder: Path, mean: str | None, std: str | None = None, kind: str = "kvfile") -> DataRecord:
    """A section of images of two values whose mean and deviation are in files."""
    (folder / "d.bin").write_bytes(pixel_kvfile(np.array([[1, 2], [3, 4]], np.uint8), [0, 1]))
    image = FieldRecord(name="image", shape=(2, 1), dtype="float", storage="uint8", mean_file=mean, std_file=std)
    if kind == "digits":
        image = FieldRecord(name="image", shape=(64,), dtype="float", storage="uint8", mean_file=mean, std_file=std)
    return section("d", (image, label()), {"train": use(kind, {"path": "d.bin"} if kind == "kvfile" else {})})


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("mean.bin", kvfile_bytes([record_proto(data=[0.5, 7])])),
        ("mean.npz", npz_bytes({"image": np.array([0.5, 7])})),
        ("mean.npz", npz_bytes({"image": np.array([[[0.5], [7]]]), "other": np.ones(2)})),
        ("mean.csv", b"0.5,7\n"),
    ],
)
def test_mean_and_std_come_from_files_of_one_record(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    statistic = feed(with_statistics(tmp_path, name, name), folder=tmp_path).statistics["d.image"]
    for value in (statistic.mean, statistic.std):
        assert value is not None and value.dtype == np.float64
        np.testing.assert_array_equal(value, [[0.5], [7]])
    assert feed(with_statistics(tmp_path, None, name), folder=tmp_path).statistics["d.image"].mean is None
    assert feed(digits()).statistics == {}


def test_a_mean_file_of_digits_has_the_format_of_its_name(tmp_path: Path) -> None:
    np.savez(tmp_path / "mean.npz", image=np.arange(64.0))
    statistic = feed(with_statistics(tmp_path, "mean.npz", kind="digits"), folder=tmp_path).statistics["d.image"]
    np.testing.assert_array_equal(statistic.mean, np.arange(64.0))


def test_a_mean_file_of_idx_images_is_an_idx_file(tmp_path: Path) -> None:
    (tmp_path / "images").write_bytes(idx_bytes(np.zeros((3, 2), np.uint8)))
    (tmp_path / "mean").write_bytes(idx_bytes(np.array([[0.25, 0.5]])))
    image = FieldRecord(name="image", shape=(2,), dtype="float", storage="uint8", mean_file="mean")
    data = section("d", (image,), {"train": use("idx", {"images": "images"})})
    np.testing.assert_array_equal(feed(data, folder=tmp_path).statistics["d.image"].mean, [0.25, 0.5])


@pytest.mark.parametrize(
    ("content", "title"),
    [
        (None, "the `std` file of `image` cannot be used: there is no file `std.csv`"),
        (b"1,2\n3,4\n", "the `std` file of `image` cannot be used: the file holds 2 records instead of one"),
        (b"1,2,3,4\n", "the `std` file of `image` cannot be used: a record has 4 values, but `image` takes 2"),
        (b"1,0\n", "the `std` file of `image` cannot be used: value 2 is 0, and values are divided by it"),
        (b"1,nan\n", "the `std` file of `image` cannot be used: `image` is nan, not a finite number"),
    ],
)
def test_a_std_file_that_cannot_be_used_is_told(content: bytes | None, title: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "std.csv").write_bytes(content)
    (found,) = faults(with_statistics(tmp_path, None, "std.csv"), folder=tmp_path)
    assert (found.code, found.title) == ("E0607", title)


# A user's own source

MINE = '''
from __future__ import annotations
import numpy as np
from singalang_compiler.library.contract import Source, SourceError
from singalang_compiler.library.kinds import source

@source("counting")
class Counting(Source):
    """Counts."""

    count: int
    steps: tuple[int, ...] = (1,)
    fault: str = ""

    def open(self, folder, split, wanted):
        if self.fault == "open":
            raise KeyError("no such thing")
        if self.fault == "told":
            raise SourceError("missing", "the counter is not here", where="counter")
        self_ = self
        class Records:
            def __len__(self):
                return self_.count
            def read(self, numbers):
                made = [np.broadcast_to((numbers * self_.steps[0]).reshape(-1, *[1] * len(f.shape)), (len(numbers), *f.shape))
                        .astype(f.storage) for f in wanted]
                if self_.fault == "read" and 4 in numbers:
                    return 1 / 0
                if self_.fault == "fields":
                    made.pop()
                if self_.fault == "dtype":
                    made[0] = made[0].astype("float16")
                if self_.fault == "classes":
                    made[1] = made[1] + 3
                return made
        return Records()
'''


def counting(folder: Path, **attributes: object) -> DataRecord:
    """A section over a user's source."""
    (folder / "mine.py").write_text(MINE)
    return section("d", (feature("x", 2), label("y", 3)), {"train": use("counting", attributes, file="mine.py")})


def test_a_users_source_feeds_like_any_other(tmp_path: Path) -> None:
    opened = feed(counting(tmp_path, count=3, steps=[1]), folder=tmp_path)
    x, y = opened.take(1)
    assert x.tolist() == [[2, 2], [0, 0]] and y.tolist() == [2, 0]


@pytest.mark.parametrize(
    ("attributes", "code", "title", "where"),
    [
        ({"count": 0}, "E0605", "the source holds no record", "counting"),
        ({"count": 3, "fault": "open"}, "E0610", "the source `counting` failed: KeyError: 'no such thing'", "mine.py, line 17"),
        ({"count": 3, "fault": "told"}, "E0601", "the counter is not here", "counter"),
        ({"count": 3, "fault": "fields"}, "E0610", "the source `counting` gave 1 fields where 2 were wanted", "mine.py"),
        (
            {"count": 3, "fault": "dtype"},
            "E0610",
            "the source `counting` gave `x` as float16 [1, 2], and not as float32 [1, 2]",
            "mine.py",
        ),
        ({"count": 3, "fault": "classes"}, "E0610", "the source `counting` gave a `y` outside the classes 0 to 2", "mine.py"),
        ({"count": 9, "steps": [0], "fault": "read"}, "E0610", "failed: ZeroDivisionError: division by zero", "mine.py, line 28"),
    ],
)
def test_the_faults_of_a_users_source_are_told(
    attributes: dict[str, object], code: str, title: str, where: str, tmp_path: Path
) -> None:
    data = counting(tmp_path, **attributes)
    (tmp_path / "mine.py").rename(tmp_path / "0123abcd.py")
    source = KindRecord(kind="counting", attributes=attributes, file="0123abcd.py")
    renamed = section("d", data.fields, {"train": msgspec.structs.replace(data.sources["train"], source=source)})
    (found,) = faults(renamed, folder=tmp_path, written={"0123abcd.py": "mine.py"})
    assert found.code == code and title in found.title and found.where == where


def test_a_users_source_that_fails_later_says_so(tmp_path: Path) -> None:
    opened = feed(counting(tmp_path, count=9, steps=[0], fault="read"), folder=tmp_path, memory_bytes=0)
    opened.take(0)
    with pytest.raises(BrokenData) as caught:
        opened.take(2)
    assert caught.value.diagnostic.code == "E0610"


@pytest.mark.parametrize(
    ("content", "title"),
    [
        (None, "the source `counting` needs the file `mine.py` beside the kernels, which is not there"),
        ("import nowhere_at_all", "the source `counting` failed: ModuleNotFoundError: No module named 'nowhere_at_all'"),
        ("x = (", "the source `counting` failed: SyntaxError: '(' was never closed"),
        ("x = 1", "the source `counting` is not in the file `mine.py`"),
    ],
)
def test_a_users_file_that_cannot_be_used_is_told(content: str | None, title: str, tmp_path: Path) -> None:
    data = counting(tmp_path, count=1)
    (tmp_path / "mine.py").unlink() if content is None else (tmp_path / "mine.py").write_text(content)
    (found,) = faults(data, folder=tmp_path)
    assert found.code == "E0610" and found.title.startswith(title)
