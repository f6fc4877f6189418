"""The tiny plan of `tiny`, for a group of workers and servers: the same model and data, cut by batch, its kernels exported here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import msgspec

from singalang_compiler.plan import Argument, KernelRecord, Plan, ProcessRecord, SectionRecord
from singalang_compiler.plan_group import (
    ArrayRecord,
    CallRecord,
    ClearStep,
    CollectStep,
    FeedStep,
    GroupRecord,
    LinkRecord,
    NormStep,
    PublishStep,
    PullStep,
    PushStep,
    RoleRecord,
    RunStep,
    ServerRecord,
    SliceSegment,
    StoredRecord,
    WorkerStep,
)
from tests.runtime.tiny import BATCH, F32, METRICS, MOMENTUM, RATE, TEST_BATCH, Tiny, kernel_of

PARAMETERS, STATE, GRADIENTS = "parameters/small", "state/small", "gradients/small"


@dataclass(frozen=True)
class TinyGroup(Tiny):
    """`rows`: of each worker in one micro-batch. `servers` live inside the workers' processes or `apart`. With `exact` each
    micro-batch is a shard. `clip_norm`: the greatest norm of the gradient. `alone`: sections that one worker does alone.

    Every worker counts, in its state, one for each step and once more its position.
    """

    noise: float = 0.0
    rows: tuple[int, ...] = (4, 4)
    servers: int = 2
    apart: bool = False
    exact: bool = False
    clip_norm: float | None = None
    alone: tuple[str, ...] = ()

    @property
    def micro_batches(self) -> int:
        """Micro-batches of each worker."""
        return BATCH // sum(self.rows)

    def plan(self) -> tuple[Plan, dict[str, bytes]]:
        """The plan, and its kernels by key."""
        plan, kernels = super().plan()
        made = _kernels(replace(self, steps=0, acts=(), sections=(), alone=(), apart=False))
        groups = [None if one.name in self.alone else self._group(one, made) for one in plan.sections]
        sections = tuple(msgspec.structs.replace(one, group=group) for one, group in zip(plan.sections, groups, strict=True))
        places = dict.fromkeys(self._processes.values())
        processes = tuple(ProcessRecord(name=name, roles=("worker",)) for name in places)
        records = plan.kernels | {key: record for key, record, _ in made.values()}
        whole = msgspec.structs.replace(plan, sections=sections, processes=processes, kernels=records)
        return whole, kernels | {key: content for key, _, content in made.values()}

    @property
    def _processes(self) -> dict[str, str]:
        workers = {f"worker-{number}": f"worker-{number}" for number in range(len(self.rows))}
        home = "server" if self.apart else "worker"
        return workers | {f"server-{number}": f"{home}-{number}" for number in range(self.servers)}

    def _group(self, section: SectionRecord, made: dict[str, tuple[str, KernelRecord, bytes]]) -> GroupRecord:
        calls = {name: _call(key, record) for name, (key, record, _) in made.items()}
        stored = (("fc.weight", (self.width, 1)), ("fc.bias", (1,)))
        workers = len(self.rows)
        moved = 4 * (self.width + 1) * (workers if self.apart else workers - 1)
        active = sum(bool(server.segments) for server in self._servers())
        norms = 4 * active * (active - 1) if self.clip_norm else 0
        pushes = self.micro_batches if self.exact else 1
        links = {"connections": 0, "gradients": moved * pushes, "values": moved, "norms": norms}
        return GroupRecord(
            workers=workers,
            stages=1,
            micro_batches=self.micro_batches,
            shards=self.micro_batches * workers if self.exact else 0,
            rows=self.rows,
            evaluate_rows={"test": _up(TEST_BATCH, workers)},
            stored=tuple(StoredRecord(name=name, shape=shape, axis=None, stages=(0,), reason="not-cut") for name, shape in stored),
            states=(StoredRecord(name="n.count", shape=(), axis=None, stages=(0,), reason="not-cut"),),
            connections=(),
            roles=tuple(self._role(section, rows, calls) for rows in dict.fromkeys(self.rows)),
            servers=self._servers(),
            server_step=(
                CollectStep(),
                *((RunStep(call="square_sum"), NormStep()) if self.clip_norm else ()),
                RunStep(call="update"),
                PublishStep(),
            ),
            server_calls={name: calls[name] for name in ("update", "square_sum") if name in calls},
            slots=("velocity",),
            processes=self._processes,
            links=tuple(LinkRecord(what=what, step_bytes=count) for what, count in links.items()),  # type: ignore[arg-type]
            memory=(),
            step_s=1e-4,
        )

    def _role(self, section: SectionRecord, rows: int, calls: dict[str, CallRecord]) -> RoleRecord:
        return RoleRecord(
            name=f"rows-{rows}",
            stage=0,
            workers=tuple(number for number, own in enumerate(self.rows) if own == rows),
            rows=rows,
            parameters=section.parameters,
            trained=(PARAMETERS,),
            state=section.state,
            arrays=(
                ArrayRecord(name="d.x@batch", dtype=F32, shape=(rows, self.width)),
                ArrayRecord(name="d.y@batch", dtype=F32, shape=(rows,)),
                ArrayRecord(name=GRADIENTS, dtype=F32, shape=(self.width + 1,)),
            ),
            calls={"step/0": calls[f"step/{rows}"], "evaluate/test/0": calls["evaluate"]},
            step=self._program(),
            evaluate={"test": (FeedStep(), RunStep(call="evaluate/test/0"))},
        )

    def _program(self) -> tuple[WorkerStep, ...]:
        steps: list[WorkerStep] = [ClearStep()] if self.micro_batches > 1 and not self.exact else []
        for micro in range(self.micro_batches):
            steps += [FeedStep(micro=micro), RunStep(call="step/0", micro=micro)]
            if self.exact:
                steps.append(PushStep(micro=micro))
        return (*steps, *(() if self.exact else (PushStep(),)), PullStep())

    def _servers(self) -> tuple[ServerRecord, ...]:
        """The elements in order, evenly divided; the last servers may get nothing."""
        elements = [("fc.weight", place) for place in range(self.width)] + [("fc.bias", 0)]
        size = -(-len(elements) // self.servers)
        slices = [elements[number * size : (number + 1) * size] for number in range(self.servers)]
        return tuple(
            ServerRecord(name=name, process=self._processes[name], segments=tuple(_segments(own)), size=size)
            for name, own in zip((f"server-{number}" for number in range(self.servers)), slices, strict=True)
        )

    def kernels(self) -> dict[str, tuple[str, KernelRecord, bytes]]:
        """Each kernel of the group's by name: key, record, bytes."""
        width, workers = self.width, len(self.rows)
        adds = self.micro_batches > 1 and not self.exact
        limit = self.clip_norm

        def errors(parameters: Any, x: Any, y: Any) -> Any:
            return x @ parameters[:width] + parameters[width] - y

        def measured(error: Any, weights: Any) -> Any:
            loss, near = 0.5 * error**2, (jnp.abs(error) < 0.5).astype(F32)
            return jnp.array([[(loss * weights).sum(), weights.sum()], [(near * weights).sum(), weights.sum()]])

        def step(parameters: Any, count: Any, metrics: Any, *rest: Any) -> Any:
            *before, number, position, x, y = rest
            gradient = jax.grad(lambda own: 0.5 * (errors(own, x, y) ** 2).sum() / BATCH)(parameters)
            bad = jnp.where(number >= self.poison, jnp.nan, 0.0)
            metrics = metrics + measured(errors(parameters, x, y), jnp.ones(x.shape[0])) + bad
            return count + (1.0 + position) / self.micro_batches, metrics, sum(before, gradient)

        def evaluate(parameters: Any, metrics: Any, weights: Any, x: Any, y: Any) -> Any:
            return (metrics + measured(errors(parameters, x, y), weights),)

        def square_sum(gradient: Any) -> Any:
            return ((gradient**2).sum(),)

        def update(value: Any, velocity: Any, gradient: Any, *squares: Any) -> Any:
            factor = jnp.minimum(1.0, limit / jnp.sqrt(squares[0])) if limit else 1.0
            new = MOMENTUM * velocity + factor * gradient
            return value - RATE * new, new

        size = width + 1
        parameters, gradients = _argument(PARAMETERS, size), _argument(GRADIENTS, size, donated=True)
        state, number, position = _argument(STATE, 1, donated=True), _scalar("step"), _scalar("position")
        made = {}
        for rows in dict.fromkeys(self.rows):
            inputs = [parameters, state, METRICS, *([gradients] if adds else []), number, position, *_fields(rows, width)]
            made[f"step/{rows}"] = kernel_of(f"step/{rows}", step, inputs, [state, METRICS, gradients])
        rows = _up(TEST_BATCH, workers) // workers
        weights = _argument("weights@batch", rows)
        made["evaluate"] = kernel_of("evaluate", evaluate, [parameters, METRICS, weights, *_fields(rows, width)], [METRICS])
        part = self._servers()[0].size
        value, velocity = _argument("value", part, donated=True), _argument("slots/velocity", part, donated=True)
        squares = [Argument(name="squares", dtype=F32, shape=())] if limit else []
        gradient = _argument("gradient", part)
        made["update"] = kernel_of("update", update, [value, velocity, gradient, *squares], [value, velocity])
        if limit:
            made["square_sum"] = kernel_of("square_sum", square_sum, [gradient], squares)
        return made


