"""The picture of a net as SVG: layers as boxes, connections as marks between them, stages as frames. Knows no browser."""

from __future__ import annotations

from math import log10

from singalang import words
from singalang.show.boxes import BAR, Text, lay_out, text_of
from singalang.show.markup import Markup, element, joined
from singalang.show.net import ConnectionMark, FieldMark, LayerMark, Mark, Net
from singalang_compiler.drawing.boxes import Drawing, Frame, Line, Point

_ROUND = 9
"""Radius of the corners of lines that go on in another column."""


def picture(net: Net) -> Markup:
    """The net of a section, laid out."""
    drawing = lay_out(net)
    heats = _heats(net)
    inside = (
        joined(_frame(frame) for frame in drawing.frames),
        element("g", joined(_line(name, line) for name, line in drawing.lines.items()), class_="lines"),
        element("g", joined(_mark(name, net.marks[name], drawing, heats) for name in _in_reading_order(drawing)), class_="marks"),
        joined(_frame_name(net, frame) for frame in drawing.frames),
    )
    colour = "cut" if net.group else "work"
    label = f"The net {net.section.net}: {words.count(len(net.layers), 'layer')}"
    wide, high = drawing.width, drawing.height
    return element("svg", *inside, width=wide, height=high, viewBox=f"0 0 {wide} {high}",
                   class_="net", data_colour=colour, role="group", aria_label=label)  # fmt: skip


def _in_reading_order(drawing: Drawing) -> list[str]:
    """Row by row, so that keys go through the picture as the eye does."""
    return sorted(drawing.spots, key=lambda name: (drawing.spots[name].row, drawing.spots[name].x))


def _heats(net: Net) -> dict[str, int]:
    """By layer how much of the work of a step it is: 0 (hardly any) to 4 (the largest), on a logarithmic scale."""
    flops = {layer.name: layer.forward_flops + layer.backward_flops for layer in net.section.layers}
    most = max(flops.values(), default=0)
    return {name: max(0, min(4, round(4 + 2 * log10(own / most)))) if own and most else 0 for name, own in flops.items()}


def _frame(frame: Frame) -> Markup:
    box = element("rect", x=frame.left, y=frame.top, width=frame.width, height=frame.height, rx=10)
    return element("g", box, class_=f"frame lane-{frame.stage % 6}")


def _frame_name(net: Net, frame: Frame) -> Markup:
    """Over the lines, which may run into the frame where its name stands."""
    told = (
        f"stage {frame.stage} · {words.workers(net.stage_workers(frame.stage))}" if frame.first else f"stage {frame.stage} goes on"
    )
    text = element("text", told, x=frame.left + 14, y=frame.top + 21)
    return element("g", text, class_=f"frame lane-{frame.stage % 6}")


def _line(name: str, line: Line) -> Markup:
    strokes = element("path", d="".join(_stroke(points) for points in line.strokes), class_="stroke")
    heads = element("path", d="".join(f"M{x} {y}l-4.5-8h9z" for x, y in line.heads), class_="head")
    return element("g", strokes, heads, data_from=name)


def _stroke(points: tuple[Point, ...]) -> str:
    if len(points) == 2:
        (x, y), (u, v) = points
        bend = (v - y) // 2
        return f"M{x} {y}V{v}" if x == u else f"M{x} {y}C{x} {y + bend} {u} {v - bend} {u} {v}"
    return _rounded(points)


def _rounded(points: tuple[Point, ...]) -> str:
    """A path along right angles, its corners rounded."""
    written = f"M{points[0][0]} {points[0][1]}"
    for before, here, after in zip(points, points[1:], points[2:], strict=False):
        first, last = _towards(here, before), _towards(here, after)
        written += f"L{first[0]} {first[1]}Q{here[0]} {here[1]} {last[0]} {last[1]}"
    return f"{written}L{points[-1][0]} {points[-1][1]}"


def _towards(here: Point, there: Point) -> Point:
    """A little way from one point to another, at most half of it."""
    (x, y), (u, v) = here, there
    far = abs(u - x) + abs(v - y)
    step = min(_ROUND, far // 2)
    return (x + (u - x) * step // far, y + (v - y) * step // far) if far else here


def _mark(name: str, mark: Mark, drawing: Drawing, heats: dict[str, int]) -> Markup:
    spot, (width, height) = drawing.spots[name], drawing.sizes[name]
    text = text_of(mark)
    left, top = spot.x - width // 2, spot.y - height // 2
    match mark:
        case FieldMark():
            shape = element("rect", x=left, y=top, width=width, height=height, rx=height // 2, class_="shape")
            inside = (shape, _centred(text.name, spot.x, top + 18, "name"), _centred(text.left, spot.x, top + 33))
            return _group(name, "field", f"{mark.name}, a field of the data", *inside)
        case ConnectionMark():
            shape = element("rect", x=left, y=top, width=width, height=height, rx=height // 2, class_="shape")
            told = f"{text.name} of {mark.connection.value}, a connection"
            return _group(name, f"connection {mark.connection.kind}", told, shape, _centred(text.name, spot.x, spot.y + 4))
        case LayerMark():
            return _layer(name, mark, text, left, top, width, height, heats[mark.layer.name])


def _layer(name: str, mark: LayerMark, text: Text, left: int, top: int, width: int, height: int, heat: int) -> Markup:
    cut = mark.cut.word if mark.cut else "one"
    names = f"layer cut-{cut} heat-{heat} piece-{mark.level % 2}"
    if mark.layer.phases and "train" not in mark.layer.phases:
        names += " elsewhere"
    told = f"{mark.layer.name}, {mark.layer.kind}" + (f", {text.cut}" if text.cut else "")
    inside = (
        element("rect", x=left, y=top, width=width, height=height, rx=6, class_="shape"),
        element("path", d=_bar(left, top, height), class_="bar"),
        element("text", text.name, x=left + BAR + 10, y=top + 19, class_="name"),
        element("text", text.left, x=left + BAR + 10, y=top + 35),
        element("text", text.right, x=left + width - 10, y=top + 35, class_="right") if text.right else None,
        element("text", text.cut, x=left + BAR + 10, y=top + 51, class_="cut") if text.cut else None,
    )
    return _group(name, names, told, *inside)


def _bar(left: int, top: int, height: int) -> str:
    """The strip at the left of a layer's box, with its two round corners."""
    return f"M{left + BAR} {top}h{6 - BAR}a6 6 0 0 0-6 6v{height - 12}a6 6 0 0 0 6 6h{BAR - 6}z"


def _centred(text: str, x: int, y: int, class_: str | None = None) -> Markup:
    return element("text", text, x=x, y=y, text_anchor="middle", class_=class_)


def _group(name: str, class_: str, told: str, *children: Markup | None) -> Markup:
    return element("g", *children, data_id=name, class_=f"mark {class_}", role="button", tabindex=-1, aria_label=told)
