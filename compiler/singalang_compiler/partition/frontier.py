"""The cheapest cuts of a net, found along a frontier: dynamic programming over the values that are still to be read.

Layers are decided one after another. What was decided before matters to the rest only through the frontier: how each value in it
lies and where it has been brought, and how each shared parameter has been cut so far. So of all ways that lead to one such state
the cheapest is kept. While the frontier holds at most three, every state is kept, which makes the answer exact; beyond that the
best 256 are. What was found so is a bound, with which a second search may still prove what is cheapest.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum
from typing import Any, NamedTuple, TypeAlias

from singalang_compiler.partition.problem import Decided
from singalang_compiler.partition.sums import Sums
from singalang_compiler.partition.waiting import Waiting

EXACT = 3
"""While so many values or fewer are in the frontier no state is dropped."""
KEPT = 256
"""States that are kept beyond that."""

_Item: TypeAlias = int | str  # a value, by the place of its layer, or a shared parameter, by its name
_Key: TypeAlias = tuple[int, ...]  # of each value how it stands, of each shared parameter along which axis it was cut so far
_WHOLE = -1
_SAME = 1e-12
_ABOUT = 1e-9
_WALKED = 128 * KEPT  # states in all that are looked at where none is dropped that could be the best
_WEIGHED = 32  # of the layers that may come next, the last ones to have become ready


class Found(NamedTuple):
    """Cuts, by the order of the problem's layers, and whether it is certain that none are cheaper."""

    cuts: tuple[int, ...]
    proven: bool


class _State(NamedTuple):
    cost_s: float
    trail: Any  # (trail before, option)


_States: TypeAlias = dict[_Key, _State]


class _Decided(NamedTuple):
    """What deciding a layer does to a state: places of the frontier that change, and what is added behind it."""

    more_s: float
    changed: dict[int, int]
    added: list[int]


def cheapest(sums: Sums) -> Found:
    """The cuts with the smallest sum, as far as they are proven to be; ties go to the earlier option."""
    order = _order(sums)
    frontier = _Frontier(sums, order)
    states: _States = {(): _State(0.0, None)}
    proven = True
    for number in order:
        states = frontier.advanced(states, number)
        if len(frontier.items) > EXACT and len(states) > KEPT:
            best = sorted(states.items(), key=lambda entry: entry[1].cost_s)[:KEPT]
            states, proven = dict(best), False
    return Found(_best(order, states), proven)


def cheaper(sums: Sums, bound_s: float) -> tuple[int, ...] | None:
    """The cuts with the smallest sum, given that some have the sum `bound_s`; None where that would take too many states.

    States that cannot lead to less than the bound are left out, and none of the others.
    """
    order = _order(sums)
    frontier = _Frontier(sums, order)
    states: _States = {(): _State(0.0, None)}
    rest_s = [min(sums.layer_s(number, option) for option in sums.problem.layers[number].choices) for number in order]
    left_s, walked = fsum(rest_s), 0
    for number, least_s in zip(order, rest_s, strict=True):
        left_s -= least_s
        states = frontier.advanced(states, number)
        limit_s = bound_s * (1 + _ABOUT) - left_s
        states = {key: state for key, state in states.items() if state.cost_s - frontier.waiting_s(key) <= limit_s}
        walked += len(states)
        if walked > _WALKED:
            return None
    return _best(order, states)


def _best(order: Sequence[int], states: _States) -> tuple[int, ...]:
    return _cuts(order, min(states.values(), key=lambda state: state.cost_s).trail)


def _cuts(order: Sequence[int], trail: Any) -> tuple[int, ...]:
    cuts = [0] * len(order)
    for number in reversed(order):
        trail, cuts[number] = trail
    return tuple(cuts)


def _order(sums: Sums) -> tuple[int, ...]:
    """The layers, each after its inputs, so that few values are waiting: of those that may come next the one that leaves the
    fewest, then the one whose inputs came last, then the first."""
    layers = sums.problem.layers
    missing = [len(set(layer.inputs)) for layer in layers]
    unread = [len({one for one, _ in readers}) for readers in sums.readers]
    came: dict[int, int] = {}
    ready = [number for number, count in enumerate(missing) if not count]

    def rank(number: int) -> tuple[int, int, int]:
        inputs = {sums.place[name] for name in layers[number].inputs}
        ended = sum(unread[source] == 1 for source in inputs)
        return (unread[number] > 0) - ended, -max((came[source] for source in inputs), default=-1), number

    while ready:
        number = min(ready[-_WEIGHED:], key=rank)
        ready.remove(number)
        came[number] = len(came)
        for source in {sums.place[name] for name in layers[number].inputs}:
            unread[source] -= 1
        for reader in sorted({one for one, _ in sums.readers[number]}):
            missing[reader] -= 1
            if not missing[reader]:
                ready.append(reader)
    return tuple(came)


