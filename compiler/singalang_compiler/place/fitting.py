"""A group's section placed within the memory that it may have: where choosing its cuts took too little, they are chosen again."""

from __future__ import annotations

from msgspec import structs

from singalang_compiler.machine import Machine
from singalang_compiler.partition.cut_net import CutSection
from singalang_compiler.partition.section import cut_section
from singalang_compiler.place.group import place_group
from singalang_compiler.place.placed import PlacedSection
from singalang_compiler.place.weighing import weighed
from singalang_compiler.shaped import ShapedJob
from singalang_grammar.diagnostics import Outcome

_SHARES = (0.85, 0.7, 0.55, 0.4)
"""What choosing is told that there is of the memory, when placing has found what it chose too large."""


def place_fitting(shaped: ShapedJob, cut: CutSection, machine: Machine) -> Outcome[PlacedSection]:
    """The section of a group with its programs, memory and time.

    Choosing reckons with less detail than placing. So where the cuts were chosen and more memory is needed than there may be, they
    are chosen again as if there were less, until what is placed fits or nothing is found; then the first try is told.
    """
    first = _placed(shaped, cut, machine)
    memory = cut.topology.memory_bytes
    if not first.failed or memory is None or not any(one.reason.startswith("cheapest") for one in cut.decisions):
        return first
    for share in _SHARES:
        tighter = structs.replace(cut.topology, memory_bytes=int(memory * share))
        again = cut_section(shaped, cut.train, tighter, machine)
        if again.value is None or again.failed:
            break
        placed = _placed(shaped, structs.replace(again.value, topology=cut.topology), machine)
        if not placed.failed:
            return placed
    return first


def _placed(shaped: ShapedJob, cut: CutSection, machine: Machine) -> Outcome[PlacedSection]:
    placed = place_group(shaped, cut, machine)
    if placed.value is None or placed.failed:
        return placed
    return weighed(shaped, placed.value, machine)
