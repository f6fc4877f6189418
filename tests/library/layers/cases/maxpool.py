"""Cases of `maxpool`."""

from __future__ import annotations

import numpy as np

from tests.library.layers.case import Call, Case, Gradients, Numbers, numbers
from tests.library.layers.windows import each_window, padded, pool_windows, pooled_shape, unpadded

CASES = (
    Case("overlapping", (numbers(2, 7, 9),), {"kernel": 3, "stride": 2}, drawn="apart"),
    Case("side by side, end left out", (numbers(3, 7, 8),), {"kernel": 2}, drawn="apart"),
    Case("stride above the kernel", (numbers(2, 9, 7),), {"kernel": 2, "stride": 3}, drawn="apart"),
    Case("each axis its own, padding", (numbers(2, 5, 6),), {"kernel": (3, 2), "stride": (3, 1), "pad": (2, 1)}, drawn="apart"),
    Case("whole image", (numbers(3, 3, 5),), {"kernel": "global"}, drawn="apart", batch=1),
    Case("equal numbers", (numbers(2, 6, 6),), {"kernel": 3, "stride": 2, "pad": 1}, drawn="ties"),
    Case("equal numbers in a whole image", (numbers(3, 3, 4),), {"kernel": "global"}, drawn="ties"),
)


def forward(call: Call) -> Numbers:
    kernel, stride, pad = pool_windows(call.layer, call.inputs[0])
    x = padded(call.inputs[0], pad, -np.inf)
    y = np.zeros(pooled_shape(x, kernel, stride))
    for i, j, window in each_window(x, kernel, stride):
        y[:, :, i, j] = x[window].max((2, 3))
    return y


def gradient(call: Call, g: Numbers) -> Gradients:
    kernel, stride, pad = pool_windows(call.layer, call.inputs[0])
    x = padded(call.inputs[0], pad, -np.inf)
    dx = np.zeros_like(x)
    for i, j, window in each_window(x, kernel, stride):
        for record, channel in np.ndindex(x.shape[:2]):
            row, column = divmod(int(x[window][record, channel].argmax()), kernel[1])
            dx[window][record, channel, row, column] += g[record, channel, i, j]
    return (unpadded(dx, pad),), {}
