"""A feed: the opened data of one train section, phase by phase. Knows neither sources nor kernels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from singalang_runtime.feed.batches import Batches
from singalang_runtime.feed.fingerprint import Fingerprint

Array: TypeAlias = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class Statistic:
    """Mean and standard deviation of a field from files, float64, of the field's shape; None where a file gives none."""

    mean: Array | None
    std: Array | None


@dataclass(frozen=True, slots=True)
class Feed:
    """Opened data. `names` are the fields as `data.field`, in the order of every batch's arrays; `phases` those with a source.

    `statistics` holds, by the same names, what `mean` and `std` files say. `fingerprint` tells the data from others.
    """

    names: tuple[str, ...]
    phases: Mapping[str, Batches]
    statistics: Mapping[str, Statistic] = field(default_factory=dict)
    fingerprint: Fingerprint = field(default_factory=dict)

    def take(self, first: int, count: int | None = None) -> tuple[Array, ...]:
        """Training batches, as `Batches.take` gives them. Raises BrokenData."""
        return self.phases["train"].take(first, count)

    def steps_of_epochs(self, epochs: float) -> int:
        """Training steps until all records have been seen `epochs` times, rounded up."""
        return self.phases["train"].steps_of_epochs(epochs)
