"""The decisions of a whole plan, shortly."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from singalang import words
from singalang.why.servers import servers_text
from singalang.why.subject import Subject
from singalang.why.told import Fact, Table, Told, best_rejected
from singalang_compiler.plan import Plan

_SEARCHED = ("cheapest", "cheapest-found", "cheapest-that-fits")


def overview(plan: Plan) -> Iterator[Told]:
    """The plan, then each train section."""
    whole = tuple(one for one in plan.decisions if "." not in one.about)
    yield Told(
        title=f"{plan.name}, by topology {plan.topology.name}" if plan.topology.name else plan.name,
        facts=(
            *((one.about, f"{one.chosen}: {words.REASONS[one.reason]}") for one in whole),
            *(("approximation", text) for text in plan.approximations),
        ),
        decisions=whole,
    )
    for section in plan.sections:
        yield of_layers(Subject(plan, section), None)


def of_layers(subject: Subject, chosen: Sequence[str] | None) -> Told:
    """A train section, or only some of its layers."""
    section = subject.section
    start = f"{section.name}."
    decisions = tuple(one for one in subject.plan.decisions if one.about.startswith(start))
    names = [layer.name for layer in section.layers] if chosen is None else list(chosen)
    if chosen is not None:
        decisions = tuple(one for name in names for one in subject.decisions(*(f"{name}.{what}" for what in _OF_A_LAYER)))
    rows = tuple(_rows(subject, names))
    return Told(
        title=f"train {section.name}, net {section.net}" if section.name != "train" else f"net {section.net}",
        facts=tuple(_facts(subject)) if chosen is None else (),
        table=Table(("layer", "stage", "cut", "because", "best other way"), rows, 3) if rows else None,
        notes=tuple(_notes(subject)) if chosen is None else (),
        decisions=decisions,
    )


_OF_A_LAYER = ("partition", "stage", "remat")


def _facts(subject: Subject) -> Iterator[Fact]:
    section, group = subject.section, subject.group
    if group is None:
        yield "workers", "1, which computes whole steps: nothing is cut"
    else:
        stages = f" in {group.stages} stages of {subject.per_stage}" if group.stages > 1 else ""
        yield "workers", f"{group.workers}{stages}"
        yield "batch", _batch(subject)
        yield "servers", servers_text(subject)
    yield "dispatch", f"{words.count(section.dispatch.count, 'step')} a call: {section.dispatch.reason}"
    again = [layer.name for layer in section.layers if subject.decision(f"{layer.name}.remat")]
    if again:
        yield "computed again", f"in the backward pass: {', '.join(again)}"
    moved = [f"{words.bytes_(link.step_bytes)} {link.what}" for link in (group.links if group else ()) if link.step_bytes]
    told = f"; {', '.join(moved)} between processes" if moved else ""
    yield "a step", f"{words.seconds(section.step_s)} predicted{told}"


def _batch(subject: Subject) -> str:
    group = subject.group
    assert group is not None
    if group.shards:
        return f"{group.shards} shards, summed in the same order by any number of workers"
    rows = f"{', '.join(map(str, group.rows))} records" if len(set(group.rows)) > 1 else words.count(group.rows[0], "record")
    each = " for each worker" if subject.per_stage > 1 else " at a time"
    return f"{group.micro_batches} micro-batches, in each {rows}{each}" if group.micro_batches > 1 else f"{rows}{each}"


def _rows(subject: Subject, names: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """A row for each layer; layers in a row of which the same is said and that had no choice share one."""
    told = [(name, *_row(subject, name)) for name in names if subject.decision(f"{name}.partition")]
    for (stage, cut, why, best), rows in groupby(told, key=lambda row: row[1:]):
        same = [name for name, *_ in rows]
        if best or len(same) < 3:
            yield from ((name, stage, cut, why, best) for name in same)
        else:
            yield f"{same[0]} to {same[-1]} ({len(same)})", stage, cut, why, best


def _row(subject: Subject, name: str) -> tuple[str, str, str, str]:
    decision = subject.decision(f"{name}.partition")
    assert decision is not None
    cut = "not cut" if subject.per_stage == 1 else decision.chosen
    stage = str(subject.stage(name)) if subject.stages > 1 else ""
    return stage, cut, words.SHORT_REASONS[decision.reason], best_rejected(decision)


def _notes(subject: Subject) -> Iterator[str]:
    found = [one for name in subject.layers if (one := subject.decision(f"{name}.partition"))]
    if not any(one.rejected for one in found):
        return
    step_s = found[0].step_s
    if step_s:
        yield (
            f"Choices go by a sum of costs, {words.seconds(step_s)} a step as decided; other ways are compared by it, one layer "
            "at a time."
        )
    reasons = {one.reason for one in found}
    if "cheapest-found" in reasons:
        yield "That no other cuts would be cheaper is not proven."
    elif "cheapest-that-fits" in reasons:
        yield "That no other cuts that fit in memory would be cheaper is not proven."
    elif reasons & set(_SEARCHED):
        yield "That no other cuts would be cheaper is proven."
