"""The source `kvfile`."""

from __future__ import annotations

import gc
import struct
from pathlib import Path

import numpy as np
import pytest

from singalang_compiler.library.contract import SourceError
from tests.library.sources.makers import (
    feature,
    kvfile_bytes,
    label,
    opened,
    pixel_kvfile,
    read_all,
    record_proto,
    source,
)

INTEROP = Path(__file__).parents[2] / "interop"
PAIR = (feature("x", 4), label("y", 300))


def put(folder: Path, content: bytes) -> Path:
    (folder / "data.bin").write_bytes(content)
    return folder


def test_a_file_that_singa_wrote_is_read() -> None:
    images, labels = read_all(source("kvfile", path="tiny_mnist.kv"), INTEROP, feature("image", 28, 28), label())
    assert images.dtype == np.uint8 and images.shape == (20, 28, 28)
    raw = (INTEROP / "tiny_mnist.kv").read_bytes()
    stride = len(raw) // 20
    for number in range(20):
        record = raw[number * stride : (number + 1) * stride]
        assert record[8:16] == b"%08d" % number
        assert record[28] == 0x10 and labels[number] == record[29]
        assert record[33 : 33 + 784] == images[number].tobytes()


def test_images_and_labels_come_back_in_any_order(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    images = draw.integers(0, 256, (50, 2, 2), dtype=np.uint8)
    labels = draw.integers(0, 10, 50)
    put(tmp_path, pixel_kvfile(images, labels.tolist()))
    records = opened(source("kvfile", path="data.bin"), tmp_path, feature("image", 1, 2, 2), label())
    assert len(records) == 50
    for numbers in (np.arange(50), np.array([3]), np.array([49, 0, 7, 7, 8]), draw.permutation(50), np.arange(0)):
        x, y = records.read(numbers)
        np.testing.assert_array_equal(x[:, 0], images[numbers])
        np.testing.assert_array_equal(y, labels[numbers])


def test_labels_of_different_lengths_come_back(tmp_path: Path) -> None:
    labels = [0, 127, 128, 299, 5, 130, 131]
    put(tmp_path, kvfile_bytes([record_proto(label=each, pixel=bytes([1, 2, 3, 4])) for each in labels]))
    assert read_all(source("kvfile", path="data.bin"), tmp_path, *PAIR)[1].tolist() == labels
    put(tmp_path, kvfile_bytes([record_proto(label=each, pixel=bytes([1, 2, 3, 4])) for each in labels[2:4]]))
    assert read_all(source("kvfile", path="data.bin"), tmp_path, *PAIR)[1].tolist() == labels[2:4]


@pytest.mark.parametrize("packed", [True, False])
def test_records_of_numbers_come_back(packed: bool, tmp_path: Path) -> None:
    rows = [[0.5, -1, 2, 3], [4, 5, 6e30, 7]]
    put(tmp_path, kvfile_bytes([record_proto(label=n, data=row, packed=packed) for n, row in enumerate(rows)]))
    x, y = read_all(source("kvfile", path="data.bin", stored="f32"), tmp_path, *PAIR)
    assert x.dtype == np.float32
    np.testing.assert_array_equal(x, np.array(rows, np.float32))
    assert y.tolist() == [0, 1]


def test_numbers_win_over_pixels_and_records_may_differ(tmp_path: Path) -> None:
    values = [
        record_proto(label=1, pixel=bytes(9), data=[1, 2, 3, 4]),
        record_proto(label=2, pixel=bytes([5, 6, 7, 8])),
        b"\x10\x07" + record_proto(label=3, data=[9, 10]) + record_proto(data=[11, 12]),
        b"\x48\x96\x01" + b"\x51" + bytes(8) + b"\x5a\x02ab" + b"\x65" + bytes(4) + record_proto(label=4, data=[0] * 4),
    ]
    put(tmp_path, kvfile_bytes(values))
    x, y = read_all(source("kvfile", path="data.bin", stored="f32"), tmp_path, *PAIR)
    np.testing.assert_array_equal(x, [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12], [0] * 4])
    assert y.tolist() == [1, 2, 3, 4]


def test_pixels_may_travel_as_numbers(tmp_path: Path) -> None:
    put(tmp_path, pixel_kvfile(np.array([[0, 1, 254, 255]], np.uint8), [1]))
    (x,) = read_all(source("kvfile", path="data.bin", stored="f32"), tmp_path, PAIR[0])
    assert x.dtype == np.float32 and x.tolist() == [[0, 1, 254, 255]]


def test_several_fields_share_the_values(tmp_path: Path) -> None:
    put(tmp_path, pixel_kvfile(np.array([[1, 2, 3], [4, 5, 6]], np.uint8), [1, 0]))
    b, y, a = read_all(source("kvfile", path="data.bin"), tmp_path, feature("b", 1, 1), label(), feature("a", 2))
    assert (b.tolist(), y.tolist(), a.tolist()) == ([[[1]], [[4]]], [1, 0], [[2, 3], [5, 6]])


