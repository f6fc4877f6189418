"""Whole tensors to roles and back: nothing is lost, nobody asks for more than it holds, no more is told than is needed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import numpy as np
from hypothesis import given, settings

from singalang_compiler.plan_group import BufferRecord, GroupRecord, Segment, StoredRecord
from singalang_runtime.group.whole import SUMS, TOTALS, Shares, assemble, parts_of, wanted_of
from singalang_runtime.protocol.group import GroupView, server_name, worker_name
from tests.runtime.plane.groups import placed, smalls
from tests.runtime.protocol.small import LENGTH, Small

Array = np.ndarray[Any, Any]
FROZEN = StoredRecord(name="frozen", shape=(2, 6), axis=None, stages=(0,), reason="not-cut")


class Asked(Mapping[str, Array]):
    """Tensors by key that keep account of who asks for what."""

    def __init__(self, tensors: Mapping[str, Array]) -> None:
        self.tensors, self.keys_asked = tensors, set[str]()

    def __getitem__(self, key: str) -> Array:
        self.keys_asked.add(key)
        return self.tensors[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.tensors)

    def __len__(self) -> int:
        return len(self.tensors)

    def __contains__(self, key: object) -> bool:
        return key in self.tensors


def shares_of(small: Small) -> Shares:
    """A group with momentum, a parameter on the first stage that does not learn, and state of which each stage has its own, cut
    where it has several workers and gathers."""
    group = placed(small, apart=True)
    roles = []
    states = []
    width = small.workers // small.stages
    for role in group.roles:
        axis = 0 if small.gather and width > 1 else None
        sizes = {f"whole{role.stage}": 4, f"cut{role.stage}": LENGTH // width if axis is not None else LENGTH}
        states += [
            StoredRecord(name=f"whole{role.stage}", shape=(4,), axis=None, stages=(role.stage,), reason="not-cut"),
            StoredRecord(name=f"cut{role.stage}", shape=(LENGTH,), axis=axis, stages=(role.stage,), reason="not-cut"),
        ]
        state = buffer("state/all", sizes)
        frozen = (buffer("parameters/frozen", {"frozen": 12}),) if role.stage == 0 else ()
        roles.append(msgspec.structs.replace(role, state=(state,), parameters=(*role.parameters, *frozen)))
    whole = msgspec.structs.replace(
        group, roles=tuple(roles), states=tuple(states), stored=(*group.stored, FROZEN), slots=("velocity",)
    )
    return shares(whole)


def shares(group: GroupRecord) -> Shares:
    slices = {server_name(number): group.segments_of(server) for number, server in enumerate(group.servers)}
    stored = {one.name: one for one in group.stored}
    learned = {one.parameter: stored[one.parameter] for segments in slices.values() for one in segments}
    return Shares(GroupView(group), slices, stored, {one.name: one for one in group.states}, learned, np.dtype("float64"))


def buffer(name: str, sizes: Mapping[str, int]) -> BufferRecord:
    segments, offset = [], 0
    for own, size in sizes.items():
        segments.append(Segment(name=own, offset=offset, size=size))
        offset += size
    return BufferRecord(name=name, size=offset, segments=tuple(segments))


def tensors_of(shares: Shares) -> dict[str, Array]:
    draw, found = np.random.default_rng(5), {}
    for name, stored in shares.stored.items():
        found[f"parameters/{name}"] = draw.normal(size=stored.shape)
        if name in shares.learned:
            found[f"slots/velocity/{name}"] = draw.normal(size=stored.shape)
    return found | {f"state/{name}": draw.normal(size=stored.shape) for name, stored in shares.states.items()}


def roles_of(shares: Shares) -> list[str]:
    return [*map(worker_name, range(shares.group.workers)), *map(server_name, range(len(shares.group.servers)))]


@given(small=smalls())
@settings(max_examples=40, deadline=None)
def test_tensors_given_to_roles_come_back_whole_from_what_is_wanted_of_them(small: Small) -> None:
    own = shares_of(small)
    tensors = tensors_of(own)
    parts = {role: dict(parts_of(own, role, tensors)) for role in roles_of(own)}
    measured = {worker_name(one): {SUMS: np.full((2, 2), one), TOTALS: np.zeros((2, 2))} for one in range(small.workers)}
    held = {role: {name: (part | measured.get(role, {}))[name] for name in wanted_of(own, role)} for role, part in parts.items()}
    found = assemble(own, held)
    assert found.pop(SUMS)[:, 0, 0].tolist() == list(range(small.workers)) and found.pop(TOTALS).shape == (small.workers, 2, 2)
    assert found.keys() == tensors.keys()
    assert all(np.array_equal(found[key], tensors[key]) for key in tensors)


@given(small=smalls())
@settings(max_examples=40, deadline=None)
def test_a_role_asks_for_no_tensor_that_it_has_nothing_of(small: Small) -> None:
    own = shares_of(small)
    for role in roles_of(own):
        tensors = Asked(tensors_of(own))
        list(parts_of(own, role, tensors))
        number = int(role.rpartition("-")[2])
        if role.startswith("server"):
            names = {one.parameter for one in own.slices[role]}
            assert tensors.keys_asked == {f"{group}/{name}" for group in ("parameters", "slots/velocity") for name in names}
        else:
            record = own.view.role_of(number)
            named = {f"parameters/{one.name}" for held in record.parameters for one in held.segments}
            assert tensors.keys_asked == named | {f"state/{one.name}" for held in record.state for one in held.segments}


@given(small=smalls())
@settings(max_examples=40, deadline=None)
def test_what_all_workers_of_a_stage_have_the_first_one_tells(small: Small) -> None:
    own = shares_of(small)
    for worker in range(small.workers):
        wanted = set(wanted_of(own, worker_name(worker))) - {SUMS, TOTALS}
        first, cut = own.view.position_of(worker) == 0, any(one.axis is not None for one in own.states.values())
        assert ("parameters/frozen" in wanted) == (worker == 0)
        assert ("state/all" in wanted) == (first or cut)
        assert wanted <= {"parameters/frozen", "state/all"}


def test_slots_that_are_not_there_begin_with_0() -> None:
    own = shares_of(Small(servers=2))
    tensors = {key: tensor for key, tensor in tensors_of(own).items() if not key.startswith("slots/")}
    part = dict(parts_of(own, "server-0", tensors))
    assert part.keys() == {"value", "slots/velocity"} and part["value"].any() and not part["slots/velocity"].any()
