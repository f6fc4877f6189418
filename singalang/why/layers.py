"""Why a layer is where it is and cut as it is, and what moves because of it."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from singalang import words
from singalang.show.cuts import LayerCut
from singalang.show.pieces import STATISTIC
from singalang.why.parameters import kept_text, on_servers
from singalang.why.subject import Subject, because, moves
from singalang.why.told import Fact, Told, rejected_facts
from singalang_compiler.plan import KindRecord, LayerRecord


def layer_told(subject: Subject, name: str) -> Told:
    """Everything decided about a layer."""
    layer = subject.layers[name]
    kind = KindRecord(kind=layer.kind, attributes={key: one for key, one in layer.attributes.items() if one is not None})
    about = [f"{name}.{what}" for what in ("partition", "stage", "remat")] + [f"{own}.stored" for own in layer.parameters]
    return Told(
        title=f"{name}: {words.kind(kind)}, a layer of net {subject.section.net}",
        facts=(
            *(_placed(subject, layer) if subject.group else _alone(subject, layer)),
            *_parameters(subject, layer),
            *_work(subject, layer),
        ),
        decisions=subject.decisions(*about),
    )


def _alone(subject: Subject, layer: LayerRecord) -> Iterator[Fact]:
    yield "cut", "not cut: one worker computes the whole net"
    yield from because(subject.decision("processes"))
    yield from _again(subject, layer)


def _placed(subject: Subject, layer: LayerRecord) -> Iterator[Fact]:
    cut, decision = subject.cuts[layer.name], subject.decision(f"{layer.name}.partition")
    if decision is None:
        yield "cut", f"nothing was decided: training does not have it, only {', '.join(layer.phases)}"
        return
    if subject.per_stage == 1:
        yield "cut", "not cut: one worker computes it"
    else:
        yield "cut", f"{cut.label}: {words.CUTS[cut.word]}"
    yield from because(decision)
    if decision.rejected and decision.step_s:
        yield "a step", f"{words.seconds(decision.step_s)} by the sum that choices go by"
    yield from rejected_facts(decision)
    yield from _stage(subject, layer, cut)
    yield from _again(subject, layer)
    yield from _moved(subject, layer)


def _stage(subject: Subject, layer: LayerRecord, cut: LayerCut) -> Iterator[Fact]:
    stage = subject.decision(f"{layer.name}.stage")
    if stage is not None:
        yield "stage", f"{stage.chosen} of 0 to {subject.stages - 1}: {words.REASONS[stage.reason]}"
    yield "done by", f"{subject.at(cut.stage)}, {_calls(subject, layer, cut.stage)}"


def _calls(subject: Subject, layer: LayerRecord, stage: int) -> str:
    level = subject.levels[layer.name]
    names = (f"step/{level}", f"forward/{level}", f"backward/{level}")
    found = [name for role in subject.roles(stage)[:1] for name in names if name in role.calls]
    others = [
        name
        for name, other in subject.levels.items()
        if other == level and name != layer.name and subject.stage(name) == stage and subject.decision(f"{name}.partition")
    ]
    together = f" together with {_some(others)}" if others else ""
    return f"kernel{'s' if len(found) > 1 else ''} {' and '.join(found)}{together}"


def _some(names: list[str]) -> str:
    return ", ".join(names) if len(names) <= 4 else f"{', '.join(names[:3])} and {len(names) - 3} more layers"


def _again(subject: Subject, layer: LayerRecord) -> Iterator[Fact]:
    again = subject.decision(f"{layer.name}.remat")
    if again is not None:
        yield "computed again", f"in the backward pass: {words.REASONS[again.reason]}"


def _moved(subject: Subject, layer: LayerRecord) -> Iterator[Fact]:
    """What a layer waits for and what it gives, between workers."""
    readers = (layer.name, f"{layer.name}{STATISTIC}")
    before = [one for one in subject.connections if set(readers) & set(one.consumers)]
    after = [one for one in subject.connections if one.value == layer.name]
    for label, found in (("before it", before), ("after it", after)):
        texts = [f"{one.name}: {moves(subject, one)}" for one in found]
        yield from ((label if not place else "", text) for place, text in enumerate(texts or ["nothing moves between workers"]))


def _parameters(subject: Subject, layer: LayerRecord) -> Iterator[Fact]:
    for place, name in enumerate(layer.parameters):
        one = subject.parameters[name]
        text = f"{name} {words.shape(one.shape)}, {words.count(prod(one.shape), 'number')}"
        decision = subject.decision(f"{name}.stored")
        if decision is not None:
            text += f": {kept_text(subject, name)}, as {words.REASONS[decision.reason]}; on {on_servers(subject, name)}"
        yield "parameters" if not place else "", text


def _work(subject: Subject, layer: LayerRecord) -> Iterator[Fact]:
    both = layer.forward_flops + layer.backward_flops
    if both:
        forward, backward = words.short(layer.forward_flops), words.short(layer.backward_flops)
        step = words.short(both * subject.section.batch)
        yield "work", f"{forward} flops forward, {backward} backward for a record; {step} in a step of all workers"
