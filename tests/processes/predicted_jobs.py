"""The nets and topologies of which `predictions` measures what they need: records are noise, sizes are those of real examples."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np


class Case(NamedTuple):
    """A net under a topology: a body of `TOPOLOGIES`."""

    net: str
    topology: str
    settings: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """`mlp/batch`."""
        return f"{self.net}/{self.topology}"

    @property
    def file(self) -> str:
        """`mlp-batch`."""
        return f"{self.net}-{self.topology}"

    @property
    def program(self) -> str:
        """Its file."""
        return f"{self.net}.singa"


_HEAD = """
arg steps = 10
arg told  = 10

data {data} {{
  image: {record}
  label: class(10)
  std   = 127
  train = npz("{data}.npz", batch = {batch}, stored = u8)
}}

net n {{
{body}
}}

updater {updater}

train {{
  steps = steps
  log   = every(told)
}}
"""
_MLP = """  on all dense { weight = uniform(-0.05, 0.05), bias = uniform(-0.05, 0.05) }
  logits = mnist.image
    -> fc1: dense(2500) -> t1: stanh -> fc2: dense(2000) -> t2: stanh -> fc3: dense(1500) -> t3: stanh
    -> fc4: dense(1000) -> t4: stanh -> fc5: dense(500) -> t5: stanh -> out: dense(10)
  loss = (logits, mnist.label) -> softmax_loss"""
_CNN = """  on all { weight = gaussian(std = 0.01), bias = param(0, lr_scale = 2) }
  on all lrn { size = 3, alpha = 5e-5, beta = 0.75 }
  logits = cifar.image
    -> conv1: conv(32, 5, pad = 2) -> pool1: maxpool(3, stride = 2) -> relu1: relu -> lrn1: lrn
    -> conv2: conv(32, 5, pad = 2) -> relu2: relu -> pool2: avgpool(3, stride = 2) -> lrn2: lrn
    -> conv3: conv(64, 5, pad = 2) -> relu3: relu -> pool3: avgpool(3, stride = 2) -> ip1: dense(10)
  loss = (logits, cifar.label) -> softmax_loss"""
_DIGITS = """  on all dense { weight = he_normal() }
  logits = digits.image -> fc1: dense(128) -> relu1: relu -> fc2: dense(64) -> relu2: relu -> out: dense(10)
  loss = (logits, digits.label) -> softmax_loss"""
_AUTOENCODER = """  on all dense { weight = glorot_uniform() }
  h = mnist.image -> enc1: dense(512) -> act1: relu -> enc2: dense(128) -> act2: relu -> code: dense(32)
  out = h
    -> dec2: dense(weight = transpose(code.weight)) -> act3: relu
    -> dec1: dense(weight = transpose(enc2.weight)) -> act4: relu
    -> draw: dense(weight = transpose(enc1.weight))
  loss = (out, mnist.image) -> square_loss"""
_WIDE = """  on all dense { weight = he_normal() }
  logits = mnist.image -> fc1: dense(4000) -> relu1: relu -> fc2: dense(4000) -> relu2: relu -> out: dense(10)
  loss = (logits, mnist.label) -> softmax_loss"""
NETS = {
    "mlp": ("mnist", 1000, _MLP, "sgd { lr = 0.001 }"),
    "cnn": ("cifar", 100, _CNN, "sgd { lr = 0.001, momentum = 0.9, weight_decay = 0.004 }"),
    "digits": ("digits", 64, _DIGITS, "adam { lr = 3e-3, weight_decay = 1e-4 }"),
    "autoencoder": ("mnist", 512, _AUTOENCODER, "adam { lr = 1e-3 }"),
    "wide": ("mnist", 256, _WIDE, "adam { lr = 1e-3 }"),
}
"""By name: data, batch, body, updater."""
RECORDS = {"mnist": (3000, (784,)), "cifar": (1000, (3, 32, 32)), "digits": (1500, (64,))}

_INSIDE = "preset = allreduce, workers = groups(1, size = 2)"
_CUTS = {
    "mlp": ("on fc1..t2 { stage = 0 }", "on fc3..loss { stage = 1 }", "on fc1, fc2 { partition = feature }"),
    "cnn": ("on conv1..lrn1 { stage = 0 }", "on conv2..loss { stage = 1 }", "on ip1 { partition = feature }"),
    "digits": ("on fc1..relu1 { stage = 0 }", "on fc2..loss { stage = 1 }", "on fc2 { partition = feature }"),
    "autoencoder": ("on enc1..code { stage = 0 }", "on dec2..loss { stage = 1 }", "on enc1, draw { partition = feature }"),
    "wide": ("on fc1..relu1 { stage = 0 }", "on fc2..loss { stage = 1 }", "on fc2 { partition = feature }"),
}
"""By net the layers of the first stage, of the second, and those that are cut by feature where others are not."""


def _bodies(net: str) -> dict[str, str]:
    first, second, cut = _CUTS[net]
    stages = f"{_INSIDE}, {first}, {second}"
    return {
        "one": "workers = groups(1, size = 1)",
        "batch": f"{_INSIDE}, partition = batch",
        "feature": f"{_INSIDE}, partition = feature",
        "hybrid": f"{_INSIDE}, partition = batch, {cut}",
        "stages": stages,
        "stages2": f"{stages}, micro_batches = 2",
        "stages4": f"{stages}, micro_batches = 4",
        "one-server": "workers = groups(1, size = 2), servers = groups(1, size = 1), partition = batch",
        "apart": "workers = groups(1, size = 2), servers = groups(1, size = 1), separate = true, partition = batch",
        "apart2": "workers = groups(1, size = 2), servers = groups(1, size = 2), separate = true, partition = batch",
        "four": "preset = allreduce, workers = groups(1, size = 4), partition = batch",
    }


CASES = (
    *(
        Case("mlp", name)
        for name in ("one", "batch", "feature", "hybrid", "stages", "stages2", "stages4", "apart", "apart2", "four")
    ),
    *(Case("cnn", name) for name in ("one", "batch", "feature", "hybrid", "stages2", "apart")),
    *(Case("digits", name) for name in ("one", "batch", "feature", "hybrid", "stages2")),
    *(Case("autoencoder", name) for name in ("one", "batch", "feature", "stages4", "apart")),
    *(Case("wide", name) for name in ("batch", "feature", "one-server", "stages2")),
)
"""All that is measured."""


def topologies(case: Case) -> str:
    """The topology of a case as `singac -t` takes it."""
    return f"{case.net}-topologies.singa:{case.topology.replace('-', '_')}"


def write_programs(folder: Path) -> None:
    """Writes programs, topologies and records."""
    random = np.random.default_rng(0)
    for data, (count, shape) in RECORDS.items():
        images = random.integers(0, 256, (count, *shape), np.uint8)
        np.savez(folder / f"{data}.npz", image=images, label=random.integers(0, 10, count).astype(np.int32))
    for net, (data, batch, body, updater) in NETS.items():
        record = f"f32[{', '.join(map(str, RECORDS[data][1]))}]"
        text = _HEAD.format(data=data, record=record, batch=batch, body=body, updater=updater)
        (folder / f"{net}.singa").write_text(text, encoding="utf-8")
        bodies = "\n".join(f"topology {name.replace('-', '_')} {{ {each} }}" for name, each in _bodies(net).items())
        (folder / f"{net}-topologies.singa").write_text(bodies + "\n", encoding="utf-8")
