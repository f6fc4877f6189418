"""Files cut short and files with flipped bytes: a source tells what is wrong or gives a result, and never does anything else."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from singalang_compiler.library.contract import SourceError
from tests.library.sources.makers import (
    csv_bytes,
    feature,
    gzip_bytes,
    idx_bytes,
    kvfile_bytes,
    label,
    npz_bytes,
    opened,
    pixel_kvfile,
    record_proto,
    source,
)

X = np.arange(12, dtype=np.uint8).reshape(3, 4) * 20
Y = np.array([0, 1, 2], np.uint8)
FIELDS = (feature("x", 4), label("y", 3))
WORDS = {"missing", "corrupt", "shape", "value", "empty", "column"}

FILES: dict[str, tuple[bytes, Callable[[], Any]]] = {
    "npz": (npz_bytes({"x": X, "y": Y}), lambda: source("npz", path="data")),
    "npz, compressed": (npz_bytes({"x": X, "y": Y}, compressed=True), lambda: source("npz", path="data")),
    "csv": (csv_bytes([[2, 0.5, "1e3", -4, 5], [1, '"2"', 3, 4, 5]], "\r\n"), lambda: source("csv", path="data")),
    "csv, with header": (csv_bytes([["y", *"abcd"], [2, 1, 2, 3, 4]]), lambda: source("csv", path="data", header=True)),
    "csv, gzip": (gzip_bytes(csv_bytes([[2, 1, 2, 3, 4]])), lambda: source("csv", path="data")),
    "idx images": (idx_bytes(X), lambda: source("idx", images="data", labels="labels")),
    "idx images, gzip": (gzip_bytes(idx_bytes(X)), lambda: source("idx", images="data", labels="labels")),
    "idx labels": (idx_bytes(Y), lambda: source("idx", images="images", labels="data")),
    "kvfile of pixels": (pixel_kvfile(X, Y.tolist()), lambda: source("kvfile", path="data")),
    "kvfile of numbers": (
        kvfile_bytes([record_proto(label=n, data=row, shape=(4,)) for n, row in enumerate([[1.5, 2, 3, 4]] * 3)]),
        lambda: source("kvfile", path="data", stored="f32"),
    ),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the sound halves of `idx`."""
    (tmp_path / "images").write_bytes(idx_bytes(X))
    (tmp_path / "labels").write_bytes(idx_bytes(Y))
    return tmp_path


def outcome(kind: str, content: bytes, folder: Path) -> str:
    """What reading a file with this content ends in: a problem, or `read`."""
    (folder / "data").write_bytes(content)
    try:
        records = opened(FILES[kind][1](), folder, *FIELDS)
        x, y = records.read(np.arange(len(records)))
    except SourceError as fault:
        assert fault.problem in WORDS and fault.text and fault.where
        return fault.problem
    assert len(records) > 0
    assert x.shape == (len(records), 4) and x.dtype in (np.uint8, np.float32) and np.isfinite(x).all()
    assert y.shape == (len(records),) and y.dtype == np.int32 and ((y >= 0) & (y < 3)).all()
    return "read"


@pytest.mark.parametrize("kind", FILES)
def test_a_file_cut_at_any_byte_is_told_or_read(kind: str, folder: Path) -> None:
    content = FILES[kind][0]
    assert outcome(kind, content, folder) == "read"
    found = {outcome(kind, content[:length], folder) for length in range(len(content))}
    assert found & {"corrupt", "empty", "shape"}
    if not kind.startswith("csv") or "gzip" in kind:  # a text may end anywhere
        whole_records = 2 if kind.startswith("kvfile") else 0
        read = sum(outcome(kind, content[:length], folder) == "read" for length in range(len(content)))
        assert read == whole_records


@pytest.mark.parametrize("kind", FILES)
def test_a_file_with_flipped_bytes_is_told_or_read(kind: str, folder: Path) -> None:
    content = FILES[kind][0]
    draw = random.Random(kind)
    found = set()
    for _ in range(400):
        broken = bytearray(content)
        for _ in range(draw.choice([1, 1, 2, 5])):
            broken[draw.randrange(len(broken))] = draw.randrange(256)
        found.add(outcome(kind, bytes(broken), folder))
    assert found - {"read"}


@pytest.mark.parametrize("kind", FILES)
def test_bytes_of_another_world_are_told(kind: str, folder: Path) -> None:
    draw = random.Random(kind)
    for other in FILES:
        if other.split(",")[0].split()[0] != kind.split(",")[0].split()[0]:
            assert outcome(kind, FILES[other][0], folder) != "read"
    for length in (1, 10, 1000):
        assert outcome(kind, draw.randbytes(length), folder) != "read"
