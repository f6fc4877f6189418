"""What is told of a layer, a field or a connection when it is chosen. Knows no HTML."""

from __future__ import annotations

from math import prod

from singalang import words
from singalang.show.details import Details, Link
from singalang.show.net import ConnectionMark, FieldMark, LayerMark, Mark, Net, inputs_of
from singalang.show.pieces import STATISTIC
from singalang_compiler.plan import Decision


def net_details(net: Net) -> dict[str, Details]:
    """The details of everything in the picture of a net, by id."""
    return {name: _of(net, name, mark) for name, mark in net.marks.items()}


def decision_facts(decision: Decision) -> list[tuple[str, str]]:
    """A decision in words: why, what it is predicted to cost, and what else might have been chosen."""
    cost = f"; {words.seconds(decision.step_s)} a step" if decision.step_s is not None else ""
    label = "this stage" if decision.about.endswith(".stage") else "because"
    facts = [(label, f"{words.REASONS[decision.reason]}{cost}")]
    for one in decision.rejected:
        parts = [words.seconds(one.step_s) + " a step" if one.step_s is not None else "", one.why or ""]
        facts.append((f"not {one.choice}", ": ".join(part for part in parts if part) or "not chosen"))
    return facts


def _of(net: Net, name: str, mark: Mark) -> Details:
    match mark:
        case FieldMark():
            told = _field(mark)
        case ConnectionMark():
            told = _connection(net, mark)
        case LayerMark():
            told = _layer(net, mark)
    told.link("reads", [(source, _name(net.marks[source])) for source in inputs_of(mark)])
    told.link("read by", [(reader, _name(net.marks[reader])) for reader in net.readers[name]])
    return told


def _name(mark: Mark) -> str:
    match mark:
        case FieldMark():
            return mark.name
        case ConnectionMark():
            return mark.connection.name
        case LayerMark():
            return mark.layer.name


def _field(mark: FieldMark) -> Details:
    told = Details(mark.name, "field of the data")
    if mark.field is not None:
        told.fact("one record", words.shape(mark.field.shape))
        told.fact("classes", str(mark.field.classes) if mark.field.classes else None)
        told.fact("travels as", mark.field.storage)
        if mark.field.mean or mark.field.mean_file:
            told.fact("mean taken off", mark.field.mean_file or f"{mark.field.mean:g}")
        if mark.field.std != 1 or mark.field.std_file:
            told.fact("divided by", mark.field.std_file or f"{mark.field.std:g}")
    return told


def _connection(net: Net, mark: ConnectionMark) -> Details:
    one = mark.connection
    told = Details(one.name, f"connection: {words.CONNECTIONS[one.kind]}")
    told.fact("moves", f"{words.bytes_(one.step_bytes)} a step, all workers together" if one.step_bytes else "nothing in a step")
    told.fact("value", one.value)
    told.fact("from", _side(net, one.source_stage, words.spread(one.source)))
    told.fact("to", _side(net, one.target_stage, words.spread(one.target)))
    told.fact("one record", words.shape(one.extent.record))
    if not one.value.endswith(STATISTIC):
        told.fact("records", _rows(one.extent.rows))
    told.fact("numbers", one.dtype)
    told.fact("back", "its gradient comes back the same way" if one.returns else "no gradient comes back")
    return told


def _side(net: Net, stage: int, spread: str) -> str:
    return f"stage {stage} ({words.workers(net.stage_workers(stage))}): {spread}" if net.stages > 1 else spread


def _rows(rows: tuple[int, ...]) -> str:
    if len(set(rows)) == 1:
        return f"{rows[0]} of each worker in a micro-batch"
    return f"{', '.join(map(str, rows))} of the workers in a micro-batch"


def _layer(net: Net, mark: LayerMark) -> Details:
    layer = mark.layer
    told = Details(layer.name, f"layer of kind {layer.kind}")
    told.fact("one record", words.shape(layer.shape))
    for attribute, value in layer.attributes.items():
        told.fact(attribute, words.value(value))
    for parameter in mark.parameters:
        shared = "" if parameter.layers[:1] in ((), (layer.name,)) else f", that of {parameter.layers[0]}"
        told.fact(parameter.name.rpartition(".")[2], f"{words.shape(parameter.shape)} = {prod(parameter.shape):,} numbers{shared}")
    both = layer.forward_flops + layer.backward_flops
    if both:
        told.fact(
            "work of a record", f"{words.short(layer.forward_flops)} flops forward, {words.short(layer.backward_flops)} backward"
        )
        told.fact("work of a step", f"{words.short(both * net.section.batch)} flops")
    told.fact("phases", ", ".join(layer.phases))
    if mark.cut is not None:
        _cut(net, mark, told)
    return told


def _cut(net: Net, mark: LayerMark, told: Details) -> None:
    cut = mark.cut
    assert cut is not None
    told.fact("cut", f"{cut.label}: {words.CUTS[cut.word]}")
    where = words.workers(net.stage_workers(cut.stage))
    told.fact("done by", f"{where}, stage {cut.stage}" if net.stages > 1 else where)
    for decision in cut.decisions:
        told.facts.extend(decision_facts(decision))
    told.link("computed by", _calls(net, cut.stage, mark.level))


def _calls(net: Net, stage: int, level: int) -> list[Link]:
    """The calls of the stage's first role that compute a piece."""
    names = (f"step/{level}", f"forward/{level}", f"backward/{level}")
    return [
        (net.name("call", f"{role.name}/{name}"), name) for role in net.roles(stage)[:1] for name in names if name in role.calls
    ]
