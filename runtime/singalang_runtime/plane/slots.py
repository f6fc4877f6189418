"""How many slots lanes need so that nobody waits for room for ever. Knows no memory.

Every role follows a program of its own, so whether all come to its end does not depend on who is how fast: to see one order in
which they do is enough. As all lanes are empty again at the end of a step, one step says it for all.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeAlias

from singalang_grammar.diagnostics import CompilerBug
from singalang_runtime.protocol.exchanges import Act, Await, Give, server_acts, worker_acts
from singalang_runtime.protocol.group import GroupView
from singalang_runtime.protocol.steps import Message

Move: TypeAlias = tuple[bool, tuple[Message, ...]]
"""Whether something is posted, or else taken, and the messages that its lanes are called by: all of them are, or none."""


def enough_slots(
    view: GroupView, phase: str, lane: Callable[[Message], Message], slots: Mapping[Message, int]
) -> dict[Message, int]:
    """Slots by lane with which a step, or a batch of another phase, comes to its end: those given, and more for lanes whose senders
    would else wait for ever."""
    acts = [worker_acts(view, worker, phase) for worker in range(view.group.workers)]
    if phase == "train":
        acts += [server_acts(view, server) for server in view.active_servers]
    programs = [deque(_moves(one, lane)) for one in acts]
    found, lying = dict(slots), Counter[Message]()
    while any(programs):
        if not sum([_advance(program, found, lying) for program in programs]):
            _widen(programs, found, lying)
    return found


def _moves(acts: Sequence[Act], lane: Callable[[Message], Message]) -> Iterator[Move]:
    for act in acts:
        if isinstance(act, Give | Await):
            yield isinstance(act, Give), tuple(map(lane, act.messages))


def _advance(program: deque[Move], slots: Mapping[Message, int], lying: Counter[Message]) -> int:
    """Goes on with a program as far as it can; returns how many moves that were."""
    before = len(program)
    while program:
        posts, lanes = program[0]
        if not all(lying[lane] < slots[lane] if posts else lying[lane] for lane in lanes):
            break
        for lane in lanes:
            lying[lane] += 1 if posts else -1
        program.popleft()
    return before - len(program)


def _widen(programs: Sequence[deque[Move]], slots: dict[Message, int], lying: Mapping[Message, int]) -> None:
    """One slot more where room is wanted."""
    wanting = [lanes for posts, lanes in (program[0] for program in programs if program) if posts]
    wanted = [lane for lanes in wanting for lane in lanes if lying[lane] >= slots[lane]]
    if not wanted:
        raise CompilerBug(f"everybody waits for somebody: {[program[0] for program in programs if program]}")
    for lane in wanted:
        slots[lane] += 1
