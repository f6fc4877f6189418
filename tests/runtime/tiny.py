"""A plan made by hand, its kernels exported here: a linear model trained with momentum, small enough to be followed in NumPy."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import export, lax

from singalang_compiler.plan import (
    Act,
    Argument,
    DataRecord,
    Dispatch,
    Estimate,
    Feed,
    FieldRecord,
    KernelRecord,
    KindRecord,
    ParameterRecord,
    Plan,
    PredictRecord,
    ProcessRecord,
    Program,
    Run,
    SectionRecord,
    SourceRecord,
    StateRecord,
    StepsRecord,
    TopologyRecord,
    kernels_folder,
    to_bytes,
)
from singalang_compiler.plan_group import BufferRecord, Segment

BATCH, TEST_BATCH, RECORDS, CHUNK = 8, 16, 50, 4
RATE, MOMENTUM = 0.05, 0.9
F32 = "float32"


def records() -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """What the data file holds: x (50, 3) and y (50,)."""
    draw = np.random.default_rng(5)
    x = draw.normal(size=(RECORDS, 3)).astype(np.float32)
    return x, (x @ np.array([1.0, -2.0, 0.5], np.float32) + 0.25).astype(np.float32)


def every(action: Any, period: int, after: int | None = None, batches: int | None = None) -> Act:
    """A periodic act."""
    return Act(action=action, period=StepsRecord(steps=period), after=StepsRecord(steps=after or period), batches=batches)


@dataclass(frozen=True)
class Tiny:
    """What a tiny plan looks like. `noise`, drawn from key and step, is added to gradients; from step `poison` the loss is nan."""

    steps: int = 200
    acts: tuple[Act, ...] = (every("test", 50), every("checkpoint", 40), every("log", 25))
    chunk: int = 1
    sections: tuple[str, ...] = ("train",)
    noise: float = 0.01
    poison: int = 1 << 30
    seed: int = 0
    width: int = 3
    start: str | None = None
    name: str = "tiny"
    data: str = "data.npz"

    def write(self, folder: Path) -> Path:
        """Writes plan, kernels and data; returns the plan's path."""
        path = folder / "plan.json"
        folder.mkdir(parents=True, exist_ok=True)
        kernels_folder(path).mkdir(exist_ok=True)
        plan, kernels = self.plan()
        for key, content in kernels.items():
            (kernels_folder(path) / f"{key}.stablehlo").write_bytes(content)
        path.write_bytes(to_bytes(plan))
        x, y = records()
        np.savez(folder / self.data, x=x[:, : self.width], y=y)
        return path

    def plan(self) -> tuple[Plan, dict[str, bytes]]:
        """The plan, and its kernels by key."""
        kernels = exported(self.noise, self.poison, self.width)
        keys = {role: key for role, (key, _, _) in kernels.items()}
        sections = tuple(self._section(name, keys) for name in self.sections)
        end = (Act(action="test"), Act(action="checkpoint"), Act(action="log"))
        size = self.width + 1
        plan = Plan(
            singalang="0.1.0",
            jax=jax.__version__,
            name=self.name,
            sources=(),
            settings={},
            machine="reference",
            machine_sha256="0" * 64,
            platforms=("cpu",),
            semantics="bitwise",
            topology=TopologyRecord(name="one", worker_groups=1, workers_per_group=1, server_groups=0, servers_per_group=0),
            data=(_data(self.data, self.width),),
            parameters=(
                _parameter("fc.weight", (self.width, 1), keys["init/weight"]),
                _parameter("fc.bias", (1,), keys["init/bias"]),
            ),
            sections=sections,
            processes=(ProcessRecord(name="worker0", roles=("worker", "coordinator")),),
            programs={"worker": Program(step=(Feed(phase="train"), Run(kernel="step")), acts=self.acts, end=end)},
            kernels={key: record for key, record, _ in kernels.values()},
            decisions=(),
            approximations=(),
            estimate=Estimate(
                step_s=1e-4,
                total_s=0.1,
                flops_per_step=8 * 4 * 6,
                memory_bytes={"worker0": 10_000},
                parameter_bytes=4 * size,
                slot_bytes=4 * size,
                gradient_bytes=4 * size,
                residual_bytes=0,
            ),
        )
        return plan, {key: content for key, _, content in kernels.values()}

    def _section(self, name: str, keys: dict[str, str]) -> SectionRecord:
        roles = {role: key for role, key in keys.items() if not role.startswith("init")}
        segments = (Segment(name="fc.weight", offset=0, size=self.width), Segment(name="fc.bias", offset=self.width, size=1))
        return SectionRecord(
            name=name,
            net="n",
            algorithm=KindRecord(kind="bp"),
            updater=KindRecord(kind="sgd"),
            rate=KindRecord(kind="fixed"),
            weight_decay=0.0,
            clip=None,
            clip_norm=None,
            steps=StepsRecord(steps=self.steps),
            seed=self.seed,
            precision="f32",
            data=("d",),
            batch=BATCH,
            layers=(),
            parameter_names=("fc.weight", "fc.bias"),
            parameters=(BufferRecord(name="parameters/small", size=self.width + 1, segments=segments),),
            slots=(BufferRecord(name="slots/velocity/small", size=self.width + 1, segments=segments),),
            state=(BufferRecord(name="state/small", size=1, segments=(Segment(name="n.count", offset=0, size=1),)),),
            states=(StateRecord(name="n.count", shape=(), initial=1.0),),
            metrics=("loss", "near"),
            metric_better={"loss": "lower", "near": "higher"},
            metric_percent=("near",),
            kernels=roles if self.chunk > 1 else {role: key for role, key in roles.items() if role != "steps"},
            dispatch=Dispatch(mode="scan" if self.chunk > 1 else "loop", count=self.chunk, reason="written"),
            program="worker",
            step_s=1e-4,
            start=self.start,
            predict=PredictRecord(kernel=keys["predict"], fields=("d.x",), shape=(1,)),
        )


