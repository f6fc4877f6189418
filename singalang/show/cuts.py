"""How each layer of a group is cut and in which stage it stands, as the plan tells. Knows no HTML."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, TypeAlias, get_args

import msgspec

from singalang_compiler.plan import Decision, SectionRecord

Word: TypeAlias = Literal["batch", "feature", "none"]
_WORDS: tuple[Word, ...] = get_args(Word)
_ENDINGS = (".partition", ".stage")
"""What follows a layer's name in what a decision is about."""


class LayerCut(msgspec.Struct, frozen=True):
    """How a layer is cut, in a word and in the compiler's words; its stage; what was decided of it."""

    word: Word
    label: str
    stage: int
    decisions: tuple[Decision, ...]


def layer_cuts(section: SectionRecord, decisions: Iterable[Decision]) -> dict[str, LayerCut]:
    """The cut of each layer of a section; empty where one worker does all.

    Of layers that do not exist in training nothing is decided: they are not cut, and stand where their inputs are.
    """
    if section.group is None:
        return {}
    told = decided(section, decisions)
    found: dict[str, LayerCut] = {}
    for layer in section.layers:
        inputs = max((found[name].stage for name in layer.inputs if name in found), default=0)
        found[layer.name] = _cut(tuple(told.get(layer.name, ())), inputs)
    return found


def decided(section: SectionRecord, decisions: Iterable[Decision]) -> dict[str, list[Decision]]:
    """What was decided of each layer of a section."""
    names = {f"{section.name}.{layer.name}{ending}": layer.name for layer in section.layers for ending in _ENDINGS}
    found: dict[str, list[Decision]] = {}
    for decision in decisions:
        if decision.about in names:
            found.setdefault(names[decision.about], []).append(decision)
    return found


def _cut(decisions: tuple[Decision, ...], stage: int) -> LayerCut:
    word: Word = "none"
    label: str = word
    for one in decisions:
        if one.about.endswith(".stage"):
            stage = int(one.chosen)
        else:
            word, label = next(known for known in _WORDS if one.chosen.startswith(known)), one.chosen
    return LayerCut(word, label, stage, decisions)
