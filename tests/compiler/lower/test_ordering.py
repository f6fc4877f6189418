"""The order between the backward pass and the updates: it changes no bit, and saves the copies of weights."""

from __future__ import annotations

import re
from pathlib import Path

import jax.numpy as jnp
import numpy as np

from singalang_compiler.graph import ParameterSetting
from singalang_compiler.lower.buffers import LARGE
from singalang_compiler.lower.ordering import last_gradients, waiting
from tests.compiler.lower.host import Host
from tests.compiler.lower.jobs import Stage, compiled, job, kind, layer, mlp

BRANCHES = (
    Stage("a", layer("dense", units=4), ("d.x",)),
    Stage("b", layer("dense", units=4), ("d.x",), {"bias": ParameterSetting(absent=True)}),
    Stage("both", layer("add"), ("a", "b")),
    Stage("fc", layer("dense", units=3), ("both",)),
    Stage("loss", layer("softmax_loss"), ("fc", "d.y")),
)


def test_the_first_layers_that_learn_have_the_last_gradients() -> None:
    shaped = job(BRANCHES).shaped
    shapes = {name: use.shape for name, use in shaped.parameters.items()}
    nodes = shaped.nets["n"].phases["train"]
    assert last_gradients(nodes, shapes) == ("a.bias", "b.weight")
    frozen = {name: shape for name, shape in shapes.items() if not name.startswith("a.")}
    assert last_gradients(nodes, frozen) == ("b.weight",)
    assert last_gradients(nodes, {}) == ()


def test_waiting_changes_no_bit_of_the_rate() -> None:
    rate = jnp.float32(0.1)
    gradients = {"a": jnp.array([[jnp.inf, 1.0]]), "b": jnp.array([-jnp.inf])}  # numbers, though their sum is none
    assert waiting(rate, gradients, ("a", "b")) == rate
    assert waiting(rate, gradients, ()) is rate
    assert np.isnan(waiting(rate, {"a": jnp.array([jnp.nan])}, ("a",)))


def test_no_large_weight_is_copied_in_a_step(tmp_path: Path) -> None:
    side = 160
    assert side * side > LARGE
    stages = (
        Stage("in", layer("dense", units=side), ("d.x",)),
        Stage("one", layer("dense", units=side), ("in",)),
        Stage("act", layer("tanh"), ("one",)),
        Stage("two", layer("dense", units=side), ("act",)),
        *(Stage(stage.name, stage.operation, ("two",) if stage.name == "fc2" else stage.inputs) for stage in mlp()[2:]),
    )
    host = Host(compiled(job(stages, updater=kind("updaters", "adam"))), tmp_path)
    kernel = host.kernel("step")
    text = kernel.call.lower(*(jnp.zeros(one.shape, one.dtype) for one in kernel.record.inputs)).compile().as_text()
    assert "f32[25600]" in text
    assert not re.findall(r"f32\[(?:25600|160,160)\]\S* copy\(", text)
