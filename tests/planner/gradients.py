"""Gradients in 32 bits at 20 places along a run, cut and whole: `python -m tests.planner.gradients [--only mlp]`.

The nets and topologies are those of `curves`. The run is that of the local host; every tenth of 200 steps the gradients that its
servers have put together are compared with `jax.grad` of the whole net in 32 bits, at the same parameters, batch and masks.

Where a relu's input lies within rounding of 0 the gradient itself jumps, and 32 bits do not say to which side. So for every place
that is further than 1e-5 it is told how far the whole net's own gradient moves when the last bits of the parameters do.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import jax
import jax.numpy as jnp
import numpy as np

from singalang_compiler.keys import training_key
from singalang_compiler.lower.exporting import settings
from singalang_compiler.lower.keying import step_key
from singalang_compiler.lower.lower import LowerRequest, lower
from singalang_compiler.lower.network import BoundNet
from singalang_compiler.lower.normalising import normalised
from singalang_compiler.lower.section import Section
from singalang_compiler.lower.write import write
from singalang_compiler.pipeline import Request
from singalang_compiler.pipeline import run as until
from singalang_compiler.place.placed import Placed
from singalang_compiler.plan import kernels_folder
from singalang_grammar.diagnostics import Outcome
from singalang_grammar.read import read_source
from singalang_grammar.source import Source
from singalang_runtime.attention import Attention
from singalang_runtime.feed.feed import Feed
from singalang_runtime.group.local import LocalGroup
from singalang_runtime.group.serving import Serving, Work
from singalang_runtime.group.tensors import joined, put_back
from singalang_runtime.kernels import load
from singalang_runtime.protocol.events import StepsDone
from singalang_runtime.protocol.schedule import Schedule
from singalang_runtime.protocol.steps import RunCall
from tests.planner.curves import EXAMPLES, Case, cases, text_of

Array = np.ndarray[Any, Any]
STEPS, EVERY = 200, 10
NEAR = 1e-5


@dataclass(frozen=True)
class Place:
    """A place of a run: how `far` the gradients are apart there, and by how much the whole net's own ones jump (0: not tried)."""

    step: int
    far: float
    jump: float = 0.0


class Batches:
    """The source of a feed: batches of handwritten digits, one for each step."""

    def __init__(self, names: tuple[str, ...], shapes: Mapping[str, tuple[int, ...]], rows: int) -> None:
        from sklearn.datasets import load_digits

        digits, random = load_digits(), np.random.default_rng(0)
        self.made: list[dict[str, Array]] = []
        for _ in range(STEPS):
            chosen = random.integers(0, len(digits.target), rows)
            images = digits.data[chosen].astype(np.uint8)
            every = {"digits.image": images.reshape(rows, *shapes["image"]), "digits.label": digits.target[chosen].astype(np.int32)}
            self.made.append({name: every[name] for name in names})

    @contextmanager
    def stream(self, dispatches: Iterator[Any]) -> Iterator[Iterator[tuple[Array, ...]]]:
        """The arrays of one batch after the other."""
        yield (tuple(batch.values()) for batch in self.made)


@contextmanager
def watched(seen: dict[str, Array]) -> Iterator[None]:
    """Within it, what each server has put together before its update is kept in `seen`, by server."""
    do = Serving.do

    def watching(serving: Serving, work: Work) -> None:
        if isinstance(work, RunCall) and work.call == "update":
            seen[serving.name] = np.array(serving.shelf.read(("gradient", 0)))
        do(serving, work)

    Serving.do = watching  # type: ignore[method-assign, assignment]
    try:
        yield
    finally:
        Serving.do = do  # type: ignore[method-assign]


def gradients_of(host: LocalGroup, seen: Mapping[str, Array]) -> dict[str, Array]:
    """The servers' slices of gradients as whole tensors, by parameter."""
    group = host.setting.group
    width = group.workers // group.stages
    learned = {one.parameter for segments in host.setting.slices.values() for one in segments}
    found = {}
    for stored in (one for one in group.stored if one.name in learned):
        positions = [None] if stored.axis is None else list(range(width))
        size = int(np.prod(stored.shape)) // len(positions)
        found[stored.name] = (stored, {(stored.name, position): np.zeros(size, host.setting.dtype) for position in positions})
    pieces = {key: array for _, own in found.values() for key, array in own.items()}
    for name, array in seen.items():
        put_back(host.setting.slices[name], array, pieces)
    return {name: joined(list(own.values()), stored.shape, stored.axis) for name, (stored, own) in found.items()}


