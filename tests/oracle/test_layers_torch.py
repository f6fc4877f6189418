"""The layer kinds against PyTorch, forward and backward in 64 bits, over the same cases as against NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import pytest

from tests.library.layers.case import Call, Case, Numbers
from tests.library.layers.run import assert_close, call_of, forms, layouts, outcome
from tests.library.layers.table import KINDS, cases, cotangent

torch = pytest.importorskip("torch")
functional = torch.nn.functional
pytestmark = pytest.mark.oracle

Tensor: TypeAlias = Any
Counterpart: TypeAlias = Callable[[Call, list[Tensor], dict[str, Tensor]], Tensor]


def dense(call: Call, inputs: list[Tensor], parameters: dict[str, Tensor]) -> Tensor:
    x = inputs[0].flatten(1) if inputs[0].ndim == 4 else inputs[0]
    return functional.linear(x, parameters["weight"].T, parameters.get("bias"))


def conv(call: Call, inputs: list[Tensor], parameters: dict[str, Tensor]) -> Tensor:
    return functional.conv2d(inputs[0], parameters["weight"], parameters.get("bias"), call.layer.stride, call.layer.pad)


def maxpool(call: Call, inputs: list[Tensor], parameters: dict[str, Tensor]) -> Tensor:
    x, kernel, stride = padded(call, inputs[0], -torch.inf)
    return functional.max_pool2d(x, kernel, stride)


def avgpool(call: Call, inputs: list[Tensor], parameters: dict[str, Tensor]) -> Tensor:
    x, kernel, stride = padded(call, inputs[0], 0.0)
    return functional.avg_pool2d(x, kernel, stride)


def padded(call: Call, x: Tensor, value: float) -> tuple[Tensor, Any, Any]:
    """The padding apart: PyTorch's pools refuse more than half of the kernel."""
    if call.layer.kernel == "global":
        return x, x.shape[2:], None
    rows, columns = call.layer.pad if isinstance(call.layer.pad, tuple) else (call.layer.pad, call.layer.pad)
    return functional.pad(x, (columns, columns, rows, rows), value=value), call.layer.kernel, call.layer.stride


def lrn(call: Call, inputs: list[Tensor], parameters: dict[str, Tensor]) -> Tensor:
    return functional.local_response_norm(inputs[0], call.layer.size, call.layer.alpha, call.layer.beta, call.layer.k)


def batchnorm(call: Call, inputs: list[Tensor], parameters: dict[str, Tensor]) -> Tensor:
    x = inputs[0].transpose(1, 2) if inputs[0].ndim == 3 else inputs[0]
    mean, var = (torch.from_numpy(call.state[name].copy()) for name in ("mean", "var"))
    weight, bias = parameters.get("weight"), parameters.get("bias")
    y = functional.batch_norm(x, mean, var, weight, bias, call.training, 1 - call.layer.momentum, call.layer.eps)
    return y.transpose(1, 2) if inputs[0].ndim == 3 else y


def dropout(call: Call, inputs: list[Tensor], parameters: dict[str, Tensor]) -> Tensor:
    return functional.dropout(inputs[0], call.layer.ratio, call.training)


def stanh(call: Call, inputs: list[Tensor], parameters: dict[str, Tensor]) -> Tensor:
    return 1.7159047 * torch.tanh(0.66666667 * inputs[0])


def softmax_loss(call: Call, inputs: list[Tensor], parameters: dict[str, Tensor]) -> Tensor:
    scores, labels = inputs
    losses = functional.cross_entropy(scores.movedim(-1, 1), labels.long(), reduction="none").reshape(len(labels), -1)
    return call.layer.scale * (losses.mean(1) if call.layer.reduce == "mean" else losses.sum(1))


def square_loss(call: Call, inputs: list[Tensor], parameters: dict[str, Tensor]) -> Tensor:
    squares = functional.mse_loss(inputs[0], inputs[1], reduction="none").reshape(len(inputs[0]), -1)
    return call.layer.scale * squares.sum(1) / 2


