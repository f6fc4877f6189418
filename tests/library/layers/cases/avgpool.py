"""Cases of `avgpool`."""

from __future__ import annotations

import numpy as np

from tests.library.layers.case import Call, Case, Gradients, Numbers, numbers
from tests.library.layers.windows import each_window, padded, pool_windows, pooled_shape, unpadded

CASES = (
    Case("overlapping", (numbers(2, 7, 9),), {"kernel": 3, "stride": 2}),
    Case("side by side, end left out", (numbers(3, 7, 8),), {"kernel": 2}),
    Case("stride above the kernel", (numbers(2, 9, 7),), {"kernel": 2, "stride": 3}),
    Case("each axis its own, padding", (numbers(2, 5, 6),), {"kernel": (3, 2), "stride": (3, 1), "pad": (2, 1)}),
    Case("whole image", (numbers(3, 3, 5),), {"kernel": "global"}, batch=1),
)


def forward(call: Call) -> Numbers:
    kernel, stride, pad = pool_windows(call.layer, call.inputs[0])
    x = padded(call.inputs[0], pad, 0)
    y = np.zeros(pooled_shape(x, kernel, stride))
    for i, j, window in each_window(x, kernel, stride):
        y[:, :, i, j] = x[window].mean((2, 3))
    return y


def gradient(call: Call, g: Numbers) -> Gradients:
    kernel, stride, pad = pool_windows(call.layer, call.inputs[0])
    dx = np.zeros_like(padded(call.inputs[0], pad, 0))
    for i, j, window in each_window(dx, kernel, stride):
        dx[window] += g[:, :, i : i + 1, j : j + 1] / (kernel[0] * kernel[1])
    return (unpadded(dx, pad),), {}
