"""A group in one process trains as one worker does; what it leaves behind is what one worker leaves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from singalang_runtime.metrics_file import read_lines
from tests.runtime.conftest import Run
from tests.runtime.group.tiny_group import TinyGroup
from tests.runtime.tiny import Tiny, every

ACTS = (every("test", 20), every("checkpoint", 20), every("log", 1))
ALONE = Tiny(steps=40, noise=0.0, acts=ACTS)


def tensors(folder: Path, step: int) -> dict[str, np.ndarray[Any, Any]]:
    return load_file(folder / "checkpoints" / f"step-{step:08d}" / "tensors.safetensors")


@pytest.mark.parametrize(
    "group",
    [
        TinyGroup(),
        TinyGroup(rows=(2, 2)),
        TinyGroup(rows=(4, 2, 2), servers=3),
        TinyGroup(rows=(8,), servers=1),
        TinyGroup(apart=True, servers=1),
        TinyGroup(rows=(1, 1, 1, 1), apart=True, servers=3),
        TinyGroup(rows=(2, 2), exact=True),
    ],
    ids=str,
)
def test_a_group_trains_as_one_worker_does(group: TinyGroup, run: Run, tmp_path: Path) -> None:
    group = type(group)(**{**vars(group), "steps": 40, "acts": ACTS})
    assert run(ALONE, "alone").code == 0 and run(group, "group").code == 0
    one, other = (list(read_lines(tmp_path / name / "metrics.jsonl")) for name in ("alone", "group"))
    assert len(one) == 42
    for left, right in zip(one, other, strict=True):
        assert (left.phase, left.step) == (right.phase, right.step)
        assert [value for _, value in left.metrics] == pytest.approx([value for _, value in right.metrics], rel=2e-5)
    left_tensors, right_tensors = tensors(tmp_path / "alone", 40), tensors(tmp_path / "group", 40)
    assert {key for key in left_tensors} == {key for key in right_tensors}
    for key in left_tensors:
        if not key.startswith("metrics/"):
            assert left_tensors[key].shape == right_tensors[key].shape
            assert np.allclose(left_tensors[key], right_tensors[key], rtol=1e-5, atol=1e-6)
