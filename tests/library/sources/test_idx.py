"""The source `idx`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from singalang_compiler.library.contract import SourceError
from tests.library.sources.makers import IDX_TYPES, feature, gzip_bytes, idx_bytes, label, opened, read_all, source

IMAGES = np.arange(5 * 3 * 2, dtype=np.uint8).reshape(5, 3, 2) * 8
LABELS = np.array([3, 0, 9, 1, 1], np.uint8)


@pytest.fixture(params=["plain", "gzip"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A folder with both files."""
    pack = gzip_bytes if request.param == "gzip" else bytes
    (tmp_path / "images").write_bytes(pack(idx_bytes(IMAGES)))
    (tmp_path / "labels").write_bytes(pack(idx_bytes(LABELS)))
    return tmp_path


def test_images_and_labels_are_read(folder: Path) -> None:
    images, labels = read_all(source("idx", images="images", labels="labels"), folder, feature("image", 1, 3, 2), label())
    assert images.dtype == np.uint8 and labels.dtype == np.int32
    np.testing.assert_array_equal(images, IMAGES[:, None])
    np.testing.assert_array_equal(labels, LABELS)


def test_labels_may_be_left_out_where_nobody_wants_them(folder: Path) -> None:
    (images,) = read_all(source("idx", images="images"), folder, feature("image", 6))
    np.testing.assert_array_equal(images, IMAGES.reshape(5, 6))


@pytest.mark.parametrize("kind", sorted(IDX_TYPES))
def test_every_type_of_the_format_is_read(kind: str, tmp_path: Path) -> None:
    values = np.array([[1, 2], [3, 100]]).astype(kind)
    (tmp_path / "values").write_bytes(idx_bytes(values))
    (read,) = read_all(source("idx", images="values", stored="f32"), tmp_path, feature("x", 2))
    assert read.dtype == np.float32
    np.testing.assert_array_equal(read, [[1, 2], [3, 100]])


@pytest.mark.parametrize(
    ("images", "labels", "problem", "text"),
    [
        (idx_bytes(IMAGES)[:-1], idx_bytes(LABELS), "corrupt", r"5 x 3 x 2 values should follow in 30 bytes, but there are 29"),
        (idx_bytes(IMAGES) + b"x", idx_bytes(LABELS), "corrupt", r"in 30 bytes, but there are 31"),
        (b"\x89PNG" + bytes(40), idx_bytes(LABELS), "corrupt", r"begins with the bytes 89 50 4e 47"),
        (b"\0\0\x08\0", idx_bytes(LABELS), "corrupt", r"begins with the bytes"),
        (b"", idx_bytes(LABELS), "corrupt", r"within its first four bytes"),
        (idx_bytes(IMAGES)[:6], idx_bytes(LABELS), "corrupt", r"within its list of lengths"),
        (idx_bytes(IMAGES[:0]), idx_bytes(LABELS[:0]), "empty", r"no record"),
        (idx_bytes(IMAGES[:, :0]), idx_bytes(LABELS), "corrupt", r"records have no values"),
        (idx_bytes(IMAGES), idx_bytes(LABELS[:4]), "corrupt", r"4 labels for 5 records in `images`"),
        (idx_bytes(LABELS), idx_bytes(IMAGES), "shape", r"a record has 1 values, but `image` takes 6"),
        (idx_bytes(IMAGES.astype("f4")), idx_bytes(LABELS), "value", r"of type float32, not bytes"),
        (idx_bytes(IMAGES), idx_bytes(LABELS + 1), "value", r"`label` is 10, outside the classes 0 to 9"),
        (idx_bytes(IMAGES), idx_bytes(IMAGES), "shape", r"a record has 6 values, but `label` takes one"),
        (gzip_bytes(idx_bytes(IMAGES))[:-9], idx_bytes(LABELS), "corrupt", r"gzip file ends too early"),
        (gzip_bytes(idx_bytes(IMAGES))[:12] + bytes(30), idx_bytes(LABELS), "corrupt", r"gzip file is damaged"),
    ],
)
def test_a_broken_file_is_told(images: bytes, labels: bytes, problem: str, text: str, tmp_path: Path) -> None:
    (tmp_path / "images").write_bytes(images)
    (tmp_path / "labels").write_bytes(labels)
    with pytest.raises(SourceError, match=text) as caught:
        opened(source("idx", images="images", labels="labels"), tmp_path, feature("image", 6), label())
    assert caught.value.problem == problem


def test_wanted_labels_without_a_file_are_told(folder: Path) -> None:
    with pytest.raises(SourceError, match="no file for `label`") as caught:
        opened(source("idx", images="images"), folder, feature("image", 6), label())
    assert caught.value.problem == "column"


def test_a_file_that_is_not_there_is_told_with_the_nearest_name(tmp_path: Path) -> None:
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(b"")
    with pytest.raises(SourceError) as caught:
        opened(source("idx", images="train-images-idx3-ubyte"), tmp_path, feature("image", 6))
    assert caught.value.problem == "missing"
    assert caught.value.hint == "did you mean `train-images-idx3-ubyte.gz`?"