def _parameter(name: str, shape: tuple[int, ...], kernel: str) -> ParameterRecord:
    return ParameterRecord(name=name, shape=shape, init=KindRecord(kind="gaussian"), init_kernel=kernel)


def _data(path: str, width: int) -> DataRecord:
    fields = (
        FieldRecord(name="x", shape=(width,), dtype="float", storage=F32),
        FieldRecord(name="y", shape=(), dtype="float", storage=F32),
    )
    source = KindRecord(kind="npz", attributes={"path": path, "stored": "f32"})
    train = SourceRecord(source=source, batch=BATCH, shuffle=True, random_skip=0, split="all")
    test = SourceRecord(source=source, batch=TEST_BATCH, shuffle=False, random_skip=0, split="all")
    return DataRecord(name="d", fields=fields, sources={"train": train, "test": test})


@cache
def exported(noise: float, poison: int, width: int) -> dict[str, tuple[str, KernelRecord, bytes]]:
    """Each kernel by role: key, record, bytes."""
    size = width + 1

    def errors(parameters: Any, x: Any, y: Any) -> Any:
        return x @ parameters[:width] + parameters[width] - y

    def measured(error: Any, weights: Any) -> Any:
        loss, near = 0.5 * error**2, (jnp.abs(error) < 0.5).astype(F32)
        return jnp.array([[(loss * weights).sum(), weights.sum()], [(near * weights).sum(), weights.sum()]])

    def step(parameters: Any, velocity: Any, count: Any, metrics: Any, number: Any, key: Any, x: Any, y: Any) -> Any:
        gradient = jax.grad(lambda own: 0.5 * (errors(own, x, y) ** 2).mean())(parameters)
        drawn = jax.random.normal(jax.random.fold_in(jax.random.wrap_key_data(key), number), (size,))
        new = MOMENTUM * velocity + gradient + noise * drawn
        bad = jnp.where(number >= poison, jnp.nan, 0.0)
        metrics = metrics + measured(errors(parameters, x, y), jnp.ones(BATCH)) + bad
        return parameters - RATE * new, new, count + 1, metrics

    def steps(parameters: Any, velocity: Any, count: Any, metrics: Any, first: Any, key: Any, x: Any, y: Any) -> Any:
        def one(carried: Any, item: Any) -> Any:
            parameters, velocity, count, metrics = carried
            return step(parameters, velocity, count, metrics, item[0], key, item[1], item[2]), None

        return lax.scan(one, (parameters, velocity, count, metrics), (first + jnp.arange(CHUNK, dtype=jnp.int32), x, y))[0]

    def evaluate(parameters: Any, count: Any, metrics: Any, key: Any, weights: Any, x: Any, y: Any) -> Any:
        return (metrics + measured(errors(parameters, x, y), weights),)

    def predict(parameters: Any, count: Any, x: Any) -> Any:
        return ((x @ parameters[:width] + parameters[width])[:, None],)

    buffers = [_donated("parameters/small", size), _donated("slots/velocity/small", size), _donated("state/small", 1), METRICS]
    held = [Argument(name="parameters/small", dtype=F32, shape=(size,)), Argument(name="state/small", dtype=F32, shape=(1,))]
    number, key = Argument(name="step", dtype="int32", shape=()), Argument(name="key", dtype="uint32", shape=(2,))
    weights = Argument(name="weights", dtype=F32, shape=(TEST_BATCH,))
    made = {
        "step": kernel_of("step", step, [*buffers, number, key, *_fields((BATCH,), width)], buffers),
        "steps": kernel_of("steps", steps, [*buffers, number, key, *_fields((CHUNK, BATCH), width)], buffers),
        "evaluate/test": kernel_of(
            "evaluate/test", evaluate, [*held, METRICS, key, weights, *_fields((TEST_BATCH,), width)], [METRICS]
        ),
        "predict": kernel_of(
            "predict",
            predict,
            [*held, _fields((TEST_BATCH,), width)[0]],
            [Argument(name="prediction", dtype=F32, shape=(TEST_BATCH, 1))],
        ),
    }

    def weight(key: Any) -> Any:
        return (0.5 * jax.random.normal(jax.random.wrap_key_data(key), (width,)),)

    made["init/weight"] = kernel_of("init/gaussian", weight, [key], [Argument(name="values", dtype=F32, shape=(width,))])
    made["init/bias"] = kernel_of(
        "init/constant", lambda _: (jnp.zeros(1),), [key], [Argument(name="values", dtype=F32, shape=(1,))]
    )
    return made


METRICS = Argument(name="metrics", dtype=F32, shape=(2, 2), donated=True)


def _donated(name: str, size: int) -> Argument:
    return Argument(name=name, dtype=F32, shape=(size,), donated=True)


def _fields(leading: tuple[int, ...], width: int) -> list[Argument]:
    return [Argument(name="field/d.x", dtype=F32, shape=(*leading, width)), Argument(name="field/d.y", dtype=F32, shape=leading)]


def kernel_of(
    role: str, function: Callable[..., Any], inputs: Sequence[Argument], outputs: Sequence[Argument]
) -> tuple[str, KernelRecord, bytes]:
    array: Any = jax.ShapeDtypeStruct  # without types in JAX
    shapes = [array(argument.shape, argument.dtype) for argument in inputs]
    content = bytes(export.export(jax.jit(function, keep_unused=True), platforms=["cpu"])(*shapes).serialize())
    record = KernelRecord(role=role, inputs=tuple(inputs), outputs=tuple(outputs), flops=0, bytes=len(content))
    return hashlib.sha256(content).hexdigest(), record, content
