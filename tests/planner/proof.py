"""What is to be true of any net under any topology, checked on one random net by running it on the local host.

The net's gradients on one machine, from `jax.grad` of the whole net, are the oracle; what the servers made of the workers' pieces
must equal them. Bytes and memory are measured by the host and compared with what the plan says.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, cast

import jax
import jax.numpy as jnp
import numpy as np

from singalang_compiler.keys import training_key
from singalang_compiler.library.update_rule import UpdateRule
from singalang_compiler.lower.exporting import settings
from singalang_compiler.lower.keying import step_key
from singalang_compiler.lower.lower import Compiled, LowerRequest, lower
from singalang_compiler.lower.network import BoundNet
from singalang_compiler.lower.section import Section
from singalang_compiler.lower.write import write
from singalang_compiler.place.placed import Placed
from singalang_compiler.plan import Plan, kernels_folder
from singalang_compiler.plan_group import GroupRecord, StoredRecord
from singalang_runtime.attention import Attention
from singalang_runtime.feed.feed import Feed
from singalang_runtime.group.local import LocalGroup
from singalang_runtime.kernels import load
from singalang_runtime.protocol.events import StepsDone
from singalang_runtime.protocol.schedule import Schedule
from tests.planner.random_nets import legal_program
from tests.programs import compiled

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Proof:
    """What was found of one net. `far` is the largest difference of any change of a parameter from the oracle's, in parts of the
    largest change; `bytes` and `memory` are (predicted, measured), memory of the process where they differ most."""

    seed: int
    layers: int
    workers: int
    stages: int
    pieces: int
    far: float
    covered: bool
    bytes: Mapping[str, tuple[int, int]]
    memory: tuple[int, int]

    @property
    def memory_off(self) -> float:
        """Predicted memory over measured, less 1."""
        return self.memory[0] / self.memory[1] - 1


def prove(seed: int, layers: int, folder: Path) -> Proof | None:
    """Runs one step of the net of a seed; None where its topology is one worker with one server and nothing is cut."""
    text = legal_program(seed, layers)
    placed = compiled(text, "place", topology="random", check=False)
    assert placed.value is not None and not placed.diagnostics, (seed, [one.title for one in placed.diagnostics])
    if placed.value.sections[0].cut.whole:
        return None
    made = lower(placed.value, LowerRequest())
    assert made.value is not None, (seed, [one.title for one in made.diagnostics])
    plan = made.value.plan
    group = plan.sections[0].group
    assert group is not None
    random = np.random.default_rng(seed)
    section = section_of(placed.value, plan)
    tensors = first_tensors(section, random)
    batch = batch_of(plan, random)
    host = started(made.value, folder, batch)
    host.initialise(tensors)
    run_one_step(host)
    after = host.tensors()
    wanted = expected(section, tensors, batch)
    train = placed.value.sections[0].cut.nets["train"]
    return Proof(
        seed=seed,
        layers=len(train.nodes),
        workers=group.workers,
        stages=group.stages,
        pieces=len(train.pieces),
        far=distance(wanted, {name: after[f"parameters/{name}"] for name in wanted}, tensors),
        covered=covers(group, section),
        bytes={link.what: (link.step_bytes, host.plane.links["train", link.what]) for link in group.links},
        memory=worst_memory(group, host),
    )


def section_of(placed: Placed, plan: Plan) -> Section:
    """The train section as it is lowered for one worker."""
    return Section.of(placed.shaped, placed.shaped.job.trains[0], plan.data, "cpu")


def first_tensors(section: Section, random: np.random.Generator) -> dict[str, Array]:
    """Parameters drawn so that activations neither die nor explode; biases and weights of any layer alike."""
    found = {}
    for name, use in section.uses.items():
        scale = 1 / np.sqrt(max(1, use.fan_in)) if len(use.shape) > 1 else 0.3
        found[f"parameters/{name}"] = random.normal(0 if len(use.shape) > 1 else 0.5, scale, use.shape)
    for name, state in section.states.items():
        found[f"state/{name}"] = np.full(state.shape, state.initial)
    return found


def batch_of(plan: Plan, random: np.random.Generator) -> dict[str, Array]:
    """One batch of noise."""
    data = plan.data[0]
    rows = plan.sections[0].batch
    return {
        f"{data.name}.{one.name}": random.integers(0, one.classes, (rows, *one.shape), np.int32)
        if one.classes
        else random.normal(0, 1, (rows, *one.shape)).astype(one.storage)
        for one in data.fields
    }


class OneBatch:
    """The source of a feed that gives the same batch for ever."""

    def __init__(self, arrays: tuple[Array, ...]) -> None:
        self.arrays = arrays

    @contextmanager
    def stream(self, dispatches: Iterator[Any]) -> Iterator[Iterator[tuple[Array, ...]]]:
        """The batch, once for each dispatch."""
        yield (self.arrays for _ in dispatches)


def started(made: Compiled, folder: Path, batch: Mapping[str, Array]) -> LocalGroup:
    """The local host of a plan, its kernels loaded from files as a run would load them."""
    path = folder / "plan.json"
    assert write(made, path).value is not None
    plan = made.plan
    names = tuple(name for name in batch if name in fields_of(plan))
    feed = Feed(names, cast(Any, {"train": OneBatch(tuple(batch[name] for name in names))}))
    schedule = Schedule("train", 3)
    jax.config.update("jax_enable_x64", True)  # type: ignore[no-untyped-call]
    return LocalGroup(
        plan, plan.sections[0], feed, schedule, lambda key: load(kernels_folder(path) / f"{key}.stablehlo", plan.kernels[key])
    )


def fields_of(plan: Plan) -> set[str]:
    """The fields that kernels are fed, as `data.field`."""
    group = plan.sections[0].group
    assert group is not None
    return {
        name.split("@")[0].removeprefix("field/") for role in group.roles for call in role.calls.values() for name in call.inputs
    }


def run_one_step(host: LocalGroup) -> None:
    """Every worker does the step 0."""
    for member in host.members:
        host.run(member.number, 1)
    done: set[int] = set()
    while len(done) < len(host.members):
        done |= {number for number, answer in host.advance(Attention()) if isinstance(answer, StepsDone)}


def expected(section: Section, tensors: Mapping[str, Array], batch: Mapping[str, Array]) -> dict[str, Array]:
    """The parameters after one step of the whole net on one machine."""
    rule: UpdateRule = section.rule
    with settings(double=True):
        parameters = {name: jnp.asarray(tensors[f"parameters/{name}"]) for name in section.uses}
        learning = {name: parameters.pop(name) for name in section.trained}
        key = jnp.asarray(np.array(training_key(section.train.seed, section.name), np.uint32))
        state = {name: jnp.asarray(tensors[f"state/{name}"]) for name in section.states}
        fields = {name: jnp.asarray(array) for name, array in batch.items()}
        weights = jnp.ones(section.batch("train"))
        net = BoundNet(section.phase("train"), parameters, weights, step_key(key, jnp.int32(0)))
        gradients = jax.jit(jax.grad(lambda learned: net.objective(learned, state, fields)[0]))(learning)
        norm = rule.norm([(gradients[name], section.uses[name].lr_scale) for name in section.trained], section.ops)
        rate = rule.schedule.rate(jnp.int32(0), section.ops)
        found = {}
        for name in section.trained:
            slots = {slot: jnp.zeros_like(learning[name]) for slot in rule.slot_names()}
            scales = {"lr_scale": section.uses[name].lr_scale, "wd_scale": section.uses[name].wd_scale}
            value, _ = rule.apply(
                gradients[name], learning[name], slots, rate=rate, step=jnp.int32(0), ops=section.ops, norm=norm, **scales
            )
            found[name] = np.asarray(value)
        return found


def distance(wanted: Mapping[str, Array], found: Mapping[str, Array], before: Mapping[str, Array]) -> float:
    """Largest difference of two sets of changes, in parts of the largest change of all."""
    changes = [np.abs(wanted[name] - before[f"parameters/{name}"]).max() for name in wanted]
    apart = [np.abs(wanted[name] - found[name].reshape(wanted[name].shape)).max() for name in wanted]
    return float(max(apart) / max(changes)) if max(changes) else float(max(apart))


def covers(group: GroupRecord, section: Section) -> bool:
    """Whether the servers' slices hold every element that learns once, and nothing else."""
    width = group.workers // group.stages
    count: Counter[tuple[str, int | None, int]] = Counter()
    for server in group.servers:
        for part in group.segments_of(server):
            count.update((part.parameter, part.position, place) for place in range(part.offset, part.offset + part.size))
    stored = {one.name: one for one in group.stored}
    wanted = {place for name in section.trained for place in places_of(stored[name], width)}
    return set(count) == wanted and set(count.values()) <= {1}


def places_of(stored: StoredRecord, width: int) -> Iterator[tuple[str, int | None, int]]:
    """Every element of a stored parameter: its name, the piece, the place in that."""
    positions = [None] if stored.axis is None else range(width)
    size = prod(stored.shape) // len(positions)
    return ((stored.name, position, place) for position in positions for place in range(size))


def worst_memory(group: GroupRecord, host: LocalGroup) -> tuple[int, int]:
    """Predicted and measured peak of the process where they differ most, of those that records name."""
    predicted: dict[str, int] = {}
    for record in group.memory:
        predicted[record.process] = record.total - record.lanes  # the local host shares no memory
    pairs = [(predicted[process], ledger.peaks["train"]) for process, ledger in host.ledgers.items() if process in predicted]
    return max(pairs, key=lambda pair: abs(pair[0] / pair[1] - 1))
