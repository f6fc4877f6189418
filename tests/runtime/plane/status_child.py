"""Says over and over what it does, with pauses in the midst of writing; started as a fresh interpreter, ends with its input."""

from __future__ import annotations

import select
import sys
import threading
from random import Random
from time import sleep

from singalang_runtime.plane.block import Block
from singalang_runtime.processes import status_block
from singalang_runtime.processes.status import DOINGS
from singalang_runtime.processes.status_block import StatusWriter


def main() -> None:
    """Arguments: the block's descriptor, the place, what it does wrong. All fields tell the same number, or follow from it."""
    descriptor, place, mistake = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    draw = Random(place)

    def pause() -> None:
        if draw.random() < 0.1:
            sleep(draw.random() * 1e-4)

    sys.setswitchinterval(1e-4)
    vars(status_block).update(KEEPS_ORDER=False, fence=pause)
    if mistake == "never says that it writes":
        status_block._Record.write = careless  # type: ignore[method-assign, assignment]
    writer = StatusWriter(Block.attached(descriptor), place)
    threading.Thread(target=beat, args=(writer,), daemon=True).start()
    number = 0
    while number % 100 or not select.select([0], [], [], 0)[0]:
        number += 1
        writer.say(DOINGS[number % len(DOINGS)], number, *(float(number + field) for field in range(5)))


def beat(writer: StatusWriter) -> None:
    """Signs of life, from another thread."""
    number = 0
    while True:
        number += 1
        writer.beat(float(number), 3 * number)


def careless(record: status_block._Record, *values: float) -> None:
    """Writes the fields one after another, under no lock."""
    for place in range(len(values)):
        old = list(record._fields.unpack_from(record._memory, record._first))
        record._fields.pack_into(record._memory, record._first, *values[: place + 1], *old[place + 1 :])
        sleep(0)


if __name__ == "__main__":
    main()
