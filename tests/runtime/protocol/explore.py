"""Every order in which messages can be delivered to some roles, walked through. Knows no protocol.

A role hears one thing at a time and says things to others. What is said on a lane is heard in that order, what is said off
lanes in any. A state of the whole is what every role is, and what was said and not heard; states that are equal are walked on from
once, and what a role makes of something is computed once. Nothing is left out: no order is assumed to be like another.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, is_dataclass, replace
from enum import Enum
from random import Random
from types import NoneType
from typing import Any, NamedTuple, Protocol

import msgspec

ATOMS = (str, int, float, bool, NoneType, tuple, frozenset, Enum, msgspec.Struct)


class Said(NamedTuple):
    """Something said to a role; `lane` None: in no order."""

    to: str
    what: Hashable
    lane: str | None = None


class Role(Protocol):
    """A role. All that it is must lie in its attributes; those named in `FIXED` never change, nor do they tell states apart."""

    FIXED: frozenset[str]

    def begin(self) -> list[Said]:
        """What it says at first."""

    def hear(self, what: Any) -> list[Said]:
        """What it says to that."""


@dataclass(frozen=True)
class World:
    """A state: numbers of the roles' states in the order of their names, what is in the air, and lanes with what is on them."""

    roles: tuple[int, ...]
    air: frozenset[tuple[str, Hashable]]
    lanes: frozenset[tuple[str, str, tuple[Hashable, ...]]]  # name, to, first thing first


@dataclass(frozen=True)
class Explored:
    """How many states and ways between them there are, and the roles in each state in which nothing is left to be heard."""

    states: int
    ways: int
    ends: tuple[Mapping[str, Any], ...]


class Explorer:
    """A walk through all states of some roles. `check` is called with the roles of every state that is met."""

    def __init__(self, roles: Mapping[str, Role], check: Callable[[Mapping[str, Any], World], None] | None = None) -> None:
        self.names = tuple(sorted(roles))
        self.check = check
        self.known: list[Any] = []  # states of roles, each once
        self.numbers: dict[Hashable, int] = {}
        self.answers: dict[tuple[int, Hashable], tuple[int, tuple[Said, ...]]] = {}
        said = [one for name in self.names for one in roles[name].begin()]
        numbers = tuple(self._number(name, roles[name]) for name in self.names)
        self.first = self._say(World(numbers, frozenset(), frozenset()), said)

    def walk(self, most: int = 3_000_000) -> Explored:
        """Walks through all states; fails where there are more than `most`."""
        met, todo, ways, ends = {self.first}, [self.first], 0, []
        while todo:
            world = todo.pop()
            if self.check is not None:
                self.check(self._roles(world), world)
            if not world.air and not world.lanes:
                ends.append(self._roles(world))
            for way in self._ways(world):
                after, ways = self._heard(*way), ways + 1
                if after not in met:
                    met.add(after)
                    todo.append(after)
            assert len(met) <= most, f"more than {most} states"
        return Explored(len(met), ways, tuple(ends))

    def wander(self, draw: Random) -> Explored:
        """Walks one way, drawn at random, to its end."""
        world, ways = self.first, 0
        while True:
            if self.check is not None:
                self.check(self._roles(world), world)
            choice = list(self._ways(world))
            if not choice:
                return Explored(ways + 1, ways, (self._roles(world),))
            world, ways = self._heard(*draw.choice(choice)), ways + 1

    def _ways(self, world: World) -> Iterator[tuple[World, str, Hashable]]:
        """What can be heard next: the world without it, by whom, and what."""
        for to, what in world.air:
            yield replace(world, air=world.air - {(to, what)}), to, what
        for lane in world.lanes:
            name, to, (first, *others) = lane
            left = world.lanes - {lane} | ({(name, to, tuple(others))} if others else frozenset())
            yield replace(world, lanes=left), to, first

    def _heard(self, world: World, to: str, what: Hashable) -> World:
        place = self.names.index(to)
        number = world.roles[place]
        if (number, what) not in self.answers:
            role = duplicate(self.known[number])
            said = tuple(role.hear(what))
            self.answers[number, what] = self._number(to, role), said
        after, said = self.answers[number, what]
        roles = (*world.roles[:place], after, *world.roles[place + 1 :])
        return self._say(replace(world, roles=roles), said)

    def _say(self, world: World, said: list[Said] | tuple[Said, ...]) -> World:
        air, lanes = set(world.air), {(name, to): things for name, to, things in world.lanes}
        for one in said:
            if one.lane is None:
                assert (one.to, one.what) not in air, f"{one} was said twice"
                air.add((one.to, one.what))
            else:
                lanes[one.lane, one.to] = (*lanes.get((one.lane, one.to), ()), one.what)
        return replace(world, air=frozenset(air), lanes=frozenset((name, to, things) for (name, to), things in lanes.items()))

    def _number(self, name: str, role: Any) -> int:
        key = (name, frozen(role))
        if key not in self.numbers:
            self.numbers[key] = len(self.known)
            self.known.append(role)
        return self.numbers[key]

    def _roles(self, world: World) -> dict[str, Any]:
        return {name: self.known[number] for name, number in zip(self.names, world.roles, strict=True)}


def duplicate(value: Any) -> Any:
    """A copy that shares only what cannot change."""
    match value:
        case set():
            return set(value)
        case dict():
            return {key: duplicate(one) for key, one in value.items()}
        case list():
            return [duplicate(one) for one in value]
    if _cannot_change(value):
        return value
    copy = object.__new__(type(value))
    fixed = getattr(value, "FIXED", FIXED)
    copy.__dict__.update({name: one if name in fixed else duplicate(one) for name, one in vars(value).items()})
    return copy


FIXED = frozenset({"acts", "known", "schedules", "sizes", "cursor", "progress_s"})
"""Attributes of machines that never change. A role whose machine is replaced must say itself which one it has."""


def frozen(value: Any) -> Hashable:
    """What tells a role's state from others."""
    match value:
        case set():
            return frozenset(value)
        case dict():
            return frozenset((key, frozen(one)) for key, one in value.items())
        case list():
            return tuple(map(frozen, value))
    if _cannot_change(value):
        return value  # type: ignore[no-any-return]  # all of these can be hashed
    fixed = getattr(value, "FIXED", FIXED)
    return tuple((name, frozen(one)) for name, one in sorted(vars(value).items()) if name not in fixed)


def _cannot_change(value: Any) -> bool:
    return isinstance(value, ATOMS) or (is_dataclass(value) and bool(vars(type(value))["__dataclass_params__"].frozen))
