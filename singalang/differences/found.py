"""What is found between two plans: lines under headings, costs before and after, notes. Types only."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

Sign: TypeAlias = Literal["+", "-", "~", ">"]
"""There is more, there is less, it is otherwise, it follows from something else that is."""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One difference: `subject: text`. `layers` are those that it is about, by their names in the second plan, or in the first
    where they are gone; the subject then lists them, unless it has a better way to say it."""

    sign: Sign
    text: str
    subject: str = ""
    layers: tuple[str, ...] = ()


class Part(msgspec.Struct, frozen=True):
    """Lines under a heading. `renumbered`: names that moved because layers are counted, `relu2 -> relu3`."""

    title: str
    lines: tuple[Line, ...]
    renumbered: tuple[str, ...] = ()


Unit: TypeAlias = Literal["s", "bytes", "flops", "number"]


class Cost(msgspec.Struct, frozen=True):
    """A prediction before and after."""

    label: str
    unit: Unit
    before: float
    after: float


class Difference(msgspec.Struct, frozen=True):
    """All that is found. `notes` tell what makes no difference to a run: other texts of the same program, other names."""

    parts: tuple[Part, ...] = ()
    costs: tuple[Cost, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def anything(self) -> bool:
        """Whether the plans do anything otherwise, or are predicted to need anything else."""
        return bool(self.parts or self.costs)

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers that are told of, each once."""
        return tuple(dict.fromkeys(name for part in self.parts for line in part.lines for name in line.layers))
