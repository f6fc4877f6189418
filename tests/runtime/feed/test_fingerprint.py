"""Data that changed since a run began."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec
import numpy as np

from singalang_runtime.feed.fingerprint import Fingerprint, changed
from tests.library.sources.makers import csv_bytes, feature, pixel_kvfile
from tests.runtime.feed.records import digits, feed, section, use

X = (feature("x", 2),)


def prints(folder: Path, kind: str = "csv", path: str = "d.csv") -> Fingerprint:
    """The fingerprint of a section."""
    return feed(section("d", X, {"train": use(kind, {"path": path})}), folder=folder).fingerprint


def test_a_fingerprint_is_sizes_and_hashes_of_the_ends(tmp_path: Path) -> None:
    content = csv_bytes([[number, 0.125] for number in range(300_000)])
    assert len(content) > 3 << 20
    (tmp_path / "d.csv").write_bytes(content)
    (only,) = prints(tmp_path)["d.train"].files
    assert (only.path, only.bytes) == ("d.csv", len(content))
    assert only.sha256 == hashlib.sha256(content[: 1 << 20] + content[-(1 << 20) :]).hexdigest()


def test_a_file_between_one_and_two_mebibytes_is_hashed_whole_and_once(tmp_path: Path) -> None:
    content = csv_bytes([[number, 0.125] for number in range(100_000)])
    assert 1 << 20 < len(content) < 2 << 20
    (tmp_path / "d.csv").write_bytes(content)
    assert prints(tmp_path)["d.train"].files[0].sha256 == hashlib.sha256(content).hexdigest()


def test_it_goes_to_json_and_back(tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_bytes(csv_bytes([[1, 2]]))
    before = prints(tmp_path)
    assert msgspec.json.decode(msgspec.json.encode(before), type=Fingerprint) == before
    assert changed(before, prints(tmp_path)) == ()


def test_other_records_and_another_content_are_told(tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_bytes(csv_bytes([[1, 2]]))
    before = prints(tmp_path)
    (tmp_path / "d.csv").write_bytes(csv_bytes([[1, 3]]))
    (found,) = changed(before, prints(tmp_path))
    assert (found.code, found.title) == ("E0608", "the data of `d.train` changed since the run began")
    assert found.where == "it has another content of `d.csv`"
    (tmp_path / "d.csv").write_bytes(csv_bytes([[1, 2], [1, 2]]))
    (found,) = changed(before, prints(tmp_path))
    assert found.where == "it has 2 records instead of 1"


def test_the_files_of_a_folder_count(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    data = section("d", X, {"train": use("kvfile", {"path": "d", "stored": "f32"})})
    made = []
    for last in (1, 2):
        (tmp_path / "d" / "shard.dat").write_bytes(pixel_kvfile(np.array([[0, last]], np.uint8), [0]))
        made.append(feed(data, folder=tmp_path).fingerprint)
        assert [file.path for file in made[-1]["d.train"].files] == ["d/shard.dat"]
    (found,) = changed(*made)
    assert found.where == "it has another content of `d/shard.dat`"


def test_the_digits_have_records_alone() -> None:
    found = feed(digits()).fingerprint
    assert {name: (each.records, each.files) for name, each in found.items()} == {
        "digits.train": (1442, ()),
        "digits.test": (355, ()),
    }
