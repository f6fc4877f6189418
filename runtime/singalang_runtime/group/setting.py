"""What all members of a group share in one train section: records, kernels, numbers. Holds nothing that ever changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from singalang_compiler.keys import key_of, training_key
from singalang_compiler.plan import Plan, SectionRecord
from singalang_compiler.plan_group import CallRecord, GroupRecord, SliceSegment
from singalang_runtime.binding import Load, statistic
from singalang_runtime.feed.feed import Feed
from singalang_runtime.group.records import calls_of, calls_of_roles
from singalang_runtime.group.whole import Shares
from singalang_runtime.kernels import Compiled, compiled, put
from singalang_runtime.protocol.group import GroupView

Array: TypeAlias = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Setting:
    """`kernels` are compiled, by key: those of the roles at hand. `shares`: who holds what; `constants` the arrays of means and
    deviations, `keys` those of random numbers by phase, on the device; `no_sums` are the metrics of nothing."""

    plan: Plan
    section: SectionRecord
    shares: Shares
    feed: Feed
    kernels: Mapping[str, Compiled]
    constants: Mapping[str, Any]
    keys: Mapping[str, Any]
    no_sums: Array

    @staticmethod
    def of(plan: Plan, section: SectionRecord, feed: Feed, load: Load, roles: Sequence[str] | None = None) -> Setting:
        """The setting of a section with a group, for these roles of it or all; compiles their kernels, each once."""
        shares = Shares.of(section)
        group = shares.group
        calls = tuple(calls_of(group) if roles is None else calls_of_roles(shares.view, roles))
        evaluations = {phase: key_of(f"{section.seed}:{phase}:{section.name}") for phase in group.evaluate_rows}
        keys = evaluations | {"train": training_key(section.seed, section.name)}
        return Setting(
            plan=plan,
            section=section,
            shares=shares,
            feed=feed,
            kernels={key: compiled(load(key)) for key in dict.fromkeys(call.kernel for call in calls)},
            constants=_constants(plan, calls, feed),
            keys={phase: put(np.array(key, np.uint32)) for phase, key in keys.items()},
            no_sums=np.zeros((len(section.metrics), 2), shares.dtype),
        )

    @property
    def view(self) -> GroupView:
        """Who gives what to whom."""
        return self.shares.view

    @property
    def slices(self) -> Mapping[str, tuple[SliceSegment, ...]]:
        """The servers' segments, by server's name."""
        return self.shares.slices

    @property
    def dtype(self) -> np.dtype[np.floating]:
        """What parameters, gradients and metrics are."""
        return self.shares.dtype

    @property
    def group(self) -> GroupRecord:
        """The group."""
        return self.view.group

    def put(self, array: Array) -> Any:
        """An array on the device."""
        return put(array)


def _constants(plan: Plan, calls: Iterable[CallRecord], feed: Feed) -> dict[str, Any]:
    """Means and deviations of fields, as kernels take them: `mean/data.field`."""
    found: dict[str, Any] = {}
    for call in calls:
        for name, argument in zip(call.inputs, plan.kernels[call.kernel].inputs, strict=True):
            if name.startswith(("mean/", "std/")) and name not in found:
                found[name] = statistic(name, argument, feed)
    return found
