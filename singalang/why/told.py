"""An answer: facts under a title, a table, notes, and the decisions that they come from. Types only."""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec

from singalang import words
from singalang_compiler.plan import Decision, RejectedRecord

Fact: TypeAlias = tuple[str, str]
"""A label and a text; where the label is empty the text goes on with the one before."""


class Table(msgspec.Struct, frozen=True):
    """Rows below heads; the column `fold` may be folded."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    fold: int


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one thing."""

    title: str
    facts: tuple[Fact, ...] = ()
    table: Table | None = None
    notes: tuple[str, ...] = ()
    decisions: tuple[Decision, ...] = ()


def as_data(told: Told) -> dict[str, Any]:
    """An answer for programs."""
    return {
        "title": told.title,
        "facts": [{"label": label, "text": text} for label, text in told.facts],
        "decisions": [msgspec.to_builtins(one) | {"because": words.REASONS[one.reason]} for one in told.decisions],
    }


def listed(label: str, texts: list[str]) -> list[Fact]:
    """Several texts under one label."""
    return [(label if not place else "", text) for place, text in enumerate(texts)]


def rejected_facts(decision: Decision) -> list[Fact]:
    """What else might have been chosen, and what a step would then cost, or why it cannot be."""
    return listed("instead", [f"{one.choice}: {_instead(one, decision)}" for one in decision.rejected])


def best_rejected(decision: Decision) -> str:
    """The cheapest of what else might have been chosen; nothing where nothing else was possible."""
    possible = [one for one in decision.rejected if one.step_s is not None]
    if not possible:
        return ""
    best = min(possible, key=lambda one: one.step_s or 0.0)
    return f"{best.choice}: {words.growth(decision.step_s or 0.0, best.step_s or 0.0)}"


def _instead(one: RejectedRecord, decision: Decision) -> str:
    if one.step_s is None:
        return f"not possible, {one.why}" if one.why else "not chosen"
    return f"{words.seconds(one.step_s)} a step, {words.growth(decision.step_s or 0.0, one.step_s)}"
