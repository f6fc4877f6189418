"""What changed about the parameters of a layer: whose they are, how they start, how they learn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from singalang import words
from singalang.differences.side import Side
from singalang_compiler.plan import LayerRecord


def parameter_changes(before: Side, after: Side, old: LayerRecord, new: LayerRecord, pairs: Mapping[str, str]) -> Iterator[str]:
    """What is otherwise about the parameters of a layer that both nets have; `pairs` holds names of layers before and after."""
    if len(old.parameters) == len(new.parameters):
        for one, other in zip(old.parameters, new.parameters, strict=True):
            yield from _one(before, after, (old.name, one), (new.name, other), pairs)
        return
    ours, theirs = ({_own(name): name for name in layer.parameters} for layer in (old, new))
    yield from (f"without `{name}`" for name in ours if name not in theirs)
    yield from (f"with `{name}`" for name in theirs if name not in ours)
    for name in ours:
        if name in theirs:
            yield from _one(before, after, (old.name, ours[name]), (new.name, theirs[name]), pairs)


def _own(parameter: str) -> str:
    return parameter.rpartition(".")[2]


def _one(before: Side, after: Side, old: tuple[str, str], new: tuple[str, str], pairs: Mapping[str, str]) -> Iterator[str]:
    own, was_own = after.owns(*new), before.owns(*old)
    if own and was_own:
        yield from _starts(before, after, old[1], new[1])
        yield from _learns(before, after, old[1], new[1])
    elif own:
        yield f"has `{_own(new[1])}` of its own, not {old[1]}"
    elif was_own:
        yield f"uses {new[1]}, not `{_own(old[1])}` of its own"
    elif _after(old[1], before.section.net, pairs) != new[1]:
        yield f"uses {new[1]}, not {old[1]}"


def _after(parameter: str, net: str, pairs: Mapping[str, str]) -> str:
    """What a parameter is called if its layer only has another name."""
    owner, _, own = parameter.rpartition(".")
    layer = owner if owner in pairs else owner.removeprefix(f"{net}.")
    return f"{owner.removesuffix(layer)}{pairs.get(layer, layer)}.{own}"


def _starts(before: Side, after: Side, old: str, new: str) -> Iterator[str]:
    one, other = before.parameters[old].init, after.parameters[new].init
    if one != other:
        yield f"`{_own(new)}` starts as {words.kind(one)} -> {words.kind(other)}"


def _learns(before: Side, after: Side, old: str, new: str) -> Iterator[str]:
    names = (f"learning rate of `{_own(new)}`", f"weight decay of `{_own(new)}`")
    for label, one, other in zip(names, before.scales(old), after.scales(new), strict=True):
        if one != other:
            yield f"{label} times {one:g} -> {other:g}"
