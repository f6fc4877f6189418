"""Random problems of choosing cuts, and what a step costs by them, worked out block by block."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from math import fsum
from random import Random

from singalang_compiler.geometry import BATCH, PARTIAL, WHOLE, Distribution, Extent, blocks, by_feature
from singalang_compiler.library.tensors import Partition
from singalang_compiler.partition.cut_net import Cut
from singalang_compiler.partition.problem import Choice, Decided, Group, Option, Problem, Shared

BY_BATCH = Cut(Partition("batch", (0,), 0))
BY_FEATURE = Cut(Partition("feature", (None,), 1))
BY_SUMS = Cut(Partition("feature", (1,), None, partial=True))
NOT_CUT = Cut()
FEATURE = by_feature(1)


def random_problem(random: Random, layers: int, *, wide: bool = False, memory_bytes: int | None = None) -> Problem:
    """A net of so many layers with any inputs, cuts and costs; `wide` ones have many values waiting at once."""
    workers, stages = random.choice([2, 3, 4]), random.choice([1, 1, 2, 3])
    group = Group(
        rows=random.choice([(12,) * workers, tuple(random.randint(1, 12) for _ in range(workers))]),
        stages=stages,
        micro_batches=random.choice([1, 4]),
        link_bytes_s=1e4,
        link_latency_s=0.3 * random.random(),
        dispatch_s=0.1 * random.random(),
        memory_bytes=memory_bytes,
    )
    tied = random.choice([(), ("w",), ("w", "v")])
    made = [_random_layer(random, number, layers, stages, tied, wide) for number in range(layers)]
    used = {name: sorted({one.stage for one in made if name in one.options[0].uses}) for name in tied}
    shared = [
        Shared(name=name, stages=tuple(found), cut_s=random.random(), whole_s=3 * random.random(), cut_bytes=1e4, whole_bytes=4e4)
        for name, found in used.items()
        if found
    ]
    return Problem(group=group, layers=tuple(made), shared=tuple(shared))


def _random_layer(random: Random, number: int, layers: int, stages: int, tied: Sequence[str], wide: bool) -> Decided:
    inputs = (
        sorted({random.randrange(0 if wide else max(0, number - 4), number) for _ in range(_fan_in(random, wide))})
        if number
        else []
    )
    own = [name for name in tied if random.random() < 0.4]
    options = [_random_option(random, cut, len(inputs), own) for cut in (BY_BATCH, BY_FEATURE, BY_SUMS, NOT_CUT)]
    kept = [one for one in options if random.random() < 0.8] or options[:1]
    return Decided(
        name=f"layer{number}",
        stage=number * stages // layers,
        inputs=tuple(f"layer{one}" for one in inputs),
        options=tuple(kept),
        allowed=random.choice([(), (), (), (), (0,)]),
        elements=random.choice([12, 120, 1200]),
        learns=random.random() < 0.8,
    )


def _fan_in(random: Random, wide: bool) -> int:
    return random.choice([0, 0, 1, 3, 5] if wide else [0, 1, 1, 1, 2, 3])


def _random_option(random: Random, cut: Cut, inputs: int, tied: Sequence[str]) -> Option:
    wanted = {"batch": BATCH, "feature": random.choice([FEATURE, WHOLE]), "none": WHOLE}[cut.name]
    lies = PARTIAL if cut == BY_SUMS else {"batch": BATCH, "feature": FEATURE, "none": WHOLE}[cut.name]
    return Option(
        cut=cut,
        inputs=(FEATURE if cut == BY_SUMS else wanted,) * inputs,
        output=lies,
        step_s=2 * random.random(),
        memory_bytes=1e5 * random.random(),
        uses={name: random.choice([0, 0, 1]) if cut.name == "feature" else None for name in tied},
    )


def all_cuts(problem: Problem) -> Iterator[tuple[int, ...]]:
    """Every way to cut the layers that is allowed."""
    return product(*(layer.choices for layer in problem.layers))


def count_of_cuts(problem: Problem) -> int:
    """How many ways there are."""
    count = 1
    for layer in problem.layers:
        count *= len(layer.choices)
    return count


def places(problem: Problem, choice: Choice) -> tuple[int, ...]:
    """The options that were chosen, by their places."""
    cuts = choice.cuts
    return tuple([option.cut for option in layer.options].index(cuts[layer.name]) for layer in problem.layers)


def cost_s(problem: Problem, cuts: Sequence[int]) -> float:
    """What a step costs: from the rules for connections, and the blocks that each moves."""
    chosen = {layer.name: layer.options[option] for layer, option in zip(problem.layers, cuts, strict=True)}
    layers = {layer.name: layer for layer in problem.layers}
    wanted: dict[tuple[str, int], dict[Distribution, bool]] = {}
    for layer in problem.layers:
        for source, how in zip(layer.inputs, chosen[layer.name].inputs, strict=True):
            there = layer.stage == layers[source].stage and chosen[source].output in (how, WHOLE)
            if not there:
                ways = wanted.setdefault((source, layer.stage), {})
                ways[how] = ways.get(how, False) or (layers[source].learns and layer.learns)
    moved = [
        _moved_s(problem.group, layers[source], chosen[source].output, target, stage, returns)
        for (source, stage), ways in wanted.items()
        for target, returns in _brought(ways).items()
    ]
    tied = [
        _tied_s(shared, [option.uses[shared.name] for option in chosen.values() if shared.name in option.uses])
        for shared in problem.shared
    ]
    return fsum([*(option.step_s for option in chosen.values()), *moved, *tied])


def _brought(ways: dict[Distribution, bool]) -> dict[Distribution, bool]:
    return {WHOLE: any(ways.values())} if WHOLE in ways else ways


def _moved_s(group: Group, layer: Decided, source: Distribution, target: Distribution, stage: int, returns: bool) -> float:
    apart = stage != layer.stage
    axes = list(dict.fromkeys(one.axis for one in (source, target) if one.kind == "feature"))
    extent = Extent(rows=group.rows, record=(group.workers,) * len(axes) or (1,))
    each: float = layer.elements / group.workers ** len(axes)
    gets, gives = [0] * group.workers, [0] * group.workers
    for block in blocks(extent, _renamed(source, axes), _renamed(target, axes)):
        if apart or block.source != block.target:
            gets[block.target] += block.size
            gives[block.source] += block.size
    once = group.link_latency_s + max(*gets, *gives) * each * group.element_bytes / group.link_bytes_s
    once += 0 if apart else group.dispatch_s
    filled = (group.micro_batches + group.stages - 1) / (group.micro_batches * group.stages)
    return once * (2 if returns else 1) * group.micro_batches * filled


def _renamed(way: Distribution, axes: list[int]) -> Distribution:
    """The same among so many axes, each as long as there are workers."""
    return by_feature(1 + axes.index(way.axis)) if way.kind == "feature" else way


def _tied_s(shared: Shared, axes: list[int | None]) -> float:
    cut = len(set(axes)) == 1 and axes[0] is not None and len(shared.stages) == 1
    return shared.cut_s if cut else shared.whole_s
