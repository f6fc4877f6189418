"""The boxes of a net's picture: what stands in them, and how large they must be. Knows no HTML.

Text in the picture is of one width for each character, so that widths are known without a browser.
"""

from __future__ import annotations

import msgspec

from singalang import words
from singalang.show.net import ConnectionMark, FieldMark, LayerMark, Mark, Net, inputs_of, parameter_count
from singalang.show.pieces import STATISTIC
from singalang_compiler.drawing.boxes import Box, Drawing
from singalang_compiler.drawing.draw import draw

NAME_PX = 7.9
"""Width of a character of a name (13 px)."""
SMALL_PX = 6.7
"""Width of a character of other text (11 px)."""
_LONGEST = 30
_SIDE = 12
BAR = 12
"""Width of the strip that shows how a layer is cut."""


class Text(msgspec.Struct, frozen=True):
    """The lines of a box: its name, then what is known of it, left and right."""

    name: str
    left: str = ""
    right: str = ""
    cut: str = ""


def text_of(mark: Mark) -> Text:
    """What stands in the box of a thing."""
    match mark:
        case FieldMark():
            return Text(shortened(mark.name), f"data {_declared(mark)}")
        case ConnectionMark():
            moved = f" {words.bytes_(mark.connection.step_bytes)}" if mark.connection.step_bytes else ""
            statistic = " of statistics" if mark.connection.value.endswith(STATISTIC) else ""
            return Text(f"{words.CONNECTIONS[mark.connection.kind]}{statistic}{moved}")
        case LayerMark():
            parameters = words.short(parameter_count(mark)) if mark.parameters else ""
            lengths = f" {list(mark.layer.shape)}" if mark.layer.shape else ""
            cut = "" if mark.cut is None else "whole" if mark.cut.word == "none" else f"by {mark.cut.label}"
            return Text(shortened(mark.layer.name), f"{mark.layer.kind}{lengths}", parameters, cut)


def shortened(name: str) -> str:
    """A name of bounded length: the middle of a longer one is left out."""
    if len(name) <= _LONGEST:
        return name
    return f"{name[: _LONGEST // 2 - 4]}…{name[-(_LONGEST // 2 + 3) :]}"


def lay_out(net: Net) -> Drawing:
    """The places of everything in the picture of a net."""
    return draw([_box(name, mark) for name, mark in net.marks.items()])


def _box(name: str, mark: Mark) -> Box:
    text = text_of(mark)
    match mark:
        case FieldMark():
            return Box(name=name, width=_width(text, 2 * _SIDE), height=42, stage=mark.stage)
        case ConnectionMark():
            stage, before = mark.connection.target_stage, mark.connection.source_stage != mark.connection.target_stage
            width = round(len(text.name) * SMALL_PX) + 2 * _SIDE
            return Box(name=name, width=width, height=24, inputs=inputs_of(mark), stage=stage, before=before)
        case LayerMark():
            stage = mark.cut.stage if mark.cut else 0
            height = 60 if mark.cut else 44
            return Box(name=name, width=_width(text, 2 * _SIDE + BAR), height=height, inputs=inputs_of(mark), stage=stage)


def _width(text: Text, beside: int) -> int:
    second = len(text.left) + (len(text.right) + 2 if text.right else 0)
    return max(128, round(max(len(text.name) * NAME_PX, second * SMALL_PX, len(text.cut) * SMALL_PX)) + beside)


def _declared(mark: FieldMark) -> str:
    if mark.field is None:
        return ""
    if mark.field.classes:
        return f"class({mark.field.classes})" + (str(list(mark.field.shape)) if mark.field.shape else "")
    return str(list(mark.field.shape))
