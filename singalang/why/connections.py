"""Why something moves between workers."""

from __future__ import annotations

from singalang import words
from singalang.show.pieces import STATISTIC
from singalang.why.subject import Subject, moves
from singalang.why.told import Told
from singalang_compiler.plan_group import ConnectionRecord


def connection_told(subject: Subject, name: str) -> Told:
    """Everything about a connection of the net in training, or in an evaluation if training does not have it."""
    group = subject.group
    assert group is not None
    found = [one for one in group.connections if one.name == name]
    one = found[0]
    others = [f"in {other.phase}: {words.bytes_(other.step_bytes)} a batch" for other in found[1:] if other.step_bytes]
    return Told(
        title=f"{name}: a connection, {words.CONNECTIONS[one.kind]}",
        facts=(
            ("because", _because(subject, one)),
            ("moves", moves(subject, one)),
            *((("besides", ", ".join(others)),) if others else ()),
            ("from", subject.at(one.source_stage)),
            *((("to", subject.at(one.target_stage)),) if one.target_stage != one.source_stage else ()),
            ("one record", words.shape(one.extent.record)),
        ),
        decisions=subject.decisions(*(f"{layer}.partition" for layer in (one.value, *one.consumers))),
    )


def _because(subject: Subject, one: ConnectionRecord) -> str:
    if one.value.endswith(STATISTIC):
        return f"{one.value.removesuffix(STATISTIC)} needs statistics of the whole batch, and each worker has its own records"
    readers = f"{', '.join(_cut(subject, name) for name in one.consumers)} read{'s' if len(one.consumers) == 1 else ''}"
    if one.source_stage != one.target_stage:
        return f"{readers} {one.value}, which another stage computes"
    return f"{_cut(subject, one.value)} gives {words.spread(one.source)}, and {readers} {words.spread(one.target)}"


def _cut(subject: Subject, name: str) -> str:
    layer = name.removesuffix(STATISTIC)
    if layer not in subject.cuts or subject.per_stage == 1:
        return layer
    cut = subject.cuts[layer]
    return f"{layer} ({'not cut' if cut.word == 'none' else f'cut by {cut.label}'})"
