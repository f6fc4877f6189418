"""What changed about the parameters of a layer: whose they are, how they start, how they learn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from singalang import words
from singalang.differences.side import Side
from singalang_compiler.plan import LayerRecord


def parameter_changes(before: Side, after: Side, old: LayerRecord, new: LayerRecord, pairs: Mapping[str, str]) -> Iterator[str]:
    """What is otherwise about the parameters of a layer that both nets have; `pairs` holds names of layers before and after."""
    if len(old.parameters) != len(new.parameters):
        ours, theirs = ({_own(name) for name in layer.parameters} for layer in (old, new))
        yield from (f"without `{name}`" for name in sorted(ours - theirs))
        yield from (f"with `{name}`" for name in sorted(theirs - ours))
    for one, other in _both(old, new):
        own, was_own = after.owns(new.name, other), before.owns(old.name, one)
        if own and was_own:
            yield from _starts(before, after, one, other)
        else:
            yield from _whose(was_own, own, one, other, before.section.net, pairs)


def learning_changes(before: Side, after: Side, old: LayerRecord, new: LayerRecord) -> Iterator[str]:
    """How much faster or slower the layer's own parameters learn; what is said of all of them is said of the layer."""
    owned = [(one, other) for one, other in _both(old, new) if before.owns(old.name, one) and after.owns(new.name, other)]
    for place, label in enumerate(("learning rate", "weight decay")):
        told: dict[str, list[str]] = {}
        for earlier, now in owned:
            one, other = before.scales(earlier)[place], after.scales(now)[place]
            if one != other:
                told.setdefault(f"times {one:g} -> {other:g}", []).append(f"`{_own(now)}`")
        for text, names in told.items():
            yield f"{label} {text}" if len(names) == len(owned) else f"{label} of {' and '.join(names)} {text}"


def _both(old: LayerRecord, new: LayerRecord) -> list[tuple[str, str]]:
    """The parameters of a layer before and after, those that do the same together."""
    if len(old.parameters) == len(new.parameters):
        return list(zip(old.parameters, new.parameters, strict=True))
    theirs = {_own(name): name for name in new.parameters}
    return [(name, theirs[_own(name)]) for name in old.parameters if _own(name) in theirs]


def _own(parameter: str) -> str:
    return parameter.rpartition(".")[2]


def _whose(was_own: bool, own: bool, old: str, new: str, net: str, pairs: Mapping[str, str]) -> Iterator[str]:
    """Whose parameter a layer uses now."""
    if own:
        yield f"has `{_own(new)}` of its own, not {old}"
    elif was_own:
        yield f"uses {new}, not `{_own(old)}` of its own"
    elif _after(old, net, pairs) != new:
        yield f"uses {new}, not {old}"


def _after(parameter: str, net: str, pairs: Mapping[str, str]) -> str:
    """What a parameter is called if its layer only has another name."""
    owner, _, own = parameter.rpartition(".")
    layer = owner if owner in pairs else owner.removeprefix(f"{net}.")
    return f"{owner.removesuffix(layer)}{pairs.get(layer, layer)}.{own}"


def _starts(before: Side, after: Side, old: str, new: str) -> Iterator[str]:
    one, other = before.parameters[old].init, after.parameters[new].init
    if one != other:
        yield f"`{_own(new)}` starts as {words.kind(one)} -> {words.kind(other)}"
