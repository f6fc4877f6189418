"""Training steps against an independent NumPy implementation, and the ways of doing several steps against each other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from singalang_compiler.graph import ParameterSetting
from singalang_compiler.job import Scales
from singalang_compiler.lower.buffers import LARGE
from singalang_compiler.plan import Dispatch
from tests.compiler.lower.host import Host, Numbers
from tests.compiler.lower.jobs import CLASSES, Stage, compiled, data, job, kind, layer, mlp

RATE, MOMENTUM, DECAY = np.float32(0.1).astype("float64"), 0.9, 0.01


def batches(count: int, batch: int = 4) -> dict[str, Numbers]:
    """Fields of some batches, each with a leading axis for the batches."""
    random = np.random.default_rng(3)
    return {
        "d.x": random.normal(size=(count, batch, 6)),
        "d.y": random.integers(0, 3, size=(count, batch)).astype("int32"),
    }


def one(fields: dict[str, Numbers], place: int) -> dict[str, Numbers]:
    """One batch of several."""
    return {name: value[place] for name, value in fields.items()}


def numpy_gradients(values: dict[str, Numbers], x: Numbers, y: Numbers) -> tuple[float, dict[str, Numbers]]:
    """Loss and gradients of x -> dense -> relu -> dense -> softmax cross-entropy, by hand."""
    hidden = x @ values["fc1.weight"] + values["fc1.bias"]
    active = np.maximum(hidden, 0)
    scores = active @ values["fc2.weight"] + values["fc2.bias"]
    shifted = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares = shifted / shifted.sum(axis=1, keepdims=True)
    loss = -np.log(shares[np.arange(len(y)), y]).mean()
    d_scores = shares.copy()
    d_scores[np.arange(len(y)), y] -= 1
    d_scores /= len(y)
    d_hidden = (d_scores @ values["fc2.weight"].T) * (hidden > 0)
    return loss, {
        "fc1.weight": x.T @ d_hidden,
        "fc1.bias": d_hidden.sum(axis=0),
        "fc2.weight": active.T @ d_scores,
        "fc2.bias": d_scores.sum(axis=0),
    }


def test_steps_equal_numpy_in_double_precision(tmp_path: Path) -> None:
    placed = job(mlp(), updater=kind("updaters", "sgd", momentum=MOMENTUM), weight_decay=DECAY, precision="f64")
    host = Host(compiled(placed), tmp_path)
    values = host.tensors()
    speeds = {name: np.zeros_like(value) for name, value in values.items()}
    fields, total = batches(4), 0.0
    for step in range(4):
        loss, gradients = numpy_gradients(values, *one(fields, step).values())
        total += loss
        for name, gradient in gradients.items():
            speeds[name] = MOMENTUM * speeds[name] + gradient + DECAY * values[name]
            values[name] = values[name] - RATE * speeds[name]
        host.step(step, one(fields, step))
    for name, value in host.tensors().items():
        np.testing.assert_allclose(value, values[name], rtol=0, atol=1e-10 * np.abs(values[name]).max())
    for name, value in host.tensors("slots", "velocity").items():
        np.testing.assert_allclose(value, speeds[name], rtol=0, atol=1e-10)
    assert host.means()["loss"] == pytest.approx(total / 4, rel=1e-12)
    assert np.asarray(host.metrics)[0, 1] == 16  # records seen


@pytest.mark.parametrize("mode", ["scan", "unroll"])
def test_several_steps_in_one_kernel_are_the_same_steps(tmp_path: Path, mode: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from singalang_compiler.lower import lowering
    from singalang_compiler.lower.dispatch import Chosen

    chosen = Chosen(Dispatch(mode=mode, count=5, reason="for the test"), "tiny-steps")
    monkeypatch.setattr(lowering, "choose", lambda *_: chosen)
    dropping = (
        Stage("drop", layer("dropout", ratio=0.4), ("d.x",)),
        Stage("fc", layer("dense", units=3), ("drop",), {"bias": ParameterSetting(absent=True)}),
        Stage("norm", layer("batchnorm"), ("fc",)),
        Stage("loss", layer("softmax_loss"), ("norm", "d.y")),
    )
    rate = kind("schedules", "warmup_cosine", peak=0.2, warmup=3, total=12)
    whole = compiled(job(dropping, updater=kind("updaters", "adam"), rate=rate, precision="f64"))
    fields = batches(10)
    many, single = Host(whole, tmp_path), Host(whole, tmp_path)
    for step in range(10):
        single.step(step, one(fields, step))
    for first in (0, 5):
        many.step(first, {name: value[first : first + 5] for name, value in fields.items()}, "steps")
    for kind_ in ("parameters", "slots", "state"):
        for name, value in single.tensors(kind_).items():
            np.testing.assert_allclose(many.tensors(kind_)[name], value, rtol=1e-9, atol=1e-12)
    assert many.means() == pytest.approx(single.means(), rel=1e-12)


def test_tiny_steps_are_scanned_by_tens(tmp_path: Path) -> None:
    placed = job(mlp(), precision="f64")
    host, single = Host(compiled(placed), tmp_path), Host(compiled(placed), tmp_path)
    fields = batches(10)
    host.step(0, fields, "steps")
    for step in range(10):
        single.step(step, one(fields, step))
    for name, value in single.tensors().items():
        np.testing.assert_allclose(host.tensors()[name], value, rtol=1e-12, atol=1e-14)


def test_a_frozen_layer_stays_to_the_bit_and_has_no_slots(tmp_path: Path) -> None:
    momentum = kind("updaters", "sgd", momentum=0.9)
    placed = job(mlp(), updater=momentum, weight_decay=0.1, scales={"fc1": Scales(lr_scale=0.0)})
    host = Host(compiled(placed), tmp_path)
    before = host.tensors()
    host.step(0, one({name: value.astype("float32" if name == "d.x" else "int32") for name, value in batches(1).items()}, 0))
    after = host.tensors()
    assert (after["fc1.weight"] == before["fc1.weight"]).all() and (after["fc1.bias"] == before["fc1.bias"]).all()
    assert (after["fc2.weight"] != before["fc2.weight"]).any()
    assert set(host.tensors("slots", "velocity")) == {"fc2.weight", "fc2.bias"}


def test_scales_of_net_and_section_multiply(tmp_path: Path) -> None:
    stages = mlp()
    doubled = {"bias": ParameterSetting(lr_scale=2.0, wd_scale=0.0)}
    stages = (*stages[:2], Stage("fc2", stages[2].operation, stages[2].inputs, doubled), stages[3])
    host = Host(compiled(job(stages, weight_decay=DECAY, scales={"fc2": Scales(lr_scale=0.5)}, precision="f64")), tmp_path)
    values, fields = host.tensors(), batches(1)
    _, gradients = numpy_gradients(values, *one(fields, 0).values())
    host.step(0, one(fields, 0))
    after = host.tensors()
    np.testing.assert_allclose(after["fc2.bias"], values["fc2.bias"] - RATE * gradients["fc2.bias"], rtol=1e-12, atol=1e-13)
    decayed = gradients["fc2.weight"] + DECAY * values["fc2.weight"]
    np.testing.assert_allclose(after["fc2.weight"], values["fc2.weight"] - 0.5 * RATE * decayed, rtol=1e-12, atol=1e-13)


def test_clip_norm_counts_all_parameters_that_learn(tmp_path: Path) -> None:
    host = Host(compiled(job(mlp(), clip_norm=0.01, precision="f64")), tmp_path)
    values, fields = host.tensors(), batches(1)
    _, gradients = numpy_gradients(values, *one(fields, 0).values())
    norm = np.sqrt(sum((gradient**2).sum() for gradient in gradients.values()))
    assert norm > 0.01
    host.step(0, one(fields, 0))
    for name, value in host.tensors().items():
        np.testing.assert_allclose(value, values[name] - RATE * gradients[name] * 0.01 / norm, rtol=1e-12, atol=1e-14)


def test_a_shared_parameter_gets_the_sum_of_its_gradients(tmp_path: Path) -> None:
    from singalang_compiler.graph import SharedParameter
    from singalang_compiler.library.tensors import TensorSpec

    shared = {
        "weight": ParameterSetting(shared=SharedParameter("n", "enc", "weight", transposed=True)),
        "bias": ParameterSetting(absent=True),
    }
    stages = (
        Stage("enc", layer("dense", units=2), ("d.x",), {"bias": ParameterSetting(absent=True)}),
        Stage("dec", layer("dense", units=None), ("enc",), shared),
        Stage("loss", layer("square_loss"), ("dec", "d.x")),
    )
    section = data(fields={"x": TensorSpec((6,))}, batch=4)
    host = Host(compiled(job(stages, section=section, precision="f64")), tmp_path)
    weight, x = host.tensors()["enc.weight"], batches(1)["d.x"][0]
    code = x @ weight
    error = (code @ weight.T - x) / 4
    gradient = error.T @ code + x.T @ (error @ weight)
    host.step(0, {"d.x": x})
    np.testing.assert_allclose(host.tensors()["enc.weight"], weight - RATE * gradient, rtol=1e-12, atol=1e-13)


def test_large_parameters_have_buffers_of_their_own(tmp_path: Path) -> None:
    placed = job(mlp(LARGE // 6 + 1), updater=kind("updaters", "sgd", momentum=0.9))
    section = compiled(placed).plan.sections[0]
    assert [buffer.name for buffer in section.parameters] == ["parameters/fc1.weight", "parameters/small"]
    assert [buffer.name for buffer in section.slots] == ["slots/velocity/fc1.weight", "slots/velocity/small"]
    small = section.parameters[1]
    assert [segment.name for segment in small.segments] == ["fc1.bias", "fc2.weight", "fc2.bias"]
    offsets = [segment.offset for segment in small.segments]
    assert offsets == [0, small.segments[0].size, small.segments[0].size + small.segments[1].size]


def test_random_numbers_depend_on_the_seed_alone_and_kernels_do_not(tmp_path: Path) -> None:
    first, second = (compiled(job(mlp(), seed=seed)) for seed in (0, 1))
    assert set(first.kernels) == set(second.kernels)
    assert first.plan.sections[0].seed != second.plan.sections[0].seed
    one_, other = Host(first, tmp_path).tensors(), Host(second, tmp_path).tensors()
    assert (one_["fc1.weight"] != other["fc1.weight"]).any()
    assert CLASSES["x"].shape == (6,)
