"""The roles of a train section and the processes that they live in, whether it has a group or one worker that needs nobody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from singalang_compiler.plan import SectionRecord
from singalang_runtime.group.parameter_blocks import size_bytes
from singalang_runtime.group.whole import Held, Shares, assemble
from singalang_runtime.layout import Array
from singalang_runtime.plane.layout import LanesLayout
from singalang_runtime.processes.status_block import status_bytes
from singalang_runtime.protocol.group import worker_name

Homes: TypeAlias = Mapping[str, str]
"""The process of each role."""


@dataclass(frozen=True, slots=True)
class Cast:
    """Who takes part in a section: `workers`, and the processes that roles live in."""

    section: SectionRecord
    workers: int
    homes: Homes

    @staticmethod
    def of(section: SectionRecord) -> Cast:
        """That of a section. One worker alone has a process too."""
        if section.group is None:
            return Cast(section, 1, {worker_name(0): worker_name(0)})
        return Cast(section, section.group.workers, section.group.processes)

    @property
    def processes(self) -> tuple[str, ...]:
        """The processes by name, in order."""
        return tuple(dict.fromkeys(self.homes.values()))

    def home_of(self, worker: int) -> str:
        """The process of a worker."""
        return self.homes[worker_name(worker)]

    def roles_in(self, process: str) -> tuple[str, ...]:
        """The roles that live in a process."""
        return tuple(role for role, home in self.homes.items() if home == process)

    def block_bytes(self) -> dict[str, int]:
        """The sizes of the blocks that the processes share."""
        group, status = self.section.group, status_bytes(len(self.processes))
        if group is None:
            return {"lanes": 0, "parameters": 0, "status": status}
        shares = Shares.of(self.section)
        lanes = LanesLayout(shares.view, np.dtype(shares.dtype)).size_bytes
        return {"lanes": lanes, "parameters": size_bytes(group, shares.dtype), "status": status}

    def assembled(self, held: Held) -> dict[str, Array]:
        """The whole tensors by key, from what all roles hold."""
        if self.section.group is None:
            return dict(held[worker_name(0)])
        return assemble(Shares.of(self.section), held)
