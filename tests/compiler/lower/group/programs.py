"""Small nets of every sort and topologies that cut them, as texts: the layers are labelled alike, so that any goes with any."""

from __future__ import annotations

from typing import Any

from singalang_compiler.lower.lower import Compiled
from singalang_compiler.shaped import ShapedJob
from tests.programs import compiled

MLP = """
  logits = d.row -> a: dense(8) -> a2: relu -> a3: dropout(0.4) -> b: dense(6) -> b2: tanh -> b3: dropout(0.2) -> c: dense(4)
  loss = (logits, d.label) -> softmax_loss
"""
CNN = """
  maps = d.image -> a: conv(4, 3, pad = 1) -> a2: maxpool(2, stride = 2) -> a3: lrn(3)
    -> b: conv(6, 3, pad = 1, bias = none) -> b2: relu -> b3: avgpool(2, stride = 2) -> b4: dropout(0.3)
  logits = maps -> c: dense(8) -> c2: relu -> c3: dense(4)
  loss = (logits, d.label) -> softmax_loss
"""
RESIDUAL = """
  stem = d.image -> a: conv(4, 3, pad = 1, bias = none) -> a2: batchnorm -> a3: relu
  inner = stem -> b: conv(4, 3, pad = 1, bias = none) -> b2: batchnorm -> b3: relu -> b4: conv(4, 3, pad = 1) -> b5: batchnorm
  both = (inner, stem) -> b6: add
  logits = both -> b7: relu -> c: avgpool(global) -> c2: flatten -> c3: dense(4)
  loss = (logits, d.label) -> softmax_loss
"""
TIED = """
  code = d.row -> a: dense(8) -> a2: relu -> b: dense(4)
  out = code -> c: dense(weight = transpose(b.weight)) -> c2: relu -> c3: dense(weight = transpose(a.weight))
  loss = (out, d.row) -> square_loss
"""
TWO_LOSSES = """
  shared = d.row -> a: dense(8) -> a2: relu
  logits = shared -> b: dense(4)
  other = (shared, d.row) -> b2: concat -> c: dense(12)
  loss = (logits, d.label) -> softmax_loss(scale = 0.5)
  loss2 = (other, d.row) -> square_loss
  hits = (logits, d.label) -> accuracy(topk = 2)
"""
NETS = {"mlp": MLP, "cnn": CNN, "residual": RESIDUAL, "tied": TIED, "two_losses": TWO_LOSSES}

STAGES = "on a { stage = 0 }\n on b..loss { stage = 1 }"
TOPOLOGIES = {
    "batch": "workers = groups(1, size = 2)\n partition = batch",
    "feature": "workers = groups(1, size = 2)\n partition = feature",
    "none": "workers = groups(1, size = 2)\n partition = none",
    "hybrid": "workers = groups(1, size = 4)\n on a, c { partition = feature }",
    "half_whole": "workers = groups(1, size = 2)\n on a { partition = none }\n on c { partition = feature }",
    "remat": "workers = groups(1, size = 2)\n remat = true\n on b { partition = feature }",
    "stages": f"workers = groups(1, size = 2)\n {STAGES}",
    "stages_by_feature": f"workers = groups(1, size = 4)\n partition = feature\n {STAGES}",
    "stages_remat": f"workers = groups(1, size = 4)\n remat = true\n {STAGES}",
}
IN_PARTS = {
    "alone": "workers = groups(1, size = 1)\n micro_batches = 3",
    "batch": "workers = groups(1, size = 2)\n micro_batches = 3",
    "feature": "workers = groups(1, size = 2)\n partition = feature\n micro_batches = 3",
    "stages": f"workers = groups(1, size = 2)\n micro_batches = 3\n {STAGES}",
    "stages_mixed": f"workers = groups(1, size = 4)\n micro_batches = 3\n {STAGES}\n on b {{ partition = feature }}",
}
"""Topologies with several micro-batches."""


def program(net: str, topology: str, *, batch: str = "12", train: str = "") -> str:
    """A program in 64 bits around the body of a net."""
    return f"""
data d {{
  image: f32[2, 4, 4]
  row: f32[12]
  label: class(4)
  mean = 0.25
  train = csv("a.csv", batch = {batch})
  test = csv("a.csv", batch = 7)
}}
net n {{{net}}}
updater sgd {{ lr = 0.1 }}
train {{
  steps = 10
  precision = f64
  {train}
}}
topology t {{
 {topology}
}}
"""


def shaped_job(text: str) -> ShapedJob:
    """The shaped job of a program without mistakes."""
    shaped: ShapedJob = _whole(text, "shapes")
    return shaped


def plan_of(text: str) -> Compiled:
    """The plan and kernels of a program without mistakes."""
    made: Compiled = _whole(text, "plan")
    return made


def _whole(text: str, until: str) -> Any:
    outcome = compiled(text, until, check=False)
    assert outcome.value is not None and not outcome.failed, outcome.diagnostics
    return outcome.value