COUNTERPARTS: dict[str, Counterpart] = {
    "dense": dense,
    "conv": conv,
    "maxpool": maxpool,
    "avgpool": avgpool,
    "lrn": lrn,
    "batchnorm": batchnorm,
    "dropout": dropout,
    "relu": lambda call, inputs, parameters: functional.relu(inputs[0]),
    "sigmoid": lambda call, inputs, parameters: torch.sigmoid(inputs[0]),
    "tanh": lambda call, inputs, parameters: torch.tanh(inputs[0]),
    "stanh": stanh,
    "softmax": lambda call, inputs, parameters: functional.softmax(inputs[0], -1),
    "flatten": lambda call, inputs, parameters: inputs[0].reshape(len(inputs[0]), -1),
    "add": lambda call, inputs, parameters: torch.stack(inputs).sum(0),
    "mul": lambda call, inputs, parameters: torch.stack(inputs).prod(0),
    "scale": lambda call, inputs, parameters: call.layer.factor * inputs[0],
    "concat": lambda call, inputs, parameters: torch.cat(inputs, call.layer.axis),
    "softmax_loss": softmax_loss,
    "square_loss": square_loss,
}


def comparable(kind: str, case: Case) -> bool:
    """PyTorch knows no weights of records, and draws other numbers."""
    drawing = kind == "dropout" and case.training and case.attributes.get("ratio") != 0
    return kind in COUNTERPARTS and case.weights is None and not drawing


@pytest.mark.parametrize(("kind", "case"), [found for found in cases("normal", "apart", "ties") if comparable(*found.values)])
def test_pytorch_makes_the_same(kind: str, case: Case) -> None:
    call, g = call_of(kind, case), cotangent(kind, case)
    inputs = [tensor(x) for x in call.inputs]
    parameters = {name: tensor(x) for name, x in call.parameters.items()}
    value = COUNTERPARTS[kind](call, inputs, parameters)
    value.backward(torch.from_numpy(g))
    for ops in forms(call, "f64"):
        found = outcome(call, ops, layouts(call)[0], g)
        assert_close(found.value, value.detach().numpy(), 1e-9, "value")
        for place, x in enumerate(inputs):
            if x.requires_grad:
                assert_close(found.inputs[place], gradient(x), 1e-9, f"gradient of input {place}")
        for name, x in parameters.items():
            assert_close(found.parameters[name], gradient(x), 1e-9, f"gradient of {name}")


def test_running_statistics_move_as_in_pytorch() -> None:
    """Up to PyTorch's n / (n - 1), with which it puts the variance of the batch into the running one."""
    call = call_of("batchnorm", next(found.values[1] for found in cases("normal") if found.id == "batchnorm: image"))
    module = torch.nn.BatchNorm2d(3, call.layer.eps, 1 - call.layer.momentum, affine=False, dtype=torch.float64)
    module.running_mean.copy_(torch.from_numpy(call.state["mean"]))
    module.running_var.copy_(torch.from_numpy(call.state["var"]))
    module(torch.from_numpy(call.inputs[0]))
    found = outcome(call, forms(call, "f64")[0], "channels_last", np.zeros_like(call.inputs[0])).state
    assert_close(found["mean"], module.running_mean.numpy(), 1e-9, "mean")
    kept = call.layer.momentum * call.state["var"]
    count = call.inputs[0].size // 3
    assert_close(found["var"] - kept, (module.running_var.numpy() - kept) * (count - 1) / count, 1e-9, "var")


def test_counterparts_are_those_of_kinds() -> None:
    assert set(COUNTERPARTS) <= set(KINDS)


def tensor(x: Numbers) -> Tensor:
    return torch.from_numpy(x.copy()).requires_grad_(x.dtype.kind == "f")


def gradient(x: Tensor) -> Numbers:
    return np.zeros(x.shape) if x.grad is None else x.grad.numpy()
