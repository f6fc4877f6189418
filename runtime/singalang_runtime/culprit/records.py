"""Sizes of what there is in a step, and who is to blame. Plain records that travel as JSON; know no kernel and no file."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

PROBE = "probe"
"""The role in which a train section has the kernel that measures a step; plans of earlier versions have none."""
NO_PROBE = "the plan has no kernel for that: `singac` makes it now"


class Size(msgspec.Struct, frozen=True, kw_only=True):
    """How large the numbers of an array are: `bad` of `count` are not finite; with 0 in their place the least, the greatest, and
    the root of the mean square."""

    count: int
    bad: int
    least: float
    greatest: float
    rms: float

    @property
    def most(self) -> float:
        """The largest without its sign."""
        return max(-self.least, self.greatest)


class Layer(msgspec.Struct, frozen=True, kw_only=True):
    """A layer in one step: what it gave, the layers and fields that it read, its parameters by their names in the job."""

    name: str
    kind: str
    inputs: tuple[str, ...]
    parameters: tuple[str, ...]
    output: Size


class Norms(msgspec.Struct, frozen=True, kw_only=True):
    """Sizes in the step that follows `step` steps. Layers stand in topological order. `gradients` of the parameters that learn."""

    section: str
    step: int
    rate: float | None  # None: not finite
    fields: dict[str, Size]
    layers: tuple[Layer, ...]
    parameters: dict[str, Size]
    gradients: dict[str, Size]


Cause: TypeAlias = Literal["data", "parameter", "layer", "gradient"]


class Culprit(msgspec.Struct, frozen=True, kw_only=True):
    """The first to have numbers that are not finite, `bad` of them, in step `step`, counted from 1.

    `cause`: the field `name` in the data; the parameter `name` of layer `layer`, spoilt by an update; the output of `layer`; or the
    gradient of the parameter `name`, which came back through the layers `between` from what was finite still.
    `inputs`: what the layer read, its least and its greatest number. `rate` is that of the update to blame, else of the
    step; `gradient` the largest size in the parameter's gradient before the update.
    """

    cause: Cause
    name: str
    layer: str | None
    kind: str | None
    step: int
    bad: int
    inputs: tuple[tuple[str, float, float], ...] = ()
    rate: float | None = None
    gradient: float | None = None
    between: tuple[str, ...] = ()


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a search: the culprit, or why there is none to name; `bounded` where time or memory was lacking, and a search
    without bounds may find it."""

    culprit: Culprit | None = None
    why: str | None = None
    bounded: bool = False
