"""Windows over images in NumPy, one after the other: what formulas of convolutions and pools go through."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from tests.library.layers.case import Numbers

Window = tuple[slice, slice, slice, slice]


def pair(size: Any) -> tuple[int, int]:
    return size if isinstance(size, tuple) else (size, size)


def padded(x: Numbers, pad: tuple[int, int], value: float) -> Numbers:
    return np.pad(x, ((0, 0), (0, 0), (pad[0], pad[0]), (pad[1], pad[1])), constant_values=value)


def unpadded(x: Numbers, pad: tuple[int, int]) -> Numbers:
    return x[:, :, pad[0] : x.shape[2] - pad[0], pad[1] : x.shape[3] - pad[1]]


def each_window(x: Numbers, kernel: tuple[int, ...], stride: tuple[int, int]) -> Iterator[tuple[int, int, Window]]:
    """Place of each window, and what it holds, for as long as a whole window fits."""
    everything = slice(None)
    for i, top in enumerate(range(0, x.shape[2] - kernel[0] + 1, stride[0])):
        for j, left in enumerate(range(0, x.shape[3] - kernel[1] + 1, stride[1])):
            yield i, j, (everything, everything, slice(top, top + kernel[0]), slice(left, left + kernel[1]))


def pool_windows(layer: Any, x: Numbers) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int]]:
    """Kernel, stride and padding that a pool's attributes mean."""
    if layer.kernel == "global":
        return x.shape[2:], (1, 1), (0, 0)
    kernel = pair(layer.kernel)
    return kernel, kernel if layer.stride is None else pair(layer.stride), pair(layer.pad)


def pooled_shape(x: Numbers, kernel: tuple[int, int], stride: tuple[int, int]) -> tuple[int, ...]:
    """Shape of the output over a padded image."""
    places = [(i, j) for i, j, _ in each_window(x, kernel, stride)]
    return (*x.shape[:2], places[-1][0] + 1, places[-1][1] + 1)
