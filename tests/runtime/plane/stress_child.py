"""One of several processes that give one another payloads over lanes in a shared block, with delays at every step; started as a
fresh interpreter with what it is (`Part_`) as its argument. Its standard input is its control pipe."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import permutations
from random import Random
from time import perf_counter, sleep
from typing import TypeAlias

import msgspec
import numpy as np

from singalang_runtime.plane import bell as bells
from singalang_runtime.plane import ring as rings
from singalang_runtime.plane.bell import Bell, Waiter, Woken
from singalang_runtime.plane.block import ALIGNMENT, Array, Block
from singalang_runtime.plane.fence import fence
from singalang_runtime.plane.port import Parts
from singalang_runtime.plane.ring import Part, ReceivingEnd, Ring, SendingEnd

FAULTY, ENDED, LOST = 1, 3, 4
"""Exit codes: something arrived that was not posted; the control pipe ended; nobody woke this process."""
Pair: TypeAlias = tuple[int, int, bool]
"""Sender, receiver, and whether there is a payload."""
PARTS = (Part((3000,), "float64"), Part((), "float32"))


@dataclass(frozen=True)
class Role:
    """Which process it is, of how many; descriptors; `mistake`: what it does wrong, on purpose; `patience_s`: after so long without
    anything it has been forgotten."""

    place: int
    count: int
    steps: int
    seed: int
    lanes: int
    bells: tuple[int, ...]
    spins: bool
    mistake: str
    patience_s: float


def layout(count: int) -> dict[Pair, Ring]:
    """A ring with payload and one without for every two processes."""
    offset, found = count * ALIGNMENT, {}
    for sender, receiver in permutations(range(count), 2):
        for full in (True, False):
            ring = Ring(PARTS if full else (), 1 + (sender > receiver), offset)
            found[sender, receiver, full] = ring
            offset += ring.size_bytes
    return found


def size_bytes(count: int) -> int:
    """Of the block."""
    last = list(layout(count).values())[-1]
    return last.offset + last.size_bytes


class Slowly(tuple[Array, ...]):
    """Parts that come with a delay before each, so that copying them takes long."""

    draw: Random

    def __iter__(self) -> Iterator[Array]:
        for part in super().__iter__():
            delay(self.draw)
            yield part


def delay(draw: Random) -> None:
    """Mostly none, else a short one, or one long enough for others to sleep."""
    kind = draw.random()
    if kind < 0.03:
        sleep(draw.random() * 2e-3)
    elif kind < 0.3:
        end = perf_counter() + draw.random() * 5e-5
        while perf_counter() < end:
            pass


def payload(key: Pair, step: int, draw: Random) -> Slowly:
    """What is posted: the same number everywhere, another one each time."""
    number = float(step * 100 + key[0] * 10 + key[1])
    made = Slowly(np.full(part.shape, number, part.dtype) for part in PARTS)
    made.draw = draw
    return made


class Child:
    """Its lanes to and from all others, on each of which `steps` payloads go."""

    def __init__(self, role: Role) -> None:
        self.role, self.draw = role, Random(role.seed * 100 + role.place)
        block = Block.attached(role.lanes)
        words = [place * ALIGNMENT // 8 for place in range(role.count)]
        each = [Bell(bell, block.words, word) for bell, word in zip(role.bells, words, strict=True)]
        self.waiter = Waiter(role.bells[role.place], block.words, words[role.place], role.spins)
        rings_ = layout(role.count).items()
        self.to = {key: SendingEnd(block, ring, each[key[1]]) for key, ring in rings_ if key[0] == role.place}
        self.of = {key: ReceivingEnd(block, ring, each[key[0]]) for key, ring in rings_ if key[1] == role.place}
        self.done = dict.fromkeys((*self.to, *self.of), 0)  # payloads given or taken

    def run(self) -> None:
        """Gives and takes whatever can be given or taken next, in an order drawn at random, until all has been."""
        while any(count < self.role.steps for count in self.done.values()):
            able = [key for key in self.done if self.can(key)]
            if not able:
                self.wait()
                continue
            key = self.draw.choice(able)
            self.give(key) if key in self.to else self.take(key)
            self.done[key] += 1

    def can(self, key: Pair) -> bool:
        """Whether there is something to be done on a lane that can be done now."""
        if self.done[key] == self.role.steps:
            return False
        return self.to[key].room() if key in self.to else self.of[key].arrived()

    def give(self, key: Pair) -> None:
        """Posts the next payload."""
        self.to[key].post(payload(key, self.done[key], self.draw) if key[2] else ())

    def take(self, key: Pair) -> None:
        """Takes the next payload, and looks at it twice."""
        lane = self.of[key]
        parts = lane.take()
        if self.role.mistake == "releases what it still reads":
            lane.release()
        for _ in range(2):
            delay(self.draw)
            self.look(parts, key)
        if self.role.mistake != "releases what it still reads":
            lane.release()

    def look(self, parts: Parts, key: Pair) -> None:
        """Ends the process where not all of it is what was posted."""
        for part, wanted in zip(parts, payload(key, self.done[key], self.draw), strict=False):
            if not np.array_equal(part, wanted):
                print(f"{key}, {self.done[key]}: {np.unique(part)} is not {wanted.flat[0]}", file=sys.stderr)
                sys.exit(FAULTY)

    def wait(self) -> None:
        """Until something can be given or taken."""
        begun = perf_counter()
        woken = self.waiter.wait(lambda: any(map(self.can, self.done)), 0, self.role.patience_s)
        if woken == "control":
            sys.exit(ENDED)
        if perf_counter() - begun >= self.role.patience_s:
            sys.exit(LOST)


def delay_everywhere(draw: Random) -> None:
    """A delay wherever one access to shared memory must come before another; and nobody who sleeps looks by himself."""

    def slow() -> None:
        fence()
        delay(draw)
        fence()

    sleep_ = Waiter._sleep

    def slowly_to_sleep(waiter: Waiter, ready: Callable[[], bool], also: int, until: float) -> Woken:
        delay(draw)
        return sleep_(waiter, ready, also, until)

    vars(rings).update(KEEPS_ORDER=False, fence=slow)
    vars(bells).update(fence=slow, FIRST_LOOK_S=1e6, LATER_LOOKS_S=1e6)
    Waiter._sleep = slowly_to_sleep  # type: ignore[method-assign, assignment]


def make(mistake: str) -> None:
    """Mistakes of the plane itself that the test must find out."""
    post, sleep_ = SendingEnd.post, Waiter._sleep  # the slow one

    def counts_first(end: SendingEnd, parts: Parts) -> None:
        end._words[end._posted_at] = end.posted + 1
        post(end, parts)

    def looks_not_again(waiter: Waiter, ready: Callable[[], bool], also: int, until: float) -> Woken:
        first = iter([True])
        return sleep_(waiter, lambda: not next(first, False) and ready(), also, until)

    changes = {
        "counts before it copies": (SendingEnd, "post", counts_first),
        "sees room where there is none": (SendingEnd, "room", lambda end: True),
        "sleeps without another look": (Waiter, "_sleep", looks_not_again),
        "rings for nobody": (Bell, "ring", lambda bell: None),
    }
    if mistake in changes:
        setattr(*changes[mistake])


def main() -> None:
    """Does what the argument says."""
    role = msgspec.json.decode(sys.argv[1], type=Role)
    delay_everywhere(Random(role.seed * 100 + 50 + role.place))
    make(role.mistake)
    Child(role).run()


if __name__ == "__main__":
    main()
