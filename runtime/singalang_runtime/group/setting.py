"""What all members of a group share in one train section: records, kernels, numbers. Holds nothing that ever changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from singalang_compiler.keys import key_of, training_key
from singalang_compiler.plan import Plan, SectionRecord
from singalang_compiler.plan_group import GroupRecord, SliceSegment, StoredRecord
from singalang_runtime.binding import Load, statistic
from singalang_runtime.feed.feed import Feed
from singalang_runtime.group.records import calls_of, group_kernels
from singalang_runtime.kernels import Compiled, compiled, put
from singalang_runtime.protocol.group import GroupView, server_name

Array: TypeAlias = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Setting:
    """`kernels` are compiled, by key; `slices` the servers' segments, by server's name; `constants` the arrays of means and
    deviations, `keys` those of random numbers by phase, on the device; `stored` parameters and `states` go by name; `no_sums`
    are the metrics of nothing."""

    plan: Plan
    section: SectionRecord
    view: GroupView
    feed: Feed
    kernels: Mapping[str, Compiled]
    slices: Mapping[str, tuple[SliceSegment, ...]]
    constants: Mapping[str, Any]
    keys: Mapping[str, Any]
    stored: Mapping[str, StoredRecord]
    states: Mapping[str, StoredRecord]
    no_sums: Array
    dtype: np.dtype[Any]

    @staticmethod
    def of(plan: Plan, section: SectionRecord, feed: Feed, load: Load) -> Setting:
        """The setting of a section with a group; compiles its kernels, each once whoever runs it."""
        assert section.group is not None
        group, dtype = section.group, np.dtype("float64" if section.precision == "f64" else "float32")
        evaluations = {phase: key_of(f"{section.seed}:{phase}:{section.name}") for phase in group.evaluate_rows}
        keys = evaluations | {"train": training_key(section.seed, section.name)}
        return Setting(
            plan=plan,
            section=section,
            view=GroupView(group),
            feed=feed,
            kernels={key: compiled(load(key)) for key in group_kernels(group)},
            slices={server_name(number): group.segments_of(server) for number, server in enumerate(group.servers)},
            constants=_constants(plan, group, feed),
            keys={phase: put(np.array(key, np.uint32)) for phase, key in keys.items()},
            stored={one.name: one for one in group.stored},
            states={one.name: one for one in group.states},
            no_sums=np.zeros((len(section.metrics), 2), dtype),
            dtype=dtype,
        )

    @property
    def group(self) -> GroupRecord:
        """The group."""
        return self.view.group

    @property
    def width(self) -> int:
        """Workers of a stage."""
        return self.view.width

    def put(self, array: Array) -> Any:
        """An array on the device."""
        return put(array)

    def position_of(self, role: str) -> int:
        """The position in its stage of a worker, named as in messages."""
        return self.view.position_of(int(role.removeprefix("worker-")))


def _constants(plan: Plan, group: GroupRecord, feed: Feed) -> dict[str, Any]:
    """Means and deviations of fields, as kernels take them: `mean/data.field`."""
    found: dict[str, Any] = {}
    for call in calls_of(group):
        for name, argument in zip(call.inputs, plan.kernels[call.kernel].inputs, strict=True):
            if name.startswith(("mean/", "std/")) and name not in found:
                found[name] = statistic(name, argument, feed)
    return found
