"""What people are told of the processes of a section, from what these say of themselves. Knows no block, terminal or clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from singalang_runtime.processes.status import Status
from singalang_runtime.report.port import ProcessView, Reporter

_WAITS_S = 1.0
"""Who waits for less is told as training: there are such waits in every step, and after the last before a test."""
_WORDS = {"initialising": "preparing", "standing": "idle"}
"""What is called otherwise for people."""
_KINDS = ("worker", "server")


class Rows:
    """Tells `reporter` of the processes called `names`, at most every `reporter.refresh_s`. `homes`: the process of every role."""

    def __init__(self, names: Sequence[str], homes: Mapping[str, str], reporter: Reporter) -> None:
        self._names, self._reporter = tuple(names), reporter
        self._roles = {name: tuple(role for role, home in homes.items() if home == name) for name in names}
        self._last: dict[str, Status] = {}
        self._shares: dict[str, tuple[float, float, float]] = {}
        self._told_s, self._first_s = float("-inf"), 0.0

    def look(self, now_s: float, said: Sequence[Status]) -> None:
        """The time, of CLOCK_MONOTONIC, and what all processes say, in the order of `names`."""
        if now_s - self._told_s < self._reporter.refresh_s:
            return
        self._told_s = now_s
        self._first_s = self._first_s or now_s
        views = (self._view(name, now_s, one) for name, one in zip(self._names, said, strict=True))
        self._reporter.processes(tuple(sorted(views, key=lambda view: _place(view.name))))

    def _view(self, name: str, now_s: float, said: Status) -> ProcessView:
        self._share(name, said)
        for_s = max(0.0, now_s - (said.since_s or self._first_s))
        return ProcessView(
            name=name,
            roles=self._roles[name],
            step=said.step,
            doing=self._doing(name, said, for_s),
            for_s=for_s,
            shares=self._shares.get(name),
            waited_s=said.waiting_s,
            memory_bytes=said.memory_bytes,
        )

    def _doing(self, name: str, said: Status, for_s: float) -> str:
        """Where a process has servers alone, training is serving."""
        works = "training" if any(role.startswith("worker") for role in self._roles[name]) else "serving"
        short = said.doing in ("waiting", "standing") and for_s < _WAITS_S and self._shares.get(name) is not None
        return works if short or said.doing == "training" else _WORDS.get(said.doing, said.doing)

    def _share(self, name: str, said: Status) -> None:
        """Notes the parts of a process's time since it was told of last, unless it has done no step since."""
        last = self._last.get(name, Status())
        self._last[name] = said
        spent = (said.compute_s - last.compute_s, said.waiting_s - last.waiting_s, said.moving_s - last.moving_s)
        total_s = sum(spent)
        if said.step > last.step and total_s > 0:
            computes, waits, moves = (max(0.0, part) / total_s for part in spent)
            self._shares[name] = computes, waits, moves


def _place(process: str) -> tuple[int, int]:
    """Where a process comes in order: `worker-2`, `worker-10`, `server-0`."""
    kind, _, number = process.rpartition("-")
    return _KINDS.index(kind), int(number)
