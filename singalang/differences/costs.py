"""What two plans are predicted to need, before and after."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import isclose, prod

from singalang import words
from singalang.differences.found import Cost, Unit
from singalang_compiler.plan import Plan

_LINKS = {
    "connections": "values between workers a step",
    "gradients": "gradients to servers a step",
    "values": "parameters from servers a step",
    "norms": "square sums between servers a step",
}


def costs(before: Plan, after: Plan) -> tuple[Cost, ...]:
    """Predictions that differ."""
    return tuple(cost for cost in _all(before, after) if not isclose(cost.before, cost.after, rel_tol=1e-9))


def _all(before: Plan, after: Plan) -> Iterator[Cost]:
    one, other = before.estimate, after.estimate
    seconds = [{section.name: section.step_s for section in plan.sections} for plan in (before, after)]
    for name, old, new in _both(*seconds):
        yield Cost("a step" if len(seconds[1]) == 1 else f"a step of {name}", "s", old, new)
    if one.total_s is not None and other.total_s is not None:
        yield Cost("in all", "s", one.total_s, other.total_s)
    yield Cost("flops a step", "flops", one.flops_per_step, other.flops_per_step)
    yield Cost("parameters", "number", _parameters(before), _parameters(after))
    for what, old, new in _both(_links(before), _links(after)):
        yield Cost(_LINKS[what], "bytes", old, new)
    largest = [max(plan.estimate.memory_bytes.values(), default=0) for plan in (before, after)]
    yield Cost("memory of the largest process", "bytes", *largest)
    yield Cost("processes", "number", len(before.processes), len(after.processes))


def _both(before: Mapping[str, float], after: Mapping[str, float]) -> Iterator[tuple[str, float, float]]:
    return ((name, before.get(name, 0), after.get(name, 0)) for name in dict.fromkeys((*before, *after)))


def _parameters(plan: Plan) -> int:
    return sum(prod(one.shape) for one in plan.parameters)


def _links(plan: Plan) -> dict[str, int]:
    """Bytes of a step by what they are, over all train sections."""
    found: dict[str, int] = {}
    for section in plan.sections:
        for link in section.group.links if section.group else ():
            found[link.what] = found.get(link.what, 0) + link.step_bytes
    return found


def amount(number: float, unit: Unit) -> str:
    """A prediction in words."""
    match unit:
        case "s":
            return words.seconds(number)
        case "bytes":
            return words.bytes_(number)
        case "flops":
            return words.short(number)
        case "number":
            return f"{int(number):,}"
