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
from singalang_compiler.partition.traffic import Reader, moves

EXACT = 3
"""While so many values or fewer are in the frontier no state is dropped."""
KEPT = 256
"""States that are kept beyond that."""

_Item: TypeAlias = int | str  # a value, by the place of its layer, or a shared parameter, by its name
_Held: TypeAlias = tuple[int, tuple[Reader, ...]] | tuple[str, int | None]
_SAME = 1e-12
_ABOUT = 1e-9
_MORE = 32  # times as many states are kept where none is dropped that could be the best
_WEIGHED = 32  # of the layers that may come next, the last ones to have become ready


class Found(NamedTuple):
    """Cuts, by the order of the problem's layers, and whether it is certain that none are cheaper."""

    cuts: tuple[int, ...]
    proven: bool


class _State(NamedTuple):
    cost_s: float
    trail: Any  # (trail before, option)


_States: TypeAlias = dict[tuple[_Held, ...], _State]


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
    left_s = fsum(rest_s)
    for number, least_s in zip(order, rest_s, strict=True):
        left_s -= least_s
        states = frontier.advanced(states, number)
        limit_s = bound_s * (1 + _ABOUT) - left_s
        states = {key: state for key, state in states.items() if state.cost_s - frontier.waiting_s(key) <= limit_s}
        if len(states) > KEPT * _MORE:
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
        known: dict[tuple[Any, ...], tuple[float, dict[int, _Held], list[_Held]]] = {}
        for key, state in states.items():
            held = tuple(key[place] for place in touched)
            for option in layer.choices:
                if (held, option) not in known:
                    known[held, option] = self._decided(number, option, dict(zip(touched, held, strict=True)), started)
                more_s, changed, added = known[held, option]
                whole = [changed.get(place, one) for place, one in enumerate(key)] + added
                new = tuple([whole[place] for place in kept])
                cost_s = state.cost_s + more_s
                if new not in fresh or cost_s < fresh[new].cost_s - _SAME * abs(cost_s):
                    fresh[new] = _State(cost_s, (state.trail, option))
        self.items = [after[place] for place in kept]
        self._step += 1
        return fresh

    def waiting_s(self, key: tuple[_Held, ...]) -> float:
        """Of a state's cost what is for moving the values that are still to be read, and may become less."""
        found = 0.0
        for item, (lies, readers) in zip(self.items, key, strict=True):
            if isinstance(item, int) and isinstance(lies, int) and isinstance(readers, tuple):
                found += self._sums.value_s(item, lies, readers)
        return found

    def _names(self, layer: Decided) -> list[str]:
        return sorted({name for option in layer.options for name in option.uses})

    def _touched(self, layer: Decided) -> list[_Item]:
        inputs: list[_Item] = [self._sums.place[name] for name in dict.fromkeys(layer.inputs)]
        return inputs + [name for name in self._names(layer) if name in self.items]

    def _decided(
        self, number: int, option: int, held: dict[int, _Held], started: list[str]
    ) -> tuple[float, dict[int, _Held], list[_Held]]:
        """What it costs more to decide a layer so, what becomes of what it touches, and what it adds to the frontier."""
        layer = self._layers[number]
        cost_s = self._sums.layer_s(number, option)
        changed: dict[int, _Held] = {}
        for place, one in held.items():
            item = self.items[place]
            if isinstance(item, int):
                more_s, changed[place] = self._read(item, one, layer, option)
                cost_s += more_s
            else:
                axis = layer.options[option].uses.get(item)
                changed[place] = ("shared", axis if axis == one[1] else None)
                cost_s += self._ended_s(item, changed[place])
        added: list[_Held] = [("shared", layer.options[option].uses.get(name)) for name in started]
        cost_s += sum(self._ended_s(name, one) for name, one in zip(started, added, strict=True))
        return cost_s, changed, [*added, (self._first_alike(layer, option), ())]

    def _first_alike(self, layer: Decided, option: int) -> int:
        """Of the options whose value lies alike the first, so that they make one state."""
        output = layer.options[option].output
        return next(place for place, one in enumerate(layer.options) if one.output == output)

    def _read(self, item: int, one: _Held, layer: Decided, option: int) -> tuple[float, _Held]:
        """A value read by one layer more: what that costs, and how it stands then: only what has to move matters."""
        source = self._layers[item]
        lies, readers = one
        assert isinstance(lies, int) and isinstance(readers, tuple)
        more = [self._sums.reader(source, layer, option, slot) for slot, name in enumerate(layer.inputs) if name == source.name]
        found = moves(source.options[lies].output, source.stage, (*readers, *more))
        brought = tuple(sorted((Reader(stage, move.target, move.returns) for stage, move in found), key=_rank))
        before_s = self._sums.value_s(item, lies, readers)
        return self._sums.value_s(item, lies, brought) - before_s, (lies, brought)

    def _ended_s(self, name: str, one: _Held) -> float:
        """The cost of a shared parameter, once its last use is known."""
        axis = one[1]
        assert not isinstance(axis, tuple)
        return self._sums.shared_s(self._sums.shared[name], axis) if self._last[name] == self._step else 0.0


def _rank(reader: Reader) -> tuple[int, str, bool]:
    return reader.stage, str(reader.wanted), reader.returns
