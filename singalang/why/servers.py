"""Why servers are where they are, and what each of them has."""

from __future__ import annotations

from collections.abc import Iterator

from singalang import words
from singalang.show.processes import slice_sizes
from singalang.why.processes import memory_facts
from singalang.why.subject import Subject, because
from singalang.why.told import Fact, Told, listed
from singalang_compiler.plan_group import GroupRecord, ServerRecord

_FEW = 8
_SEGMENTS = 12


def servers_text(subject: Subject) -> str:
    """How many servers there are, where they live, and why their slices are such."""
    group, decision = subject.group, subject.decision("servers")
    assert group is not None
    reason = f": {words.REASONS[decision.reason]}" if decision else ""
    return f"{len(group.servers)}, {_homes(group)}{reason}"


def servers_told(subject: Subject) -> Told:
    """Everything decided about the servers of a section."""
    group = subject.group
    if group is None:
        return Told(
            title="servers", facts=(("servers", "1, in the process of the one worker, whose kernel updates parameters too"),)
        )
    return Told(title="servers", facts=tuple(_facts(subject, group)), decisions=subject.decisions("servers"))


def server_told(subject: Subject, name: str) -> Told:
    """What a server has."""
    group = subject.group
    assert group is not None
    server = next(one for one in group.servers if one.name == name)
    size = slice_sizes(group)[group.servers.index(server)]
    segments = group.segments_of(server)
    texts = [_segment(one.parameter, one.position, one.offset, one.size) for one in segments[:_SEGMENTS]]
    if len(segments) > _SEGMENTS:
        texts.append(f"and {len(segments) - _SEGMENTS} more")
    return Told(
        title=f"{name}: a server",
        facts=(
            ("lives", _home(server)),
            *because(subject.decision("servers")),
            ("size", f"{words.count(size, 'number')}, and as many in each of its {words.count(len(group.slots), 'slot')}"),
            *listed("holds", texts),
            *memory_facts(subject, server.process),
        ),
        decisions=subject.decisions("servers"),
    )


def _facts(subject: Subject, group: GroupRecord) -> Iterator[Fact]:
    yield "servers", f"{len(group.servers)}, {_homes(group)}"
    yield from because(subject.decision("servers"))
    sizes = slice_sizes(group)
    mean = sum(sizes) / len(sizes)
    if len(sizes) > 1 and mean:
        yield "largest slice", f"{max(sizes):,} numbers, {max(sizes) / mean - 1:.1%} over the mean".replace("%", " %")
    texts = [f"{one.name}: {size:,} numbers, {_home(one)}" for one, size in zip(group.servers, sizes, strict=True)]
    yield from listed("slices of", texts[:_FEW])
    if len(texts) > _FEW:
        yield "", f"and {len(texts) - _FEW} more"
    moved = {link.what: link.step_bytes for link in group.links}
    gradients, values = words.bytes_(moved.get("gradients", 0)), words.bytes_(moved.get("values", 0))
    yield "a step moves", f"{gradients} of gradients to servers, {values} of values back, between processes"


def _homes(group: GroupRecord) -> str:
    inside = [int(one.process.partition("-")[2]) for one in group.servers if one.process.startswith("worker-")]
    apart = len(group.servers) - len(inside)
    parts = []
    if inside:
        parts.append(f"in the process{'es' if len(inside) > 1 else ''} of {words.workers(sorted(inside))}")
    if apart:
        parts.append(f"{apart if inside else ''} in {'a process of its own' if apart == 1 else 'processes of their own'}".strip())
    return " and ".join(parts)


def _home(server: ServerRecord) -> str:
    return "in a process of its own" if server.process == server.name else f"in the process of {server.process}"


def _segment(parameter: str, position: int | None, offset: int, size: int) -> str:
    piece = "" if position is None else f", piece {position}"
    return f"{parameter}{piece}: {offset:,} to {offset + size:,}"
