"""The fields of a `sync` section: how worker and server groups exchange."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

from singalang_compiler.library.attributes import Seconds
from singalang_compiler.sections.forms import OuterNesterov, OuterSgd

Outer: TypeAlias = OuterSgd | OuterNesterov


@dataclass(frozen=True)
class Fields:
    """The one grammar of synchrony: presets are points in it."""

    every: Annotated[int, "x >= 1"] = 1  # worker steps between two exchanges
    staleness: Annotated[int, "x >= 0"] | None = 0  # steps that a group may be ahead of another; `none` is unbounded
    outer: Outer | None = None  # what is done with the groups' changes
    combine: Literal["mean", "sum"] = "mean"  # whether the groups' changes are averaged or added
    fragments: Annotated[int, "x >= 1"] = 1  # parts of the parameters that are exchanged in turn
    overlap: Annotated[int, "x >= 0"] = 0  # steps that go on while an exchange is under way
    mix: Annotated[float, "0 < x <= 1"] = 1.0  # share of what comes back in the group's new parameters
    deltas: Literal["f32", "bf16", "int8"] = "f32"  # how changes travel
    quorum: Annotated[int, "x >= 1"] | None = None  # groups that are enough for an exchange
    deadline: Seconds | None = None  # longest wait for the groups that are missing
    exact: bool = False  # parameters equal to the bit for every number of workers
    shards: Annotated[int, "1 <= x <= 65536"] = 1  # pieces that a batch is always cut into under `exact`
