"""The same trainings in eager PyTorch, as one writes them by hand."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

Batch = tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]


class ScaledTanh(nn.Module):
    """SINGA's scaled tanh."""

    def forward(self, x: Any) -> Any:
        """Element by element."""
        return 1.7159047 * torch.tanh(0.66666667 * x)


class Loop:
    """A training loop over batches of (images as bytes, labels); the loss is read once, at the end."""

    def __init__(self, net: nn.Module, optimiser: torch.optim.Optimizer, mean: float, std: float) -> None:
        self.net, self.optimiser, self.mean, self.std = net, optimiser, mean, std
        self.step = 0

    def run(self, batches: list[Batch], steps: int) -> float:
        """Trains for some steps over the batches, round and round."""
        loss: Any = torch.zeros(())
        for _ in range(steps):
            images, labels = batches[self.step % len(batches)]
            x = (torch.from_numpy(images).float() - self.mean) / self.std
            loss = functional.cross_entropy(self.net(x), torch.from_numpy(labels).long())
            self.optimiser.zero_grad(set_to_none=True)
            loss.backward()
            self.optimiser.step()
            self.step += 1
        return float(loss.detach())


def mnist_mlp() -> Loop:
    """SINGA's MNIST perceptron: scaled tanh, plain SGD."""
    torch.manual_seed(0)
    widths = [784, 2500, 2000, 1500, 1000, 500, 10]
    layers: list[nn.Module] = []
    for before, after in pairwise(widths):
        layer = nn.Linear(before, after)
        for parameter in layer.parameters():
            nn.init.uniform_(parameter, -0.05, 0.05)
        layers += [layer, ScaledTanh()]
    net = nn.Sequential(*layers[:-1])
    return Loop(net, torch.optim.SGD(net.parameters(), lr=1e-3), 127.5, 127.5)


def cifar_convnet() -> Loop:
    """SINGA's CIFAR-10 convnet."""
    torch.manual_seed(0)
    convs: list[Any] = [nn.Conv2d(3, 32, 5, padding=2), nn.Conv2d(32, 32, 5, padding=2), nn.Conv2d(32, 64, 5, padding=2)]
    out: Any = nn.Linear(576, 10)
    net = nn.Sequential(
        *(convs[0], nn.MaxPool2d(3, 2), nn.ReLU(), nn.LocalResponseNorm(3, 5e-5, 0.75)),
        *(convs[1], nn.ReLU(), nn.AvgPool2d(3, 2), nn.LocalResponseNorm(3, 5e-5, 0.75)),
        *(convs[2], nn.ReLU(), nn.AvgPool2d(3, 2), nn.Flatten(), out),
    )
    for layer, std in zip((*convs, out), (1e-4, 1e-2, 1e-2, 1e-2), strict=True):
        nn.init.normal_(layer.weight, 0, std)
        nn.init.zeros_(layer.bias)
    groups: list[dict[str, Any]] = [
        {"params": [layer.weight for layer in convs]},
        {"params": [convs[0].bias, convs[1].bias], "lr": 2e-3},
        {"params": [convs[2].bias]},
        {"params": [out.weight], "weight_decay": 1.0},
        {"params": [out.bias], "lr": 2e-3, "weight_decay": 0.0},
    ]
    return Loop(net, torch.optim.SGD(groups, lr=1e-3, momentum=0.9, weight_decay=0.004), 120.0, 1.0)


def digits_mlp() -> Loop:
    """The perceptron of examples/digits_mlp.singa without dropout: 64-128-64-10, Adam."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10))
    return Loop(net, torch.optim.Adam(net.parameters(), lr=3e-3, weight_decay=1e-4), 0.0, 16.0)
