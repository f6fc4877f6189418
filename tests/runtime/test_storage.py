"""Names of checkpoints, lines of metrics, locks, files that are whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from singalang_compiler.plan_group import BufferRecord, Segment
from singalang_runtime.checkpoint.manifest import folder_name, place_of
from singalang_runtime.checkpoint.read import names
from singalang_runtime.layout import Layout, Place
from singalang_runtime.lock import Lock, is_held
from singalang_runtime.metrics_file import Line, MetricsFile, read_lines
from singalang_runtime.storage import StorageFailed, write_whole, writing


@given(st.lists(st.from_regex(r"[a-z_][a-z0-9_.]*", fullmatch=True), min_size=1, max_size=3, unique=True), st.integers(0, 10**10))
def test_a_checkpoints_name_tells_its_place(sections: list[str], step: int) -> None:
    for number, section in enumerate(sections):
        assert place_of(folder_name(sections, section, step), sections) == (number, step)


def test_checkpoints_come_in_the_order_of_the_job(tmp_path: Path) -> None:
    for name in (
        "b-step-00000010",
        "a-step-00000200",
        "a-step-00000090",
        ".a-step-00000300.new",
        "a-step-5",
        "c-step-00000001",
        "x",
    ):
        (tmp_path / name).mkdir()
    assert names(tmp_path, ["b", "a"]) == ["b-step-00000010", "a-step-00000090", "a-step-00000200"]
    assert names(tmp_path / "none", ["a"]) == []


def test_a_line_that_is_cut_short_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"train": "t", "phase": "test", "step": 3, "loss": 0.1}\n[]\n{"train": "t", "phase": "te')
    assert list(read_lines(path)) == [Line("t", "test", 3, (("loss", 0.1),))]
    assert list(read_lines(tmp_path / "none")) == []


def test_metrics_are_cut_and_go_on(tmp_path: Path) -> None:
    file = MetricsFile(tmp_path / "metrics.jsonl")
    places = []
    for step in range(3):
        file.add(Line("t", "train", step, (("loss", step / 7),)))
        places.append(file.sync())
    file.cut(places[0])
    file.add(Line("t", "train", 9, ()))
    file.close()
    assert [line.step for line in read_lines(tmp_path / "metrics.jsonl")] == [0, 9]


def test_a_lock_is_held_by_one(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert not is_held(path)
    lock = Lock.take(path)
    assert lock is not None and is_held(path) and Lock.take(path) is None
    lock.release()
    lock.release()
    assert not is_held(path)


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    write_whole(path, b"old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(StorageFailed) as failure, writing(path, "a file"):
        write_whole(path, b"new")
    assert failure.value.diagnostic.code == "E0805"
    assert path.read_bytes() == b"old" and [one.name for one in tmp_path.iterdir()] == ["file"]


def test_tensors_go_into_buffers_and_come_out_again() -> None:
    big = BufferRecord(name="parameters/w", size=6, segments=(Segment(name="w", offset=0, size=6),))
    small = BufferRecord(
        name="parameters/small", size=3, segments=(Segment(name="b", offset=0, size=2), Segment(name="c", offset=2, size=1))
    )
    places = (
        Place("parameters/w", 0, 0, 6, (2, 3)),
        Place("parameters/b", 1, 0, 2, (2,)),
        Place("parameters/c", 1, 2, 1, ()),
    )
    layout = Layout((big, small), places, np.dtype("float32"))
    tensors = {
        "parameters/w": np.arange(6, dtype=np.float32).reshape(2, 3),
        "parameters/b": np.array([7, 8], np.float32),
        "parameters/c": np.array(9, np.float32),
    }
    arrays = layout.join(tensors)
    assert [array.tolist() for array in arrays] == [[0, 1, 2, 3, 4, 5], [7, 8, 9]]
    for key, tensor in layout.split(arrays).items():
        assert np.array_equal(tensor, tensors[key]) and tensor.shape == tensors[key].shape
    assert layout.join({})[1].tolist() == [0, 0, 0]
