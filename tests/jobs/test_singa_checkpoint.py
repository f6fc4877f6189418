"""A net that SINGA v0.3 trained, measured by us: its kvfile of records, its parameters, its own figures."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from singalang_compiler.lower.write import write
from singalang_runtime.attention import Attention
from singalang_runtime.device import open_device
from singalang_runtime.evaluator import Evaluator
from singalang_runtime.opening import open_job, open_plan
from tests.programs import compiled

INTEROP = Path(__file__).parent.parent / "interop"
PROGRAM = """
data mnist {
  image: f32[784]
  label: class(10)
  mean  = 127.5
  std   = 127.5
  train = kvfile("tiny_mnist.kv", batch = 20)
  test  = kvfile("tiny_mnist.kv", batch = 20)
}

net mlp {
  logits = mnist.image -> fc1: dense(16) -> stanh -> fc2: dense(10)
  loss   = (logits, mnist.label) -> softmax_loss
}

updater sgd { lr = 0.01, momentum = 0.9 }
train { steps = 40 }
"""
NAMES = {"0#w1": "fc1.weight", "0#b1": "fc1.bias", "0#w2": "fc2.weight", "0#b2": "fc2.bias"}


def fields(message: bytes) -> list[tuple[int, Any]]:
    """The fields of a protobuf message: varints as numbers, the rest as bytes."""
    found: list[tuple[int, Any]] = []
    place = 0

    def varint() -> int:
        nonlocal place
        value = shift = 0
        while True:
            byte = message[place]
            place += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while place < len(message):
        tag = varint()
        if tag & 7 == 0:
            found.append((tag >> 3, varint()))
        else:
            size = {1: 8, 5: 4}.get(tag & 7) or varint()
            found.append((tag >> 3, message[place : place + size]))
            place += size
    return found


def singa_parameters(path: Path) -> dict[str, np.ndarray[Any, Any]]:
    """The blobs of a SINGA checkpoint, by our names; its weights are stored (outputs, inputs), row after row."""
    parts = fields(path.read_bytes())
    names = [value.decode() for number, value in parts if number == 4]
    contents = [dict(fields(value))[2] for number, value in parts if number == 5]
    arrays = {}
    for name, content in zip(names, contents, strict=True):
        values = np.array(struct.unpack(f"<{len(content) // 4}f", content), np.float32)
        outputs = {"w1": 16, "w2": 10}.get(name[2:])
        arrays[f"parameters/{NAMES[name]}"] = values.reshape(outputs, -1).T.copy() if outputs else values
    return arrays


def test_singas_parameters_give_singas_loss_and_accuracy(tmp_path: Path) -> None:
    plan_path = tmp_path / "plan.json"
    made = compiled(PROGRAM, "plan", check=False).value
    assert made is not None
    write(made, plan_path)
    plan = open_plan(plan_path).value
    assert plan is not None
    job = open_job(plan, plan_path, INTEROP, tmp_path).value
    assert job is not None
    section = plan.sections[0]
    device = open_device(plan, plan_path, {section.kernels["evaluate/test"]}, None).value
    assert device is not None
    evaluator = Evaluator(plan, section, "test", job.feeds[0], device.load)
    measures = evaluator.measure_tensors(singa_parameters(INTEROP / "tiny_mlp-step20-worker0"), None, Attention())
    assert measures is not None
    values = {measure.name: measure.value for measure in measures}
    assert values["loss"] == pytest.approx(1.102893, abs=2e-6)  # figures of SINGA itself
    assert values["accuracy"] == 0.75