class _Frontier:
    """What is waiting: `items` lists values with readers to come and shared parameters with uses to come."""

    def __init__(self, sums: Sums, order: Sequence[int]) -> None:
        self._sums = sums
        self._layers = sums.problem.layers
        self._waiting = [Waiting(sums, number) for number in range(len(self._layers))]
        self.items: list[_Item] = []
        at = {number: step for step, number in enumerate(order)}
        self._last: dict[_Item, int] = {}
        for number, readers in enumerate(sums.readers):
            if readers:
                self._last[number] = max(at[reader] for reader, _ in readers)
        self._last |= {name: max((at[user] for user in users), default=-1) for name, users in sums.users.items()}
        self._step = 0

    def advanced(self, states: _States, number: int) -> _States:
        """The states after a layer has been decided too."""
        layer = self._layers[number]
        touched = [self.items.index(item) for item in self._touched(layer)]
        started = [name for name in self._names(layer) if name not in self.items]
        after = [*self.items, *started, number]
        kept = [place for place, item in enumerate(after) if self._last.get(item, -1) > self._step]
        fresh: _States = {}
        known: dict[tuple[tuple[int, ...], int], _Decided] = {}
        for key, state in states.items():
            held = tuple(key[place] for place in touched)
            for option in layer.choices:
                if (held, option) not in known:
                    known[held, option] = self._decided(number, option, dict(zip(touched, held, strict=True)), started)
                decided = known[held, option]
                whole = [*key, *decided.added]
                for place, way in decided.changed.items():
                    whole[place] = way
                new = tuple([whole[place] for place in kept])
                cost_s = state.cost_s + decided.more_s
                if new not in fresh or cost_s < fresh[new].cost_s - _SAME * abs(cost_s):
                    fresh[new] = _State(cost_s, (state.trail, option))
        self.items = [after[place] for place in kept]
        self._step += 1
        return fresh

    def waiting_s(self, key: _Key) -> float:
        """Of a state's cost what is for moving the values that are still to be read, and may become less."""
        return sum(self._waiting[item].cost_s(way) for item, way in zip(self.items, key, strict=True) if isinstance(item, int))

    def _names(self, layer: Decided) -> list[str]:
        return sorted({name for option in layer.options for name in option.uses})

    def _touched(self, layer: Decided) -> list[_Item]:
        inputs: list[_Item] = [self._sums.place[name] for name in dict.fromkeys(layer.inputs)]
        return inputs + [name for name in self._names(layer) if name in self.items]

    def _decided(self, number: int, option: int, held: dict[int, int], started: list[str]) -> _Decided:
        """What it costs more to decide a layer so, what becomes of what it touches, and what it adds to the frontier."""
        layer = self._layers[number]
        cost_s = self._sums.layer_s(number, option)
        changed: dict[int, int] = {}
        for place, way in held.items():
            item = self.items[place]
            if isinstance(item, int):
                waiting = self._waiting[item]
                changed[place] = waiting.read(way, number, option)
                cost_s += waiting.cost_s(changed[place]) - waiting.cost_s(way)
            else:
                changed[place] = way if way == _axis(layer, option, item) else _WHOLE
                cost_s += self._ended_s(item, changed[place])
        added = [_axis(layer, option, name) for name in started]
        cost_s += sum(self._ended_s(name, axis) for name, axis in zip(started, added, strict=True))
        return _Decided(cost_s, changed, [*added, self._waiting[number].unread(option)])

    def _ended_s(self, name: str, axis: int) -> float:
        """The cost of a shared parameter, once its last use is known."""
        if self._last[name] != self._step:
            return 0.0
        return self._sums.shared_s(self._sums.shared[name], None if axis == _WHOLE else axis)


def _axis(layer: Decided, option: int, name: str) -> int:
    axis = layer.options[option].uses.get(name)
    return _WHOLE if axis is None else axis
