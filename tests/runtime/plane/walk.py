"""Walks every role of a group through its program over the planes of its processes, in an order drawn at random, and looks at all
that arrives."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from random import Random
from typing import TypeAlias

import numpy as np

from singalang_runtime.plane.layout import LanesLayout
from singalang_runtime.plane.port import Array, Lane
from singalang_runtime.plane.shared import SharedPlane
from singalang_runtime.protocol.exchanges import Await, Give
from singalang_runtime.protocol.group import GroupView
from singalang_runtime.protocol.steps import Message
from tests.runtime.plane.groups import programs

Move: TypeAlias = tuple[bool, Message, int]


@dataclass
class Walk:
    """`planes` by process. `taken`: what roles took and have not given back yet."""

    view: GroupView
    layout: LanesLayout
    planes: dict[str, SharedPlane]
    draw: Random

    def run(self, phase: str, first: int, stop: int) -> None:
        """Does steps, or batches of another phase; everything that arrives is what was posted."""
        left = {role: deque(self._moves(role, phase, first, stop)) for role in programs(self.view, phase)}
        taken: list[tuple[Move, Lane, tuple[Array, ...]]] = []
        while any(left.values()) or taken:
            held = [lane for _, lane, _ in taken]
            able = [role for role, moves in left.items() if moves and self._can(role, moves[0], held)]
            if taken and (not able or self.draw.random() < 0.3):
                move, lane, parts = taken.pop(0)
                self._look(move, parts)
                lane.release()
            else:
                role = self.draw.choice(able)  # raises IndexError where everybody waits for ever
                self._move(role, left[role].popleft(), taken)

    def _moves(self, role: str, phase: str, first: int, stop: int) -> list[Move]:
        acts = [act for act in programs(self.view, phase)[role] if isinstance(act, Give | Await)]
        return [(isinstance(act, Give), message, step) for step in range(first, stop) for act in acts for message in act.messages]

    def _lane(self, role: str, message: Message) -> Lane:
        return self.planes[self.layout.process_of(role)].lane(message)

    def _can(self, role: str, move: Move, held: list[Lane]) -> bool:
        lane = self._lane(role, move[1])
        return lane.room() if move[0] else lane.arrived() and lane not in held

    def _move(self, role: str, move: Move, taken: list[tuple[Move, Lane, tuple[Array, ...]]]) -> None:
        gives, message, step = move
        lane = self._lane(role, message)
        if gives:
            lane.post(self.payload(message, step))
        else:
            taken.append((move, lane, tuple(lane.take())))
            self._look(move, taken[-1][2])

    def _look(self, move: Move, parts: tuple[Array, ...]) -> None:
        expected = self.payload(*move[1:])
        assert len(parts) == len(expected)
        for got, wanted in zip(parts, expected, strict=True):
            assert got.dtype == wanted.dtype and np.array_equal(got, wanted), f"{move[1]} of step {move[2]}"

    def payload(self, message: Message, step: int) -> tuple[Array, ...]:
        """What is posted: numbers that say where they belong."""
        parts = self.layout.way(message).ring.parts
        name = sum(map(ord, f"{message.sender}{message.receiver}{message.name}{message.phase}{message.back}"))
        return tuple(
            np.full(part.shape, 1e4 * step + 1e2 * message.micro + name % 97 + number, part.dtype)
            for number, part in enumerate(parts)
        )
