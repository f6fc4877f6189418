"""Parameters cut into slices, one for each server. Plain arithmetic on sizes: knows no net, no process and no updater.

Source: SINGA v0.3's balanced slicing (reference 11): boxes of the average size are filled with the parameters in order; one that
overflows a box by no more than the slack stays whole, one that would leave less than the slack empty goes to the next box.
What is done otherwise here:

* the average is exactly that (SINGA adds the remainder to every box), and the slack never lets a box grow beyond a tenth more than
  it, nor leaves more to the boxes behind than they can take; with fewer elements than servers some servers have none;
* what one worker alone holds (a piece of a cut parameter, a parameter of a stage of one worker) goes to the server in that worker's
  process while no slice is more than a tenth above the average, since that moves nothing; what only the workers of some stages hold
  goes to servers in their processes while these are below the average, since that moves less. The rest is filled in as in SINGA.

A cut parameter's pieces lie behind one another in the order of positions, and a run is counted through all of them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from singalang_compiler.plan_group import SliceSegment


class Item(NamedTuple):
    """A parameter to be sliced: elements of one piece, how many pieces there are (None: it is not cut), and its stages."""

    name: str
    piece: int
    pieces: int | None
    stages: tuple[int, ...]

    @property
    def size(self) -> int:
        """Elements of all pieces."""
        return self.piece * (self.pieces or 1)


class Crew(NamedTuple):
    """The workers, `per_stage` in each of the stages, and the servers, the first `inside` of which live with the workers of their
    numbers."""

    stages: int
    per_stage: int
    servers: int
    inside: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Slices:
    """The slice of every server. `at_home`: by parameter how many first elements of each of its pieces are with the server that
    lives with the piece's holder; `segments` leave those out; `sizes` count them."""

    segments: tuple[tuple[SliceSegment, ...], ...]
    at_home: dict[str, int]
    sizes: tuple[int, ...]
    reason: Literal["balanced", "only-server", "where-it-is-held"]


class _Run(NamedTuple):
    item: Item
    first: int
    size: int


def slices_of(items: Sequence[Item], crew: Crew) -> Slices:
    """Every element of every parameter in exactly one slice. The largest is at most a tenth above the average, or is the average
    rounded up."""
    boxes = _Boxes(sum(item.size for item in items), crew.servers)
    order = {item.name: place for place, item in enumerate(items)}
    at_home: dict[str, int] = {}
    rest = _runs(items)
    if crew.servers > 1:
        at_home, rest = _kept_at_home(items, crew, boxes)
        rest = _kept_near(rest, crew, boxes)
    held = any(boxes.used)
    boxes.fill(deque(sorted(rest, key=lambda run: (order[run.item.name], run.first))), range(crew.servers), everything=True)
    return Slices(
        segments=tuple(tuple(_segment(run) for run in _joined(runs, order)) for runs in boxes.runs),
        at_home=at_home,
        sizes=tuple(boxes.used),
        reason="only-server" if crew.servers == 1 else "where-it-is-held" if held else "balanced",
    )


class _Boxes:
    """What each server has been given so far. `average` is filled up to, `limit` never gone beyond."""

    def __init__(self, total: int, servers: int) -> None:
        self.average = -(-total // servers)
        self.limit = max(self.average, total * 11 // (10 * servers))
        self.used = [0] * servers
        self.runs: list[list[_Run]] = [[] for _ in range(servers)]

    def give(self, server: int, run: _Run) -> None:
        """Puts a run into a box."""
        self.used[server] += run.size
        self.runs[server].append(run)

    def fill(self, runs: deque[_Run], servers: Iterable[int], *, everything: bool) -> None:
        """Takes runs from the left into boxes, one box after another; with `everything` until there is none left."""
        boxes = tuple(servers)
        behind, left = sum(self.limit - self.used[server] for server in boxes), sum(run.size for run in runs)
        for server in boxes:
            behind -= self.limit - self.used[server]
            while runs and (size := self._taken(server, runs[0].size, left - behind if everything else 0)):
                run = runs.popleft()
                self.give(server, run._replace(size=size))
                left -= size
                if size < run.size:
                    runs.appendleft(_Run(run.item, run.first + size, run.size - size))

    def _taken(self, server: int, size: int, needed: int) -> int:
        """How much of a run goes into a box; `needed` is what must, because the boxes behind cannot take it."""
        wanted = max(self.average - self.used[server], needed)
        if wanted <= 0:
            return 0
        if size <= self.limit - self.used[server]:
            return size
        return wanted if wanted >= self.limit - self.average or needed > 0 else 0


def _runs(items: Iterable[Item]) -> list[_Run]:
    return [_Run(item, 0, item.size) for item in items if item.size]


def _kept_at_home(items: Sequence[Item], crew: Crew, boxes: _Boxes) -> tuple[dict[str, int], list[_Run]]:
    """Gives servers what the worker in their process alone holds. What remains of all items comes back."""
    at_home: dict[str, int] = {}
    rest: list[_Run] = []
    for item in items:
        first = item.stages[0] * crew.per_stage
        homes = range(first, min(first + crew.per_stage, crew.inside))
        alone = item.pieces is not None or (crew.per_stage == 1 and len(item.stages) == 1)
        kept = min(item.piece, boxes.limit - boxes.used[first]) if alone and homes else 0
        if not kept:
            rest += _runs((item,))
        elif item.pieces is None:
            boxes.give(first, _Run(item, 0, kept))
            rest.append(_Run(item, kept, item.size - kept))
        else:
            at_home[item.name] = kept
            for server in homes:
                boxes.used[server] += kept
            if kept < item.piece:
                rest += [_Run(item, place * item.piece + kept, item.piece - kept) for place in range(len(homes))]
            rest.append(_Run(item, len(homes) * item.piece, item.size - len(homes) * item.piece))
    return at_home, [run for run in rest if run.size]


def _kept_near(runs: list[_Run], crew: Crew, boxes: _Boxes) -> list[_Run]:
    """Gives servers what only the workers of some stages hold, the fewest stages first. What remains of all runs comes back."""
    near: dict[tuple[int, ...], deque[_Run]] = {}
    rest = []
    for run in runs:
        if run.item.pieces is None and len(run.item.stages) < crew.stages:
            near.setdefault(run.item.stages, deque()).append(run)
        else:
            rest.append(run)
    for stages in sorted(near, key=lambda stages: (len(stages), stages)):
        workers = (stage * crew.per_stage + position for stage in stages for position in range(crew.per_stage))
        boxes.fill(near[stages], (worker for worker in workers if worker < crew.inside), everything=False)
        rest += near[stages]
    return rest


def _joined(runs: list[_Run], order: dict[str, int]) -> Iterator[_Run]:
    """Runs in the order of parameters, those that touch made one."""
    last: _Run | None = None
    for run in sorted(runs, key=lambda run: (order[run.item.name], run.first)):
        if last is not None and last.item is run.item and last.first + last.size == run.first:
            last = last._replace(size=last.size + run.size)
        else:
            if last is not None:
                yield last
            last = run
    if last is not None:
        yield last


def _segment(run: _Run) -> SliceSegment:
    if run.item.pieces is None:
        return SliceSegment(parameter=run.item.name, offset=run.first, size=run.size)
    position, offset = divmod(run.first, run.item.piece)
    return SliceSegment(parameter=run.item.name, position=position, offset=offset, size=run.size)