def test_a_folder_stands_for_the_shard_in_it(tmp_path: Path) -> None:
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "shard.dat").write_bytes(pixel_kvfile(np.array([[1, 2, 3, 4]], np.uint8), [1]))
    assert read_all(source("kvfile", path="train"), tmp_path, *PAIR)[0].tolist() == [[1, 2, 3, 4]]


def test_a_folder_without_a_shard_is_told(tmp_path: Path) -> None:
    (tmp_path / "train").mkdir()
    with pytest.raises(SourceError, match=r"there is no file `train/shard\.dat`"):
        opened(source("kvfile", path="train"), tmp_path, *PAIR)


GOOD = record_proto(label=1, pixel=bytes(4))


@pytest.mark.parametrize(
    ("content", "problem", "where", "text"),
    [
        (b"", "empty", "data.bin", "no record"),
        (kvfile_bytes([GOOD, GOOD])[:-1], "corrupt", "data.bin, record 2", "truncated or damaged: its last 31 bytes"),
        (kvfile_bytes([GOOD, GOOD])[:37], "corrupt", "data.bin, record 2", "its last 5 bytes are not a whole record"),
        (b"label,x\n1,2\n3,4\n5,6\n", "corrupt", "data.bin, record 1", "truncated, or not a kvfile"),
        (kvfile_bytes([b"\xff" * 12]), "corrupt", "data.bin, record 1", "a number of it does not end"),
        (kvfile_bytes([b"\x1a\x7fab"]), "corrupt", "data.bin, record 1", "goes on beyond its end"),
        (kvfile_bytes([b"\x10\x01\x1f"]), "corrupt", "data.bin, record 1", "type"),
        (kvfile_bytes([b"\x10\x01\x22\x03abc"]), "corrupt", "data.bin, record 1", "not a multiple of four"),
        (kvfile_bytes([record_proto(pixel=bytes(4))]), "column", "data.bin, record 1", "no label for `y`"),
        (kvfile_bytes([record_proto(label=1)]), "shape", "data.bin, record 1", "has 0 values, but `x` takes 4"),
        (kvfile_bytes([record_proto(label=1, pixel=bytes(5))]), "shape", "data.bin, record 1", "has 5 values"),
        (kvfile_bytes([record_proto(label=1, data=[1, 2, 3, 4])]), "value", "data.bin, record 1", "travels as bytes"),
        (kvfile_bytes([record_proto(label=-1, pixel=bytes(4))]), "value", "data.bin, record 1", "`y` is -1, outside"),
        (kvfile_bytes([record_proto(label=300, pixel=bytes(4))]), "value", "data.bin, record 1", "`y` is 300, outside"),
    ],
)
def test_a_broken_file_is_told_with_its_record(content: bytes, problem: str, where: str, text: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=text) as caught:
        opened(source("kvfile", path="data.bin"), put(tmp_path, content), *PAIR)
    assert (caught.value.problem, caught.value.where) == (problem, where)


@pytest.mark.parametrize("bad", [b"\x10\x01\x1a\x05abcde", b"\xff", record_proto(pixel=bytes(4))])
def test_a_broken_record_in_the_middle_is_told_when_it_is_read(bad: bytes, tmp_path: Path) -> None:
    records = opened(source("kvfile", path="data.bin"), put(tmp_path, kvfile_bytes([GOOD, GOOD, bad, GOOD])), *PAIR)
    with pytest.raises(SourceError) as caught:
        records.read(np.arange(4))
    assert caught.value.where == "data.bin, record 3"


def test_a_number_that_is_not_finite_is_told(tmp_path: Path) -> None:
    put(tmp_path, kvfile_bytes([record_proto(label=0, data=[1, 2, float("inf"), 4])]))
    with pytest.raises(SourceError, match="`x` is inf, not a finite number"):
        opened(source("kvfile", path="data.bin", stored="f32"), tmp_path, *PAIR)


def test_a_file_that_shrinks_in_use_is_told(tmp_path: Path) -> None:
    records = opened(
        source("kvfile", path="data.bin"),
        put(tmp_path, kvfile_bytes([record_proto(label=1, pixel=bytes(40000))] * 2)),
        feature("x", 40000),
    )
    put(tmp_path, b"short")
    with pytest.raises(SourceError, match="became shorter while it was in use"):
        records.read(np.array([1]))


def test_a_length_of_nearly_all_bytes_there_are_takes_no_memory(tmp_path: Path) -> None:
    put(tmp_path, struct.pack("<Q", 2**62) + bytes(100))
    with pytest.raises(SourceError):
        opened(source("kvfile", path="data.bin"), tmp_path, *PAIR)


def test_the_file_is_closed_when_nobody_holds_the_records(tmp_path: Path) -> None:
    records = opened(source("kvfile", path="data.bin"), put(tmp_path, kvfile_bytes([GOOD])), *PAIR)
    stream = records.file._stream  # type: ignore[attr-defined]
    del records
    gc.collect()
    assert stream.closed
