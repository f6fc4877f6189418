"""The layers of each stage and level as pieces: what one kernel reads, gives, waits for and sends. Knows no layer kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from singalang_compiler.partition.cut_net import Connection, CutNode, FieldView, Piece, View
from singalang_compiler.partition.wiring import views_of


@dataclass
class _Draft:
    """A piece in the making; dicts stand for sets in order."""

    nodes: list[str] = field(default_factory=list)
    fields: dict[FieldView, None] = field(default_factory=dict)
    reads: dict[View, None] = field(default_factory=dict)
    gives: dict[View, None] = field(default_factory=dict)
    receives: dict[str, None] = field(default_factory=dict)
    sends: dict[str, None] = field(default_factory=dict)
    returns: dict[View, None] = field(default_factory=dict)
    learned: dict[View, None] = field(default_factory=dict)
    learns: bool = False


def pieces_of(nodes: Sequence[CutNode], connections: Sequence[Connection]) -> tuple[Piece, ...]:
    """The pieces, by stage, then level. A connection is received by the first piece that reads what it brings.

    In a micro-batch a stage runs them forward by ascending level, those whose backward pass is fused doing both at once, and then
    backward by descending level.
    """
    by_name = {node.name: node for node in nodes}
    drafts = {key: _Draft() for key in sorted({(node.stage, node.level) for node in nodes})}
    brought = {(one.target_stage, View(one.value, one.target)): one for one in connections}
    for node in nodes:
        _read(node, by_name, drafts, brought)
    for connection in connections:
        producer = by_name[connection.value]
        draft = drafts[producer.stage, producer.level]
        draft.sends[connection.name] = None
        _give(draft, producer.view, connection.returns)
        first = min(by_name[name].level for name in connection.consumers)
        drafts[connection.target_stage, first].receives[connection.name] = None
    return tuple(_finished(stage, level, draft) for (stage, level), draft in drafts.items())


def _read(
    node: CutNode,
    by_name: dict[str, CutNode],
    drafts: dict[tuple[int, int], _Draft],
    brought: dict[tuple[int, View], Connection],
) -> None:
    """Writes down a node and what it reads, with the pieces that must give it."""
    draft = drafts[node.stage, node.level]
    draft.nodes.append(node.name)
    draft.learns |= node.learns
    for view in views_of(node):
        producer = by_name.get(view.value)
        if producer is None:
            draft.fields[FieldView(view.value, view.distribution)] = None
            continue
        learned = node.learns and producer.learns
        if (node.stage, view) not in brought:
            if producer.level == node.level:
                continue
            _give(drafts[producer.stage, producer.level], view, learned)
        draft.reads[view] = None
        if learned:
            draft.returns[view] = None


def _give(draft: _Draft, view: View, learned: bool) -> None:
    draft.gives[view] = None
    if learned:
        draft.learned[view] = None


def _finished(stage: int, level: int, draft: _Draft) -> Piece:
    return Piece(
        stage=stage,
        level=level,
        nodes=tuple(draft.nodes),
        fields=tuple(draft.fields),
        reads=tuple(draft.reads),
        gives=tuple(draft.gives),
        receives=tuple(draft.receives),
        sends=tuple(draft.sends),
        returns=tuple(draft.returns),
        learned=tuple(draft.learned),
        backward="none" if not draft.learns else "apart" if draft.learned else "fused",
    )
