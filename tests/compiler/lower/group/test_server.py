"""What servers do to their slices, against NumPy formulas, against the step that does everything at once, and against itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import export

from singalang_compiler.job import Scales
from singalang_compiler.library.context import Array, Ops
from singalang_compiler.library.contract import Updater
from singalang_compiler.lower.exporting import Kernels
from singalang_compiler.lower.group.server import Slice, server_calls, with_scales
from singalang_compiler.lower.keying import step_key
from singalang_compiler.lower.network import BoundNet
from singalang_compiler.lower.records import data_records
from singalang_compiler.lower.section import Section
from singalang_compiler.machine import Machine
from singalang_compiler.place.placed import Placed
from singalang_compiler.plan_group import SliceSegment, StoredRecord
from singalang_compiler.work import Price, Share
from tests.compiler.lower.host import Host
from tests.compiler.lower.jobs import compiled, fixed, job, kind, mlp
from tests.library.updaters.problem import case_of

Numbers: TypeAlias = np.ndarray[Any, Any]
NAMES = ("fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias")
SCALES = {"fc1": Scales(lr_scale=2.0, wd_scale=3.0), "fc2": Scales(lr_scale=0.5, wd_scale=0.0)}


class Servers:
    """The servers of a section, each with its slice of all parameters flattened one behind the other: `cuts` are lengths."""

    def __init__(self, section: Section, cuts: Sequence[int], segments: tuple[SliceSegment, ...] = (), room: int = 0) -> None:
        self.section, self.size = section, max(cuts) + room
        self.bounds = [0, *np.cumsum(cuts)]
        self.kernels = Kernels(("cpu",))
        self.of = Slice.of(section, self.size, [segments or (SliceSegment(parameter="all", offset=0, size=1),)])
        self.calls = server_calls(self.of, self.kernels, Price(Machine(), Share()))
        self.held: list[dict[str, Any]] = [{} for _ in cuts]
        for name in ("lr_scale", "wd_scale"):
            uses = section.uses
            self.give(
                name, np.concatenate([np.full(np.prod(uses[own].shape), getattr(uses[own], name)) for own in section.trained])
            )
        for slot in section.rule.slot_names():
            self.give(f"slots/{slot}", np.zeros(self.bounds[-1]))

    def give(self, name: str, whole: Numbers) -> None:
        """Gives every server its part of an array, zeros behind it."""
        for held, first, end in zip(self.held, self.bounds, self.bounds[1:], strict=False):
            held[name] = np.zeros(self.size, self.section.dtype)
            held[name][: end - first] = whole[first:end]

    def whole(self, name: str) -> Numbers:
        """An array put together again; what stands behind the slices is 0."""
        parts = []
        for held, first, end in zip(self.held, self.bounds, self.bounds[1:], strict=False):
            array = np.asarray(held[name])
            assert (array[end - first :] == 0).all(), f"{name} behind the slice"
            parts.append(array[: end - first])
        return np.concatenate(parts)

    def step(self, gradient: Numbers, step: int) -> None:
        """One update, as the program of servers says."""
        self.give("gradient", gradient)
        if "square_sum" in self.calls:
            for held in self.held:
                self._call("square_sum", held)
            total = sum((held["squares"] for held in self.held[1:]), self.held[0]["squares"])
            for held in self.held:
                held["squares"] = total
        for held in self.held:
            held["step"] = np.int32(step)
            self._call("update", held)

    def _call(self, name: str, held: dict[str, Any]) -> None:
        call = self.calls[name]
        record = self.kernels.records[call.kernel]
        assert [argument.name for argument in record.inputs] == list(call.inputs)
        assert [argument.name for argument in record.outputs] == list(call.outputs)
        with jax.enable_x64(self.section.double):
            kernel: Any = export.deserialize(bytearray(self.kernels.contents[call.kernel]))
            made = kernel.call(*(held[one] for one in call.inputs))
            held.update(zip(call.outputs, made, strict=True))


def section(**settings: Any) -> Section:
    """The section of a small perceptron: 53 elements in four parameters."""
    return section_of(job(mlp(), **{"rate": fixed(0.1), **settings}))


def section_of(placed: Placed) -> Section:
    """The only section of a job."""
    one = placed.shaped.job
    return Section.of(placed.shaped, one.trains[0], data_records(one, double=frozenset(one.data)), "cpu")


def draws(count: int, size: int = 53) -> list[Numbers]:
    random = np.random.default_rng(4)
    return [random.normal(size=size) * size_ for size_ in np.geomspace(3, 0.1, count)]


AROUND: dict[str, dict[str, Any]] = {
    "nothing": {},
    "weight decay": {"weight_decay": 0.05},
    "clip": {"clip": (-0.3, 0.7)},
    "clip_norm": {"clip_norm": 1.5},
    "scales": {"scales": SCALES, "weight_decay": 0.05},
    "all": {"scales": SCALES, "weight_decay": 0.05, "clip": (-1.0, 1.0), "clip_norm": 2.0},
}
UPDATERS = [("sgd", "plain", {}), ("sgd", "nesterov", {"momentum": 0.8, "nesterov": True}), ("adam", "as a rule", {})]


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize(("name", "case", "attributes"), UPDATERS)
def test_slices_are_updated_as_the_formula_says(name: str, case: str, attributes: dict[str, Any], around: str) -> None:
    said = AROUND[around]
    own = section(updater=kind("updaters", name, **attributes), precision="f64", **said)
    servers = Servers(own, (20, 18, 15))
    start = np.random.default_rng(2).normal(size=53)
    servers.give("value", start)
    value, slots = start.copy(), {slot: np.zeros(53) for slot in case_of(name, case).updater.slots}
    lr, wd = servers.whole("lr_scale"), servers.whole("wd_scale")
    for step, gradient in enumerate(draws(6)):
        servers.step(gradient, step)
        clipped = np.clip(gradient, *said["clip"]) if "clip" in said else gradient
        norm = np.sqrt((clipped**2).sum())
        if "clip_norm" in said and norm > said["clip_norm"]:
            clipped = clipped * said["clip_norm"] / norm
        rate: Any = float(np.float32(0.1)) * lr
        value, slots = case_of(name, case).formula(clipped + said.get("weight_decay", 0) * wd * value, value, slots, rate, step)
    np.testing.assert_allclose(servers.whole("value"), value, rtol=1e-9, atol=1e-12)
    for slot in own.rule.slot_names():
        np.testing.assert_allclose(servers.whole(f"slots/{slot}"), slots[slot], rtol=1e-9, atol=1e-12)


def test_the_arguments_are_those_that_are_needed() -> None:
    plain = Servers(section(), (53,)).calls
    assert list(plain) == ["update"]
    assert (plain["update"].inputs, plain["update"].outputs) == (("value", "gradient", "step"), ("value",))
    adam = section(updater=kind("updaters", "adam"), clip_norm=1.0, scales=SCALES, weight_decay=0.1)
    calls = Servers(adam, (53,)).calls
    slots = ("slots/mean", "slots/square")
    assert calls["update"].inputs == ("value", *slots, "gradient", "step", "squares", "lr_scale", "wd_scale")
    assert calls["update"].outputs == ("value", *slots)
    assert (calls["square_sum"].inputs, calls["square_sum"].outputs) == (("gradient", "lr_scale"), ("squares",))
    no_decay = Servers(section(scales=SCALES), (53,)).calls
    assert no_decay["update"].inputs == ("value", "gradient", "step", "lr_scale")


@pytest.mark.parametrize("attributes", [{}, {"clip_norm": 1.0}, {"clip_norm": 1.0, "scales": SCALES, "weight_decay": 0.01}])
@pytest.mark.parametrize("updater", ["sgd", "adam"])
def test_a_server_does_what_the_step_does(updater: str, attributes: dict[str, Any], tmp_path: Path) -> None:
    """Three steps of a net on real batches, with a rate that changes; gradients are those of the algorithm."""
    rate = kind("schedules", "warmup_cosine", peak=0.5, warmup=2, total=10)
    placed = job(mlp(), updater=kind("updaters", updater), rate=rate, precision="f64", **attributes)
    own = section_of(placed)
    host, servers = Host(compiled(placed), tmp_path), Servers(own, (30, 23))
    servers.give("value", _flat(host.tensors()))
    random = np.random.default_rng(3)
    for step in range(3):
        batch = {"d.x": random.normal(size=(4, 6)), "d.y": random.integers(0, 3, size=4).astype("int32")}
        servers.step(_gradient(own, host.tensors(), batch, step), step)
        host.step(step, batch)
        np.testing.assert_allclose(servers.whole("value"), _flat(host.tensors()), rtol=1e-12, atol=1e-14)


def _flat(tensors: Mapping[str, Numbers]) -> Numbers:
    return np.concatenate([np.ravel(tensors[name]) for name in NAMES])


def _gradient(own: Section, tensors: Mapping[str, Numbers], batch: Mapping[str, Numbers], step: int) -> Numbers:
    with jax.enable_x64(True):
        key = step_key(jnp.zeros(2, jnp.uint32), jnp.int32(step))
        net = BoundNet(own.phase("train"), {}, jnp.ones(4), key)
        gradients, _, _ = own.train.algorithm.instance().gradients(net, tensors, {}, batch, own.ops)
        return _flat({name: np.asarray(gradient) for name, gradient in gradients.items()})


@pytest.mark.parametrize(("name", "case", "attributes"), UPDATERS)
def test_where_slices_begin_changes_no_bit(name: str, case: str, attributes: dict[str, Any]) -> None:
    """In 32 bits: so any number of servers gives the same parameters where gradients are the same."""
    own = section(updater=kind("updaters", name, **attributes), weight_decay=0.05, scales=SCALES, clip=(-0.5, 0.4))
    start, results = np.random.default_rng(2).normal(size=53), []
    for cuts in ((53,), (27, 26), (20, 18, 15), (1, 40, 12)):
        servers = Servers(own, cuts)
        servers.give("value", start)
        for step, gradient in enumerate(draws(5)):
            servers.step(gradient, step)
        results.append(servers.whole("value"))
    for other in results[1:]:
        assert (other == results[0]).all()


@pytest.mark.parametrize("clip", [None, (0.25, 1.0)])
@pytest.mark.parametrize("name", ["sgd", "adam"])
def test_what_stands_behind_a_slice_stays_0(name: str, clip: tuple[float, float] | None) -> None:
    """Even where a clip makes other numbers of zeros; nor does it count in the norm."""
    own = section(updater=kind("updaters", name), clip=clip, clip_norm=1e6, weight_decay=0.1)
    servers = Servers(own, (50, 3))
    servers.give("value", np.ones(53))
    for step, gradient in enumerate(draws(3)):
        servers.step(gradient, step)
        clipped = gradient.astype(np.float32) if clip is None else np.clip(gradient.astype(np.float32), *clip)
        np.testing.assert_allclose(servers.held[0]["squares"], (clipped.astype(float) ** 2).sum(), rtol=1e-5)
    assert np.isfinite(servers.whole("value")).all()


class Normalised(Updater):
    """A step of one length for each parameter: it must see whole parameters, in their shapes."""

    elementwise = False

    def update(
        self, gradient: Array, value: Array, slots: Mapping[str, Array], rate: Array, step: Array, ops: Ops
    ) -> tuple[Array, dict[str, Array]]:
        rows = ops.np.sqrt(ops.np.sum(gradient**2, axis=0, keepdims=True))
        return value - rate * gradient / ops.np.max(rows), {}


def test_an_updater_that_wants_whole_parameters_gets_their_shapes() -> None:
    own = section(precision="f64", scales=SCALES)
    own = replace(own, rule=replace(own.rule, updater=Normalised()))
    segments = tuple(SliceSegment(parameter=name, offset=0, size=int(np.prod(own.uses[name].shape))) for name in NAMES)
    servers = Servers(own, (53,), segments, room=7)
    assert servers.calls["update"].inputs == ("value", "gradient", "step")
    gradient = np.arange(53.0) % 7 - 2.5
    servers.give("value", np.zeros(53))
    servers.step(gradient, 0)
    value, offset = servers.whole("value"), 0
    for name in NAMES:
        shape = own.uses[name].shape
        size = int(np.prod(shape))
        shaped = gradient[offset : offset + size].reshape(shape)
        longest = np.sqrt((shaped**2).sum(axis=0)).max()
        wanted = -float(np.float32(0.1)) * own.uses[name].lr_scale * shaped / longest
        np.testing.assert_allclose(value[offset : offset + size].reshape(shape), wanted, rtol=1e-9)
        offset += size
    assert offset == value.size


def test_stored_parameters_are_told_with_the_scales_of_their_section() -> None:
    stored = StoredRecord(name="fc1.weight", shape=(6, 5), axis=None, stages=(0,), reason="not-cut")
    scaled = with_scales(stored, section(scales=SCALES))
    assert (scaled.lr_scale, scaled.wd_scale) == (2.0, 3.0)


def test_the_update_overwrites_what_it_gives() -> None:
    """And needs no more than its arguments: elements are updated where they are."""
    servers = Servers(section(updater=kind("updaters", "adam")), (53,), room=1000)
    record = servers.kernels.records[servers.calls["update"].kernel]
    assert [argument.name for argument in record.inputs if argument.donated] == ["value", "slots/mean", "slots/square"]
    assert servers.calls["update"].temporary_bytes < 1000
