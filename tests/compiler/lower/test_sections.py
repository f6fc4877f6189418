"""Jobs of several nets and train sections."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from msgspec.structs import replace

from singalang_compiler.graph import FieldInput, LayerGraph, Node, ParameterSetting, SharedParameter
from singalang_compiler.infer.net import infer_shapes
from singalang_compiler.job import PHASES, Net, Scales
from singalang_compiler.machine import Machine
from singalang_compiler.partition.partition import partition
from singalang_compiler.place.place import place
from singalang_compiler.place.placed import Placed
from tests.compiler.lower.host import Host
from tests.compiler.lower.jobs import CLASSES, SPAN, compiled, job, kind, layer, mlp


def two_nets() -> Placed:
    """`n` is trained first; `tuned` takes its first layer over, keeps it as it is and learns a second of its own."""
    first = job(mlp()).shaped.job
    everywhere = frozenset(PHASES)
    shared = {name: ParameterSetting(shared=SharedParameter("n", "fc1", name)) for name in ("weight", "bias")}
    fields = [
        Node(name=f"d.{own}", operation=FieldInput("d", own, spec), phases=everywhere, span=SPAN) for own, spec in CLASSES.items()
    ]
    parts = [
        Node(name="base", operation=layer("dense", units=5), inputs=("d.x",), parameters=shared, phases=everywhere, span=SPAN),
        Node(name="head", operation=layer("dense", units=3), inputs=("base",), phases=everywhere, span=SPAN),
        Node(name="loss", operation=layer("softmax_loss"), inputs=("head", "d.y"), phases=everywhere, span=SPAN),
    ]
    tuned = Net(name="tuned", graph=LayerGraph.of([*fields, *parts]), span=SPAN)
    adam = replace(first.trains[0].updater, updater=kind("updaters", "adam"))
    second = replace(
        first.trains[0], name="tune", net="tuned", updater=adam, precision="f64", scales={"head": Scales(lr_scale=0.5)}
    )
    whole = replace(first, nets={**first.nets, "tuned": tuned}, trains=(*first.trains, second))
    shaped = infer_shapes(whole)
    assert shaped.value is not None and not shaped.failed, shaped.diagnostics
    cut = partition(shaped.value, Machine()).value
    assert cut is not None
    placed = place(cut, True, Machine())
    assert placed.value is not None
    return placed.value


def test_every_section_has_its_own_buffers_and_shares_parameters_by_name(tmp_path: Path) -> None:
    plan = compiled(two_nets()).plan
    first, second = plan.sections
    assert first.name == "train" and second.name == "tune"
    assert set(first.parameter_names) == {"n.fc1.weight", "n.fc1.bias", "n.fc2.weight", "n.fc2.bias"}
    assert set(second.parameter_names) == {"n.fc1.weight", "n.fc1.bias", "tuned.head.weight", "tuned.head.bias"}
    assert not first.slots and {buffer.name for buffer in second.slots} == {"slots/mean/small", "slots/square/small"}
    owners = {parameter.name: parameter.layers for parameter in plan.parameters}
    assert owners["n.fc1.weight"] == ("n.fc1", "tuned.base")
    assert set(plan.programs) == {"train", "tune"}
    assert plan.data[0].fields[0].storage == "float32"  # what both sections can read


def test_each_section_runs_at_its_own_precision(tmp_path: Path) -> None:
    made = compiled(two_nets())
    batch = {"d.x": np.random.default_rng(0).normal(size=(4, 6)).astype("float32"), "d.y": np.array([0, 1, 2, 0], "int32")}
    for number, dtype in enumerate(("float32", "float64")):
        folder = tmp_path / dtype
        folder.mkdir()
        host = Host(made, folder, number)
        before = host.tensors()
        host.step(0, batch)
        after = host.tensors()
        assert {value.dtype.name for value in after.values()} == {dtype}
        assert all((after[name] != before[name]).any() for name in after)
        assert np.isfinite(host.means()["loss"])