@cache
def _kernels(shape: TinyGroup) -> dict[str, tuple[str, KernelRecord, bytes]]:
    return shape.kernels()


def _call(key: str, record: KernelRecord) -> CallRecord:
    names = ([one.name for one in group] for group in (record.inputs, record.outputs))
    inputs, outputs = map(tuple, names)
    return CallRecord(kernel=key, inputs=inputs, outputs=outputs, flops=0, temporary_bytes=0, compute_s=0.0)


def _segments(elements: Sequence[tuple[str, int]]) -> list[SliceSegment]:
    names = dict.fromkeys(name for name, _ in elements)
    places = {name: [place for own, place in elements if own == name] for name in names}
    return [SliceSegment(parameter=name, offset=own[0], size=len(own)) for name, own in places.items()]


def _argument(name: str, size: int, donated: bool = False) -> Argument:
    return Argument(name=name, dtype=F32, shape=(size,), donated=donated)


def _scalar(name: str) -> Argument:
    return Argument(name=name, dtype="int32", shape=())


def _fields(rows: int, width: int) -> list[Argument]:
    return [
        Argument(name="d.x@batch", dtype=F32, shape=(rows, width)),
        Argument(name="d.y@batch", dtype=F32, shape=(rows,)),
    ]


def _up(number: int, divisor: int) -> int:
    return -(-number // divisor) * divisor
