"""What is to be drawn, and a drawing: boxes with places, lines between them, frames around stages. Lengths are whole pixels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

Point: TypeAlias = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A box of a size. `inputs` are the names of boxes that lines come from; there is no cycle.

    Boxes of a stage stand below (or in a later column than) those of earlier stages, and have a frame together; one that is
    `before` its stage stands between the frames.
    """

    name: str
    width: int
    height: int
    inputs: tuple[str, ...] = ()
    stage: int = 0
    before: bool = False


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a box is: its centre, and which row of the graph it stands in, counted through all columns."""

    x: int
    y: int
    row: int


@dataclass(frozen=True, slots=True)
class Line:
    """All lines that come from one box, as a tree: `strokes` are its pieces, `heads` where it ends at other boxes.

    A stroke of two points leaves and arrives straight down; one of more points goes from point to point.
    """

    strokes: tuple[tuple[Point, ...], ...]
    heads: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Frame:
    """Around the boxes of a stage that stand in one column; `first` of the frames of this stage."""

    stage: int
    left: int
    top: int
    width: int
    height: int
    first: bool


@dataclass(frozen=True, slots=True)
class Drawing:
    """A graph laid out. `lines` go by the box that they come from."""

    width: int
    height: int
    spots: Mapping[str, Spot]
    sizes: Mapping[str, tuple[int, int]]
    lines: Mapping[str, Line]
    frames: tuple[Frame, ...]
