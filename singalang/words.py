"""What stands in a plan, in a reader's words. Knows neither HTML nor a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

from singalang_compiler.geometry import Distribution
from singalang_compiler.plan import KindRecord, Reason, StepsRecord

SEMANTICS = {
    "bitwise": "equal to the bit, however often it runs",
    "synchronous": "those of one worker, up to rounding",
    "asynchronous": "other ones in every run",
}
"""What a plan says of its results."""

REASONS: dict[Reason, str] = {
    "only-worker": "there is only one worker to do it",
    "written": "the program says so",
    "default": "it is the default",
    "tiny-steps": "a step takes little longer than its dispatch",
    "convolutions-on-cpu": "layers on images are slow in a loop inside a kernel on a CPU",
    "large-steps": "a step takes much longer than its dispatch",
    "backend-cpu": "the kernels are for CPUs alone",
    "backend-any": "the kernels are for several platforms",
    "group-steps": "the steps of a group are dispatched one by one",
    "topology-default": "it is what the topology says of layers that no rule names",
    "cheapest": "nothing is cheaper in the cost model, and that is proven",
    "cheapest-found": "the cheapest that the search found; not proven",
    "cheapest-that-fits": "what is cheaper needs more memory than a process has",
    "no-such-cut": "its kind cannot be cut as the topology says",
    "not-divisible": "cut as the topology says, the parts would be unequal",
    "follows-inputs": "it stands where its inputs are",
    "only-stage": "there is one stage",
    "uses-agree": "all layers that use it cut it alike",
    "uses-differ": "the layers that use it cut it differently",
    "not-cut": "no layer that uses it cuts it",
    "balanced": "slices are of nearly equal sizes",
    "only-server": "there is one server",
    "where-it-is-held": "what one worker holds is with the server in its process",
}

SHORT_REASONS: dict[Reason, str] = REASONS | {
    "only-worker": "its stage has one worker",
    "topology-default": "the topology's default",
    "cheapest": "cheapest, proven",
    "cheapest-found": "cheapest found, not proven",
    "cheapest-that-fits": "cheapest that fits in memory",
    "no-such-cut": "its kind has no other cut",
    "not-divisible": "the default would cut unequal parts",
}
"""Where there is little room."""

CONNECTIONS = {
    "all_to_all": "all-to-all",
    "all_gather": "all-gather",
    "reduce_scatter": "reduce-scatter",
    "all_reduce": "all-reduce",
    "send": "send",
}

CUTS = {
    "batch": "each worker computes its own records",
    "feature": "each worker computes a part of the features of every record",
    "none": "every worker computes all of it",
}


def shape(lengths: Iterable[int]) -> str:
    """A shape as a program has it: `[32, 8, 8]`; of a single number `one number`."""
    return str(list(lengths)) if (lengths := tuple(lengths)) else "one number"


def count(number: int, one: str, many: str | None = None) -> str:
    """`1 worker`, `2 workers`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def growth(before: float, after: float) -> str:
    """How much more or less something has become: `+18 %`, `-40 %`, `2.3 times`; nothing where it was 0."""
    if not before:
        return ""
    ratio = after / before
    percent = 100 * (ratio - 1)
    if abs(percent) < 0.005:
        return "the same"
    if ratio >= 2:
        return f"{ratio:.3g} times"
    return f"{percent:+.0f} %" if abs(percent) >= 0.95 else f"{percent:+.1g} %"


def spread(distribution: Distribution) -> str:
    """How a value lies among the workers of a stage."""
    match distribution.kind:
        case "batch":
            return "its own records on each worker"
        case "feature":
            return f"a part of axis {distribution.axis} on each worker"
        case "whole":
            return "all of it on each worker"
        case "partial":
            return "a summand on each worker"


def ranges(numbers: Sequence[int]) -> str:
    """Numbers in ascending order, runs put together: `0 to 3, 6`."""
    starts = [0, *(place for place, (one, other) in enumerate(pairwise(numbers), 1) if other != one + 1), len(numbers)]
    runs = [(numbers[first], numbers[end - 1]) for first, end in pairwise(starts) if first < end]
    return ", ".join(
        f"{first} to {last}" if last > first + 1 else f"{first}, {last}" if last > first else f"{first}" for first, last in runs
    )


def workers(numbers: Sequence[int]) -> str:
    """Workers by their numbers: `worker 3`, `workers 0 to 3`."""
    return f"worker{'s' if len(numbers) > 1 else ''} {ranges(numbers)}"


def steps(record: StepsRecord) -> str:
    """A number of steps or epochs."""
    if record.steps is not None:
        return count(record.steps, "step")
    return f"{record.epochs:g} {'epoch' if record.epochs == 1 else 'epochs'}"


def kind(record: KindRecord) -> str:
    """A kind with its attributes, as a program has it: `adam(lr = 0.01)`."""
    given = ", ".join(f"{name} = {value(item)}" for name, item in record.attributes.items())
    return f"{record.kind}({given})" if given else record.kind


def value(item: Any) -> str:
    """The value of an attribute, as a program has it."""
    match item:
        case bool():
            return "true" if item else "false"
        case None:
            return "none"
        case float():
            return f"{item:g}"
        case str():
            return item
        case list() | tuple():
            return f"[{', '.join(map(value, item))}]"
        case {"kind": str(name), "attributes": dict(attributes)}:
            return kind(KindRecord(kind=name, attributes=attributes))
        case {"epochs": number}:
            return f"epochs({value(number)})"
        case _:
            return str(item)


def short(count: float) -> str:
    """A count with a letter for thousands, millions, ..."""
    for letter in ("", "k", "M", "G", "T"):
        if count < 999.5:
            return f"{count:.3g}{letter}"
        count /= 1000
    return f"{count:.3g}P"


def seconds(time_s: float) -> str:
    """A time as people say it."""
    for limit, divisor, unit in ((1e-3, 1e-6, "us"), (1.0, 1e-3, "ms"), (120.0, 1.0, "s"), (7200.0, 60.0, "min")):
        if time_s < limit:
            return f"{_digits(time_s / divisor)} {unit}"
    return f"{_digits(time_s / 3600)} h"


def bytes_(count: float) -> str:
    """A number of bytes as people say it."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1023.5:
            return f"{_digits(count)} {unit}"
        count /= 1024
    return f"{_digits(count)} TiB"


def _digits(number: float) -> str:
    """Three digits, or all that stand before the point."""
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"