def whole_gradients(section: Section) -> Callable[[Mapping[str, Array], Mapping[str, Array], int], dict[str, Array]]:
    """The gradients of the whole net as a function of all tensors, a batch and the step."""
    key = np.array(training_key(section.train.seed, section.name), np.uint32)

    def function(parameters: dict[str, Any], state: dict[str, Any], fields: tuple[Any, ...], step: Any) -> dict[str, Any]:
        frozen = {name: value for name, value in parameters.items() if name not in section.trained}
        learning = {name: parameters[name] for name in section.trained}
        weights = jnp.ones(section.batch("train"), section.dtype)
        net = BoundNet(section.phase("train"), frozen, weights, step_key(jnp.asarray(key), step))
        batch = normalised(section, "train", fields, {})
        return cast(dict[str, Any], jax.grad(lambda learned: net.objective(learned, state, batch)[0])(learning))

    compiled = jax.jit(function)

    def gradients(tensors: Mapping[str, Array], batch: Mapping[str, Array], step: int) -> dict[str, Array]:
        with settings(section.double):
            parameters = {name: jnp.asarray(tensors[f"parameters/{name}"]).reshape(use.shape) for name, use in section.uses.items()}
            state = {name: jnp.asarray(tensors[f"state/{name}"]).reshape(one.shape) for name, one in section.states.items()}
            fields = tuple(jnp.asarray(batch[name]) for name, _ in section.fields("train"))
            return {name: np.asarray(value) for name, value in compiled(parameters, state, fields, jnp.int32(step)).items()}

    return gradients


def places(case: Case, folder: Path) -> list[Place]:
    """The largest difference of any gradient at each of the places, in parts of the largest entry there."""
    text = text_of(case.program, case.topology).replace("precision = f64", "precision = f32")

    def read(path: str) -> Outcome[Source]:
        return Outcome(Source(path, text)) if path == "main.singa" else read_source(str(EXAMPLES / path))

    placed: Placed | None = until(Request("main.singa", topology="curve", read=read), "place").value
    assert placed is not None
    made = lower(placed, LowerRequest()).value
    assert made is not None
    plan, path = made.plan, folder / "plan.json"
    assert write(made, path).value is not None
    section = Section.of(placed.shaped, placed.shaped.job.trains[0], plan.data, "cpu")
    names = tuple(name for name, _ in section.fields("train"))
    batches = Batches(names, {field.name: field.shape for field in plan.data[0].fields}, section.batch("train"))
    feed = Feed(names, cast(Any, {"train": batches}))
    kernels = kernels_folder(path)
    schedule = Schedule(section.name, STEPS)
    with settings(section.double):
        host = LocalGroup(plan, plan.sections[0], feed, schedule, lambda key: load(kernels / f"{key}.stablehlo", plan.kernels[key]))
        host.initialise({})
        return list(_compared(host, whole_gradients(section), batches))


def _compared(host: LocalGroup, oracle: Callable[..., dict[str, Array]], batches: Batches) -> Iterator[Place]:
    seen: dict[str, Array] = {}
    with watched(seen):
        for step in range(STEPS):
            before = {name: np.array(tensor) for name, tensor in host.tensors().items()} if step % EVERY == 0 else None
            _run_to(host, step + 1)
            if before is not None:
                wanted, found = oracle(before, batches.made[step], step), gradients_of(host, seen)
                far = _apart(wanted, found)
                jump = _jump(oracle, before, batches.made[step], step) if far > NEAR else 0.0
                yield Place(step, far, jump)


def _apart(wanted: Mapping[str, Array], found: Mapping[str, Array]) -> float:
    largest = max(float(np.abs(value).max()) for value in wanted.values())
    return max(float(np.abs(wanted[name] - found[name]).max()) for name in wanted) / largest


def _jump(oracle: Callable[..., dict[str, Array]], tensors: Mapping[str, Array], batch: Mapping[str, Array], step: int) -> float:
    """How far the whole net's gradients move at most, when each parameter moves by half a unit in the last place or not at all."""
    random, wanted = np.random.default_rng(0), oracle(tensors, batch, step)
    jumps = []
    for _ in range(16):
        moved = {
            name: (value * (1 + 2.0**-24 * random.integers(-1, 2, value.shape))).astype(value.dtype)
            for name, value in tensors.items()
        }
        jumps.append(_apart(wanted, oracle(moved, batch, step)))
    return max(jumps)


def _run_to(host: LocalGroup, stop: int) -> None:
    for member in host.members:
        host.run(member.number, stop)
    done: set[int] = set()
    while len(done) < len(host.members):
        done |= {number for number, answer in host.advance(Attention()) if isinstance(answer, StepsDone)}


def main(arguments: list[str]) -> int:
    """Prints the largest difference of each case; the exit code says whether all are near, but where the gradient itself jumps."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="a part of the names of the cases to run")
    wanted = [case for case in cases() if parser.parse_args(arguments).only in case.name]
    every: list[Place] = []
    for number, case in enumerate(wanted, start=1):
        with tempfile.TemporaryDirectory() as folder:
            found = places(case, Path(folder))
        every += found
        print(f"{number:3}/{len(wanted)}  {max(one.far for one in found):.1e}  {case.name}", flush=True)
        for one in (one for one in found if one.far > NEAR):
            print(f"         step {one.step}: {one.far:.1e}; the whole net's own gradient jumps by {one.jump:.1e}", flush=True)
    far = [one for one in every if one.far > NEAR]
    worst = max(one.far for one in every if one.far <= NEAR)
    print(f"{len(wanted)} topologies, {len(every)} places: {len(every) - len(far)} within {worst:.1e} of the largest entry")
    return int(any(one.jump < one.far / 10 for one in far))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
