"""What changed about how a net learns: steps, updater, schedule, seed, precision, and when it is tested."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from singalang import words
from singalang.differences.attributes import change, kind_changes
from singalang.differences.found import Line, Part, Sign
from singalang.differences.gathering import gathered
from singalang.differences.matching import Matching
from singalang.differences.parameters import learning_changes
from singalang.differences.side import Side
from singalang_compiler.plan import Act, KindRecord, SectionRecord


def training_part(before: Side, after: Side, matching: Matching) -> Part | None:
    """What changed of a train section, if anything did."""
    lines = (
        *(_line(label, text) for label, text in _settings(before.section, after.section)),
        *_acts(before, after),
        *gathered("~", _scales(before, after, matching)),
    )
    return Part(f"training {after.section.name}".removesuffix(" train"), lines) if lines else None


def section_line(section: SectionRecord, sign: Sign) -> Line:
    """A train section that only one of the plans has."""
    text = f"net {section.net}, {words.steps(section.steps)}, {words.kind(section.updater)}"
    return Line(sign=sign, subject=f"train {section.name}", text=text)


def _line(subject: str, text: str) -> Line:
    return Line(sign="~", subject=subject, text=text)


def _settings(before: SectionRecord, after: SectionRecord) -> Iterator[tuple[str, str]]:
    if before.name != after.name:
        yield "name", f"{before.name} -> {after.name}"
    if before.net != after.net:
        yield "net", f"{before.net} -> {after.net}"
    yield from _kinds("algorithm", before.algorithm, after.algorithm)
    yield from _kinds("updater", before.updater, after.updater)
    if before.rate != after.rate:
        yield "lr", ", ".join(kind_changes("", _plainly(before.rate), _plainly(after.rate)))
    pairs = (
        ("weight decay", before.weight_decay, after.weight_decay),
        ("clip", before.clip, after.clip),
        ("clip norm", before.clip_norm, after.clip_norm),
        ("seed", before.seed, after.seed),
        ("precision", before.precision, after.precision),
        ("starts from", before.start, after.start),
    )
    yield from ((label, change(old, new)) for label, old, new in pairs if old != new)
    if before.steps != after.steps:
        yield "steps", f"{words.steps(before.steps)} -> {words.steps(after.steps)}"
    if before.metrics != after.metrics:
        yield "measures", f"{', '.join(before.metrics)} -> {', '.join(after.metrics)}"


def _kinds(label: str, before: KindRecord, after: KindRecord) -> Iterator[tuple[str, str]]:
    if before != after:
        yield label, ", ".join(kind_changes("", before, after)) or "its code has changed"


def _plainly(rate: KindRecord) -> KindRecord:
    """A rate that never changes is a number, as in a program."""
    if rate.kind == "fixed" and len(rate.attributes) == 1:
        (number,) = rate.attributes.values()
        return KindRecord(kind=words.value(number))
    return rate


def _scales(before: Side, after: Side, matching: Matching) -> Iterator[tuple[str, str]]:
    """Names after of layers that learn faster or slower."""
    for old, new in matching.pairs.items():
        yield from ((new, text) for text in learning_changes(before, after, before.layers[old], after.layers[new]))


def _acts(before: Side, after: Side) -> Iterator[Line]:
    ours, theirs = ({act.action: _when(act) for act in side.program.acts} for side in (before, after))
    for action in dict.fromkeys((*ours, *theirs)):
        old, new = ours.get(action, "never"), theirs.get(action, "never")
        if old != new:
            yield _line(action, f"{old} -> {new}")
    ends = [_listed(act.action for act in side.program.end) for side in (before, after)]
    if ends[0] != ends[1]:
        yield _line("at the end", " -> ".join(ends))


def _when(act: Act) -> str:
    text = f"every {words.steps(act.period)}" if act.period else "at the end"
    if act.after is not None and act.after != act.period:
        text += f" after {words.steps(act.after)}"
    return text + (f", {words.count(act.batches, 'batch', 'batches')}" if act.batches else "")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "nothing"
