"""What changed about who does what: workers, stages, servers, and how each layer is cut."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import gcd

from singalang import words
from singalang.differences.attributes import change
from singalang.differences.found import Line, Part
from singalang.differences.matching import Matching
from singalang.differences.side import ALONE, Place, Side
from singalang_compiler.plan import Reason

_FEW = 3
"""So many layers are left out of a list rather than all others named."""


def placing_part(before: Side, after: Side, matching: Matching, title: str) -> Part | None:
    """What changed, if anything did."""
    lines = (
        *(Line(sign="~", subject=label, text=text) for label, text in _crew(before, after)),
        *_moved(before, after, matching),
        *_stored(before, after, matching),
        *_dispatched(before, after),
    )
    return Part(title, lines) if lines else None


def plan_line(label: str, before: object, after: object) -> Iterator[Line]:
    """One that says that something about the whole plan is otherwise, if it is."""
    if before != after:
        yield Line(sign="~", subject=label, text=change(before, after))


def _crew(before: Side, after: Side) -> Iterator[tuple[str, str]]:
    """Numbers of workers and the like."""
    for label, old, new in (
        ("workers", before.workers, after.workers),
        ("stages", before.stages, after.stages),
        ("micro-batches", _micro_batches(before), _micro_batches(after)),
        ("shards of exact sums", _shards(before), _shards(after)),
        ("servers", _servers(before), _servers(after)),
        ("a batch is shared", _shares(before), _shares(after)),
    ):
        if old != new:
            yield label, f"{old} -> {new}"


def _micro_batches(side: Side) -> int:
    return side.group.micro_batches if side.group and not side.group.shards else 1


def _shards(side: Side) -> str:
    return str(side.group.shards) if side.group and side.group.shards else "none"


def _servers(side: Side) -> str:
    """How many servers there are, and where."""
    homes = [one.process for one in side.group.servers] if side.group else ["worker-0"]
    inside = sum(home.startswith("worker-") for home in homes)
    apart = len(homes) - inside
    within = f"{inside} in {'the process of a worker' if inside == 1 else 'the processes of workers'}"
    return ", ".join((*((within,) if inside else ()), *((f"{apart} apart",) if apart else ())))


def _shares(side: Side) -> str:
    """How the workers of a stage share a batch: `evenly`, or `3 : 2`."""
    rows = side.group.rows if side.group else (1,)
    unit = gcd(*rows)
    return "evenly" if len(set(rows)) == 1 else " : ".join(str(one // unit) for one in rows)


def _dispatched(before: Side, after: Side) -> Iterator[Line]:
    """How steps are handed to the device, which the compiler chooses."""
    old, new = _dispatch(before), _dispatch(after)
    if old != new:
        yield Line(sign=">", subject="dispatch", text=f"{old} -> {new}: {after.section.dispatch.reason}")


def _dispatch(side: Side) -> str:
    dispatch = side.section.dispatch
    return f"{words.count(dispatch.count, 'step')} a call{' (unrolled)' if dispatch.mode == 'unroll' else ''}"


def _moved(before: Side, after: Side, matching: Matching) -> Iterator[Line]:
    """Layers that are cut otherwise, in another stage, or computed again; those of which the same is said share a line."""
    found: dict[str, list[str]] = {}
    both = [(before.places[old], after.places[new], new) for old, new in matching.pairs.items() if _placed(before, after, old, new)]
    for old, new, name in both:
        texts = _place_changes(old, new, _reason(after, name), before.stages > 1 or after.stages > 1)
        if text := "; ".join(texts):
            found.setdefault(text, []).append(name)
    everyone = [name for _, _, name in both]
    for text, names in found.items():
        yield Line(sign="~", subject=_listed(names, everyone), text=text, layers=tuple(names))


def _placed(before: Side, after: Side, old: str, new: str) -> bool:
    return old in before.places and new in after.places


def _reason(side: Side, layer: str) -> Reason | None:
    return side.reasons.get(f"{side.section.name}.{layer}.partition")


def _place_changes(old: Place, new: Place, reason: Reason | None, staged: bool) -> Iterator[str]:
    if old.cut != new.cut:
        because = f" ({words.SHORT_REASONS[reason]})" if reason and new.cut != ALONE else ""
        yield f"{_cut(old.cut)} -> {_cut(new.cut)}{because}"
    if old.stage != new.stage and staged:
        yield f"stage {old.stage} -> {new.stage}"
    if old.again != new.again:
        yield "computed again in the backward pass" if new.again else "no longer computed again in the backward pass"


def _cut(cut: str) -> str:
    match cut:
        case "alone":
            return "computed by one worker"
        case "none":
            return "computed by every worker"
        case _:
            return f"cut by {cut}"


def _listed(names: Sequence[str], everyone: Sequence[str]) -> str:
    """Names of layers; where they are nearly all, those that are not among them."""
    chosen = set(names)
    others = [name for name in everyone if name not in chosen]
    if len(names) <= 2 * _FEW or len(others) > _FEW:
        return ", ".join(names)
    return f"all layers but {', '.join(others)}" if others else "all layers"


def _stored(before: Side, after: Side, matching: Matching) -> Iterator[Line]:
    """Parameters that are kept otherwise though none of their layers is cut otherwise."""
    if before.group is None or after.group is None or before.workers != after.workers:
        return
    kept = {one.name: one.axis for one in before.group.stored}
    for one in after.group.stored:
        users = [name for name in after.parameters[one.name].layers if name in after.places]
        still = all(_same_place(before, after, matching, name) for name in users)
        if one.name in kept and kept[one.name] != one.axis and users and still:
            text = f"{_kept(kept[one.name])} -> {_kept(one.axis)}: {words.REASONS[one.reason]}"
            yield Line(sign=">", subject=one.name, text=text, layers=tuple(users[:1]))


def _same_place(before: Side, after: Side, matching: Matching, name: str) -> bool:
    old = matching.back.get(name)
    return old is not None and before.places.get(old) == after.places[name]


def _kept(axis: int | None) -> str:
    return "kept whole" if axis is None else f"cut along axis {axis}"
