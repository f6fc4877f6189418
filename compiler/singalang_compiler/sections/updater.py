"""The fields that every `updater` section has, besides those of its kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from singalang_compiler.library.contract import Schedule


@dataclass(frozen=True)
class Fields:
    """How parameters change."""

    lr: Annotated[float, "x >= 0"] | Schedule  # learning rate: a number or a schedule
    weight_decay: Annotated[float, "x >= 0"] = 0.0  # times each parameter, added to its gradient or taken off it
    clip: tuple[float, float] | None = None  # gradients are cut to (low, high)
    clip_norm: Annotated[float, "x > 0"] | None = None  # gradients are scaled down to this norm of all of them together
