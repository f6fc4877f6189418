"""How each layer of a group is cut and in which stage it stands, as the plan tells. Knows no HTML."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec

from singalang_compiler.plan import Decision, LayerRecord, SectionRecord
from singalang_compiler.plan_group import GroupRecord

_ENDINGS = ("", ".cut", ".partition", ".stage")
"""What may follow a layer's name in what a decision is about."""


class LayerCut(msgspec.Struct, frozen=True):
    """How a layer is cut, in a word and in the compiler's words; its stage; what was decided of it."""

    word: Literal["batch", "feature", "none"]
    label: str
    stage: int
    decisions: tuple[Decision, ...]


def layer_cuts(section: SectionRecord, decisions: Iterable[Decision]) -> dict[str, LayerCut]:
    """The cut of each layer of a section; empty where one worker does all."""
    if section.group is None:
        return {}
    told = decided(section, decisions)
    stages = _stages(section.layers, section.group)
    return {layer.name: _cut(tuple(told.get(layer.name, ())), stages[layer.name]) for layer in section.layers}


def decided(section: SectionRecord, decisions: Iterable[Decision]) -> dict[str, list[Decision]]:
    """What was decided of each layer of a section."""
    names = {f"{section.name}.{layer.name}{ending}": layer.name for layer in section.layers for ending in _ENDINGS}
    found: dict[str, list[Decision]] = {}
    for decision in decisions:
        if decision.about in names:
            found.setdefault(names[decision.about], []).append(decision)
    return found


def _cut(decisions: tuple[Decision, ...], stage: int) -> LayerCut:
    for decision in decisions:
        for word in ("batch", "feature", "none"):
            if decision.chosen.startswith(word):
                return LayerCut(word, decision.chosen, stage, decisions)
    return LayerCut("none", "none", stage, decisions)


def _stages(layers: Iterable[LayerRecord], group: GroupRecord) -> Mapping[str, int]:
    """The stage of each layer: where connections bring it what it reads, else that of its inputs."""
    sent = {(reader, one.value): one.target_stage for one in group.connections for reader in one.consumers}
    found: dict[str, int] = {}
    for layer in layers:
        near = (sent.get((layer.name, name), found.get(name, 0)) for name in layer.inputs)
        found[layer.name] = max(near, default=0)
    return found
