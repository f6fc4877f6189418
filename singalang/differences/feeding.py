"""What changed about the data: fields, sources, batches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from singalang import words
from singalang.differences.attributes import change, kind_changes
from singalang.differences.found import Line, Part
from singalang_compiler.plan import DataRecord, FieldRecord, Plan, SourceRecord


def paired(before: Sequence[str], after: Sequence[str]) -> dict[str, str]:
    """Names before and after that mean the same: those that both have, and what is left in order if equally many are."""
    pairs = {name: name for name in before if name in after}
    rest = [name for name in before if name not in pairs], [name for name in after if name not in pairs]
    return pairs | (dict(zip(*rest, strict=True)) if len(rest[0]) == len(rest[1]) else {})


def field_pairs(before: Plan, after: Plan) -> dict[str, str]:
    """By the name of a field before, `data.field`, that after."""
    found: dict[str, str] = {}
    for old, new in _data_pairs(before, after):
        names = paired([one.name for one in old.fields], [one.name for one in new.fields])
        found |= {f"{old.name}.{one}": f"{new.name}.{other}" for one, other in names.items()}
    return found


def data_parts(before: Plan, after: Plan) -> Iterator[Part]:
    """What changed of each data section."""
    pairs = {old.name: new.name for old, new in _data_pairs(before, after)}
    gone = [Line(sign="-", text=f"data {one.name}") for one in before.data if one.name not in pairs]
    new = [Line(sign="+", text=f"data {one.name}") for one in after.data if one.name not in pairs.values()]
    if gone or new:
        yield Part("data", (*gone, *new))
    for one, other in _data_pairs(before, after):
        lines = tuple(Line(sign="~", subject=subject, text=text) for subject, text in _changes(one, other))
        if lines:
            yield Part(f"data {other.name}", lines)


def _data_pairs(before: Plan, after: Plan) -> list[tuple[DataRecord, DataRecord]]:
    ours, theirs = ({one.name: one for one in plan.data} for plan in (before, after))
    return [(ours[old], theirs[new]) for old, new in paired(list(ours), list(theirs)).items()]


def _changes(before: DataRecord, after: DataRecord) -> Iterator[tuple[str, str]]:
    if before.name != after.name:
        yield after.name, f"was called {before.name}"
    if before.records != after.records:
        yield "records", change(before.records, after.records)
    ours, theirs = ({one.name: one for one in data.fields} for data in (before, after))
    names = paired(list(ours), list(theirs))
    yield from ((name, f"gone, {_declared(ours[name])}") for name in ours if name not in names)
    yield from ((name, f"new, {_declared(one)}") for name, one in theirs.items() if name not in names.values())
    for old, new in names.items():
        if texts := list(_field(ours[old], theirs[new])):
            yield new, "; ".join(texts)
    yield from _sources(before.sources, after.sources)


def _field(before: FieldRecord, after: FieldRecord) -> Iterator[str]:
    if before.name != after.name:
        yield f"was called {before.name}"
    if _declared(before) != _declared(after):
        yield f"{_declared(before)} -> {_declared(after)}"
    for label in ("mean", "std"):
        old, new = (getattr(one, f"{label}_file") or getattr(one, label) for one in (before, after))
        if old != new:
            yield f"{label} {change(old, new)}"
    if before.storage != after.storage:
        yield f"travels as {before.storage} -> {after.storage}"


def _declared(field: FieldRecord) -> str:
    shape = list(field.shape) if field.shape or not field.classes else ""
    return f"class({field.classes}){shape}" if field.classes else f"{field.dtype}{shape}"


def _sources(before: Mapping[str, SourceRecord], after: Mapping[str, SourceRecord]) -> Iterator[tuple[str, str]]:
    for phase in dict.fromkeys((*before, *after)):
        old, new = before.get(phase), after.get(phase)
        if old is None or new is None:
            one = new or old
            assert one is not None
            yield phase, f"{'gone' if new is None else 'new'}, {words.kind(one.source)} in batches of {one.batch}"
        elif texts := list(_source(old, new)):
            yield phase, "; ".join(texts)


def _source(before: SourceRecord, after: SourceRecord) -> Iterator[str]:
    if before.source != after.source:
        yield ", ".join(kind_changes("", before.source, after.source)) or "the code of its source has changed"
    for label in ("batch", "shuffle", "random_skip", "split"):
        old, new = getattr(before, label), getattr(after, label)
        if old != new:
            yield f"{label} {change(old, new)}"
