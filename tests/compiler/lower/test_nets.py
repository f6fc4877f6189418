"""Nets as kernels: layouts, late biases, normalisation, metrics, prediction; against NumPy or against the plain way."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from singalang_compiler.graph import ParameterSetting
from singalang_compiler.library.tensors import TensorSpec
from singalang_compiler.lower import network
from singalang_compiler.lower.late_bias import late_biases
from tests.compiler.lower.host import Host, Numbers
from tests.compiler.lower.jobs import CLASSES, Stage, compiled, data, job, kind, layer, mlp

IMAGES = {"x": TensorSpec((2, 5, 6)), "y": TensorSpec((), "i32", 3)}
LOSS = Stage("loss", layer("softmax_loss"), ("fc", "d.y"))


def images(batch: int, seed: int = 0) -> dict[str, Numbers]:
    random = np.random.default_rng(seed)
    return {"d.x": random.normal(size=(batch, 2, 5, 6)), "d.y": random.integers(0, 3, batch).astype("int32")}


def numpy_conv(x: Numbers, weight: Numbers) -> Numbers:
    """Cross-correlation without padding, images as [channels, height, width]."""
    height, width = weight.shape[2:]
    out = np.zeros((len(x), len(weight), x.shape[2] - height + 1, x.shape[3] - width + 1))
    for i in range(out.shape[2]):
        for j in range(out.shape[3]):
            out[:, :, i, j] = np.einsum("bcij,fcij->bf", x[:, :, i : i + height, j : j + width], weight)
    return out


def softmax(scores: Numbers) -> Numbers:
    shifted = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares: Numbers = shifted / shifted.sum(axis=1, keepdims=True)
    return shares


def pooled(*, keep: str = "pool") -> tuple[Stage, ...]:
    return (
        Stage("conv", layer("conv", filters=3, kernel=2), ("d.x",)),
        Stage("pool", layer("maxpool", kernel=2, stride=2), ("conv",)),
        Stage("fc", layer("dense", units=3), (keep,)),
        LOSS,
    )


def test_an_image_is_flattened_as_declared_whatever_the_layout_of_its_layers(tmp_path: Path) -> None:
    placed = job(pooled(), section=data(fields=IMAGES, test_batch=4), precision="f64")
    host = Host(compiled(placed), tmp_path)
    values, batch = host.tensors(), images(4)
    values["conv.bias"] = np.zeros(3)
    maps = numpy_conv(batch["d.x"], values["conv.weight"])
    largest = np.stack([maps[:, :, i : i + 4 : 2, j : j + 4 : 2] for i in (0, 1) for j in (0, 1)]).max(axis=0)
    scores = largest.reshape(4, -1) @ values["fc.weight"] + values["fc.bias"]
    np.testing.assert_allclose(host.predict({"d.x": batch["d.x"]}), softmax(scores), rtol=1e-10)


def test_layers_of_any_layout_join_images_of_both(tmp_path: Path) -> None:
    stages = (
        Stage("conv", layer("conv", filters=2, kernel=3, pad=1), ("d.x",), {"bias": ParameterSetting(absent=True)}),
        Stage("sum", layer("add"), ("d.x", "conv")),
        Stage("act", layer("relu"), ("sum",)),
        Stage("fc", layer("dense", units=3), ("act",)),
        LOSS,
    )
    host = Host(compiled(job(stages, section=data(fields=IMAGES, test_batch=4), precision="f64")), tmp_path)
    values, batch = host.tensors(), images(4)
    padded = np.pad(batch["d.x"], ((0, 0), (0, 0), (1, 1), (1, 1)))
    hidden = np.maximum(batch["d.x"] + numpy_conv(padded, values["conv.weight"]), 0)
    scores = hidden.reshape(4, -1) @ values["fc.weight"] + values["fc.bias"]
    np.testing.assert_allclose(host.predict({"d.x": batch["d.x"]}), softmax(scores), rtol=1e-10)


def test_a_bias_moves_behind_the_pool_only_where_the_layer_feeds_nothing_else() -> None:
    def found(stages: tuple[Stage, ...]) -> dict[str, str]:
        nodes = job(stages, section=data(fields=IMAGES)).shaped.nets["n"].phases["train"]
        return {pool: bias.layer for pool, bias in late_biases(nodes).items()}

    two = Stage("fc", layer("dense", units=3), ("joined",))
    flat = (Stage("a", layer("flatten"), ("conv",)), Stage("b", layer("flatten"), ("pool",)))
    joined = Stage("joined", layer("concat"), ("a", "b"))
    between = (
        Stage("conv", layer("conv", filters=3, kernel=2), ("d.x",)),
        Stage("act", layer("relu"), ("conv",)),
        Stage("pool", layer("maxpool", kernel=2, stride=2), ("act",)),
        Stage("fc", layer("dense", units=3), ("pool",)),
        LOSS,
    )
    assert found(pooled()) == {"pool": "conv"}
    assert found((*pooled()[:2], *flat, joined, two, LOSS)) == {}
    assert found(between) == {}


def test_late_biases_change_no_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    placed = job(pooled(), section=data(fields=IMAGES), precision="f64", updater=kind("updaters", "sgd", momentum=0.5))
    late = compiled(placed)
    monkeypatch.setattr(network, "late_biases", lambda nodes: {})
    early = compiled(placed)
    assert late.plan.sections[0].kernels != early.plan.sections[0].kernels
    hosts = Host(late, tmp_path), Host(early, tmp_path)
    for step in range(3):
        for host in hosts:
            host.step(step, images(4, step))
    for name, value in hosts[1].tensors().items():
        np.testing.assert_allclose(hosts[0].tensors()[name], value, rtol=1e-10, atol=1e-13)
    assert np.abs(hosts[0].tensors()["conv.bias"]).max() > 1e-4


def test_fields_travel_as_stored_and_are_normalised_in_the_kernel(tmp_path: Path) -> None:
    section = data(fields=CLASSES, mean=10.0, std=4.0, test_batch=4, source=kind("sources", "idx", images="images"))
    made = compiled(job(mlp(), section=section))
    host = Host(made, tmp_path)
    stored = {argument.name: argument.dtype for argument in host.kernel("step").record.inputs}
    assert stored["field/d.x"] == made.plan.data[0].fields[0].storage == "uint8"
    pixels = np.random.default_rng(1).integers(0, 255, (4, 6)).astype("uint8")
    values = host.tensors()
    hidden = np.maximum((pixels - 10.0) / 4.0 @ values["fc1.weight"] + values["fc1.bias"], 0)
    scores = hidden @ values["fc2.weight"] + values["fc2.bias"]
    np.testing.assert_allclose(host.predict({"d.x": pixels}), softmax(scores), rtol=1e-4, atol=1e-6)


def test_mean_and_deviation_from_files_are_arguments(tmp_path: Path) -> None:
    section = data(fields=CLASSES, mean="mean.bin", std="std.bin", test_batch=4)
    host = Host(compiled(job(mlp(), section=section, precision="f64")), tmp_path)
    names = [argument.name for argument in host.kernel("step").record.inputs]
    assert names[-4:] == ["field/d.x", "field/d.y", "mean/d.x", "std/d.x"]
    random = np.random.default_rng(1)
    x, mean, std = random.normal(size=(4, 6)), random.normal(size=6), random.uniform(1, 2, 6)
    values = host.tensors()
    hidden = np.maximum((x - mean) / std @ values["fc1.weight"] + values["fc1.bias"], 0)
    scores = hidden @ values["fc2.weight"] + values["fc2.bias"]
    found = host.predict({"d.x": x}, mean__d_of_x=mean, std__d_of_x=std)
    np.testing.assert_allclose(found, softmax(scores), rtol=1e-10)


def test_records_of_weight_nothing_do_not_count_in_a_test(tmp_path: Path) -> None:
    host = Host(compiled(job(mlp(), precision="f64")), tmp_path)
    random = np.random.default_rng(2)
    x, y = random.normal(size=(6, 6)), random.integers(0, 3, 6).astype("int32")
    weights = np.array([1, 1, 1, 1, 0, 0])
    rows = host.evaluate("test", {"d.x": x, "d.y": y}, weights)
    shares = host.predict({"d.x": x})
    losses = -np.log(shares[np.arange(6), y])
    hits = shares.argmax(axis=1) == y
    np.testing.assert_allclose(rows, [[losses[:4].sum(), 4], [hits[:4].sum(), 4]], rtol=1e-10)


def test_two_losses_are_added_and_reported_apart(tmp_path: Path) -> None:
    stages = (
        Stage("fc", layer("dense", units=3), ("d.x",)),
        Stage("one", layer("softmax_loss"), ("fc", "d.y")),
        Stage("other", layer("softmax_loss", scale=0.5, topk=2), ("fc", "d.y")),
        Stage("top3", kind("metrics", "accuracy", topk=3), ("fc", "d.y")),
    )
    host = Host(compiled(job(stages, losses=("one", "other"), precision="f64")), tmp_path)
    assert host.section.metrics[0] == "loss"
    assert set(host.section.metrics) == {
        "loss",
        "one.loss",
        "one.accuracy",
        "other.loss",
        "other.accuracy",
        "top3.accuracy",
    }
    assert host.section.metric_better["top3.accuracy"] == "higher" and "one.accuracy" in host.section.metric_percent
    batch = {"d.x": np.random.default_rng(2).normal(size=(4, 6)), "d.y": np.array([0, 1, 2, 0], "int32")}
    host.step(0, batch)
    found = host.means()
    assert found["loss"] == pytest.approx(found["one.loss"] + found["other.loss"], rel=1e-12)
    assert found["other.loss"] == pytest.approx(found["one.loss"] / 2, rel=1e-12)
    assert found["top3.accuracy"] == 1.0


def test_a_section_learns_from_the_losses_that_it_names(tmp_path: Path) -> None:
    stages = (
        Stage("a", layer("dense", units=3), ("d.x",)),
        Stage("b", layer("dense", units=3), ("d.x",)),
        Stage("one", layer("softmax_loss"), ("a", "d.y")),
        Stage("other", layer("softmax_loss"), ("b", "d.y")),
    )
    host = Host(compiled(job(stages, losses=("one",), precision="f64")), tmp_path)
    before = host.tensors()
    host.step(0, {"d.x": np.random.default_rng(2).normal(size=(4, 6)), "d.y": np.array([0, 1, 2, 0], "int32")})
    after = host.tensors()
    assert (after["a.weight"] != before["a.weight"]).all()
    assert (after["b.weight"] == before["b.weight"]).all()
    assert host.means()["loss"] == host.means()["one.loss"] != host.means()["other.loss"]


def test_what_exists_in_training_alone_is_not_in_tests(tmp_path: Path) -> None:
    stages = (
        Stage("fc", layer("dense", units=3), ("d.x",)),
        LOSS,
        Stage("hard", kind("metrics", "accuracy", topk=2), ("fc", "d.y"), phases=frozenset({"test"})),
    )
    host = Host(compiled(job(stages, precision="f64")), tmp_path)
    random = np.random.default_rng(2)
    host.step(0, {"d.x": random.normal(size=(4, 6)), "d.y": np.array([0, 1, 2, 0], "int32")})
    assert set(host.means()) == {"loss", "loss.accuracy"}
    host.evaluate("test", {"d.x": random.normal(size=(6, 6)), "d.y": np.zeros(6, "int32")}, np.ones(6))
    rows = host.evaluate("test", {"d.x": random.normal(size=(6, 6)), "d.y": np.zeros(6, "int32")}, np.ones(6))
    assert rows[host.section.metrics.index("hard.accuracy"), 1] == 6


def test_a_branch_for_deploy_is_what_is_predicted(tmp_path: Path) -> None:
    stages = (*mlp(), Stage("shares", layer("softmax"), ("fc2",), phases=frozenset({"deploy"})))
    host = Host(compiled(job(stages, precision="f64")), tmp_path)
    assert host.section.predict is not None
    assert host.section.predict.fields == ("d.x",) and host.section.predict.classes == 3
    assert host.predict({"d.x": np.ones((6, 6))}).sum(axis=1) == pytest.approx(1)


def test_state_is_carried_from_step_to_step_and_read_in_tests(tmp_path: Path) -> None:
    stages = (
        Stage("norm", layer("batchnorm"), ("d.x",)),
        Stage("fc", layer("dense", units=3), ("norm",)),
        LOSS,
    )
    host = Host(compiled(job(stages, precision="f64")), tmp_path)
    before = host.tensors("state")
    assert host.section.states and all(state.name.startswith("norm.") for state in host.section.states)
    host.step(0, {"d.x": np.random.default_rng(2).normal(3, 1, size=(4, 6)), "d.y": np.zeros(4, "int32")})
    after = host.tensors("state")
    assert any((after[name] != before[name]).any() for name in before)
    record = host.kernel("evaluate/test").record
    assert [argument.name for argument in record.outputs] == ["metrics"]
    assert "state/small" in [argument.name for argument in record.inputs]
