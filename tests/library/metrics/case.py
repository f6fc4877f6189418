"""What a file in `cases/` says of a metric kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from singalang_compiler.library.contract import Metric
from singalang_compiler.library.tensors import TensorSpec


@dataclass(frozen=True)
class Case:
    """A metric on inputs of these shapes; `formula` takes one record of each and gives its value.

    `wrong` holds inputs that it cannot be measured on, with words of the message.
    """

    metric: Metric
    inputs: tuple[TensorSpec, ...]
    formula: Callable[..., float]
    wrong: tuple[tuple[tuple[TensorSpec, ...], str], ...] = ()

    def draw(self, seed: int, batch: int) -> tuple[Any, ...]:
        """Inputs for a batch: numbers of few values, so that there are ties; labels of all classes."""
        import numpy as np

        random = np.random.default_rng(seed)
        arrays = []
        for spec in self.inputs:
            if spec.classes is None:
                arrays.append((random.integers(-3, 4, (batch, *spec.shape)) / 2).astype(np.float32))
            else:
                arrays.append(random.integers(0, spec.classes, (batch, *spec.shape)).astype(np.int32))
        return tuple(arrays)
