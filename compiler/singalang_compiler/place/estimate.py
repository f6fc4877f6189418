"""How long a step of a group takes, with everything that goes on at the same time: the seconds that calls and messages take, put
to the clock. Knows what layer kinds say of their work; lowering gives it what it knows better.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import fsum, prod

from singalang_compiler.cost import work_s
from singalang_compiler.machine import Machine
from singalang_compiler.partition.costing import group_of
from singalang_compiler.partition.cut_net import Connection, CutNet, CutNode, Piece
from singalang_compiler.partition.problem import Group
from singalang_compiler.partition.traffic import Move, move_s
from singalang_compiler.place.clock import Pace, step_s
from singalang_compiler.place.placed import PlacedSection
from singalang_compiler.plan_group import StoredRecord


@dataclass(frozen=True, slots=True)
class Crew:
    """What a section's times depend on besides its net: the machine, how many share it, parameters that learn, and slots."""

    machine: Machine
    group: Group
    sharing: int
    stored: tuple[StoredRecord, ...]
    learned: frozenset[str]
    slots: int
