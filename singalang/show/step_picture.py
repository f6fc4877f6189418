"""One step of a group drawn in lanes: when the workers of each stage, and the servers, run which call for which micro-batch."""

from __future__ import annotations

from collections.abc import Sequence

from singalang import words
from singalang.show.markup import Markup, element, joined
from singalang.show.net import Net
from singalang.show.timeline import Played, play
from singalang_compiler.plan_group import GroupRecord, RoleRecord

_LANE = 34
_GAP = 8
_LABEL = 176
"""Width of what stands before the lanes."""
_WIDEST, _NARROWEST = 2200.0, 960.0
_MOST = 6000
"""Calls that are drawn at most."""


def step_picture(net: Net, group: GroupRecord) -> Markup:
    """When each lane runs what; nothing where nothing runs."""
    played = play(group)
    if not played or not max(one.last_s for one in played):
        return Markup("")
    tools = element("div", _kinds(), _choice(), class_="tools")
    views = (_view("scale", _drawn(net, group, played, False)), _view("turns", _drawn(net, group, play(group, evenly=True), True)))
    note = element("p", _note(group, len(played)), class_="note")
    return element("div", element("h4", "A step"), tools, *views, note, class_="step", data_drawn="scale")


def _choice() -> Markup:
    known = (("scale", "kernels to scale"), ("turns", "kernels alike, by turns"))
    options = joined(element("option", text, value=value) for value, text in known)
    return element("label", "drawn ", element("select", options, class_="drawn"))


def _view(name: str, drawn: Markup) -> Markup:
    return element("div", drawn, class_=f"scroll by-{name}", tabindex=0, role="region", aria_label="a step in lanes")


def _drawn(net: Net, group: GroupRecord, played: Sequence[Played], evenly: bool) -> Markup:
    end = max(one.last_s for one in played)
    lanes = [*(_lane_name(group, role) for role in group.roles), "servers"]
    wide, high = _wide([one for one in played if one.lane < len(group.roles)] or played, end), (_LANE + _GAP) * len(lanes) + 26
    ends = "" if evenly else f"{words.seconds(end)} of computing"
    inside = (
        *(_lane_line(group, number, label, wide) for number, label in enumerate(lanes)),
        *(_call_box(net, group, one, wide / end) for one in sorted(played, key=lambda one: one.first_s)[:_MOST]),
        element("text", ends, x=_LABEL, y=high - 6),
    )
    whole = _LABEL + wide + 8
    told = f"When each stage computes what in a step of {words.count(group.micro_batches, 'micro-batch', 'micro-batches')}"
    box = f"0 0 {whole} {high}"
    return element("svg", *inside, width=whole, height=high, viewBox=box, class_="timeline", role="group", aria_label=told)


def _lane_name(group: GroupRecord, role: RoleRecord) -> str:
    named = words.workers(role.workers)
    return f"stage {role.stage} · {named}" if group.stages > 1 else named


def _wide(played: Sequence[Played], end: float) -> int:
    """So many pixels that most calls can be seen and named."""
    times = sorted(one.last_s - one.first_s for one in played)
    wanted = 24 * end / (times[len(times) // 2] or end)
    return round(_NARROWEST if wanted < 1.6 * _NARROWEST else min(_WIDEST, wanted))


def _note(group: GroupRecord, count: int) -> str:
    told = (
        "Numbers are micro-batches; a kernel begins when all that it waits for is there. Drawn to scale, kernels take their "
        "predicted times and moving bytes takes none"
        + (f"; with it, a step takes {words.seconds(group.step_s)}." if group.step_s else ".")
    )
    return told + (f" Only the first {_MOST:,} of {count:,} calls are drawn." if count > _MOST else "")


def _kinds() -> Markup:
    known = (
        ("forward", "F: forward"),
        ("backward", "B: backward"),
        ("fused", "S: both in one kernel"),
        ("server", "U: on the servers"),
    )
    items = (element("li", element("span", class_=f"swatch run-{kind}"), text) for kind, text in known)
    return element("ul", joined(items), class_="legend")


def _lane_line(group: GroupRecord, number: int, label: str, wide: int) -> Markup:
    y = number * (_LANE + _GAP)
    stage = f"lane-{group.roles[number].stage % 6}" if number < len(group.roles) else "lane-none"
    back = element("rect", x=_LABEL, y=y, width=wide, height=_LANE, class_="track")
    named = element(
        "text", label if len(label) < 25 else f"{label[:23]}…", element("title", label), x=4, y=y + 21, class_="lane-label"
    )
    return element("g", back, named, class_=stage)


def _call_box(net: Net, group: GroupRecord, one: Played, scale: float) -> Markup:
    x, wide = _LABEL + one.first_s * scale, max(1.0, (one.last_s - one.first_s) * scale)
    y = one.lane * (_LANE + _GAP)
    kind, letter = _kind_of(group, one)
    text = f"{letter}{one.micro}" if kind != "server" else letter
    label = element("text", text, x=round(x + wide / 2, 1), y=y + 22, text_anchor="middle") if wide >= 8 + 7 * len(text) else None
    role = group.roles[one.lane].name if one.lane < len(group.roles) else "servers"
    told = f"{one.call}, micro-batch {one.micro}: {words.seconds(one.last_s - one.first_s)}"
    box = element("rect", x=round(x, 2), y=y + 2, width=round(max(0.6, wide - 0.8), 2), height=_LANE - 4, rx=2)
    shade = "odd" if one.micro % 2 else "even"
    return element(
        "g", element("title", told), box, label, class_=f"call run-{kind} {shade}", data_show=net.name("call", f"{role}/{one.call}")
    )


def _kind_of(group: GroupRecord, one: Played) -> tuple[str, str]:
    if one.lane >= len(group.roles):
        return "server", "U"
    match one.call.partition("/")[0]:
        case "forward":
            return "forward", "F"
        case "backward":
            return "backward", "B"
        case _:
            return "fused", "S"
