"""The tensors that a section begins with are made one by one, and only those that are asked for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from singalang_runtime.device import open_device
from singalang_runtime.execute import needed_kernels
from singalang_runtime.first_tensors import FirstTensors
from singalang_runtime.kernels import Kernel
from singalang_runtime.layout import Layout
from tests.runtime.group.drive import job_of
from tests.runtime.group.test_local import GROUP


def test_only_what_is_asked_for_and_not_known_is_made(compiled: Path, tmp_path: Path) -> None:
    path = GROUP.write(tmp_path)
    plan = job_of(path).plan
    device = open_device(plan, path, needed_kernels(plan), compiled)
    assert device.value is not None
    loaded: list[str] = []

    def load(key: str) -> Kernel:
        loaded.append(key)
        assert device.value is not None
        return device.value.load(key)

    section = plan.sections[0]
    bias = np.array([3.0], np.float32)
    tensors = FirstTensors(plan, section, Layout.of(plan, section), {"parameters/fc.bias": bias}, load)
    assert tensors["parameters/fc.bias"] is bias and tensors["state/n.count"] == section.states[0].initial and not loaded
    weight = tensors["parameters/fc.weight"]
    assert weight.shape == (3, 1) and len(loaded) == 1
    assert np.array_equal(tensors["parameters/fc.weight"], weight)
    assert set(tensors) == {"parameters/fc.bias", "parameters/fc.weight", "state/n.count"} and len(tensors) == 3
    assert not any(key.startswith("slots/") for key in tensors)
    with pytest.raises(KeyError):
        tensors["slots/velocity/fc.weight"]
