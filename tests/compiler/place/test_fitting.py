"""Cuts are chosen so that what is placed fits: more memory never makes a program impossible."""

from __future__ import annotations

from tests.programs import compiled

CENTRE = '''
from __future__ import annotations
from singalang import Array, Context, Inputs, Layer, TensorSpec, layer

@layer("centre")
class Centre(Layer):
    """Takes the batch's mean away."""

    def shape(self, inputs: Inputs) -> TensorSpec:
        return inputs[0]

    def exchange(self, inputs: Inputs) -> int:
        return inputs[0].size

    def statistic(self, inputs: tuple[Array, ...], ctx: Context) -> Array:
        return inputs[0].mean(axis=0)

    def forward(self, inputs: tuple[Array, ...], ctx: Context) -> Array:
        return inputs[0] if ctx.statistics is None else inputs[0] - ctx.statistics.mean(axis=0)
'''
PROGRAM = """
import centre from "mine.py"
data digits {
  image: f32[64]
  label: class(10)
  train = digits(batch = 64)
}
net mlp {
  code = digits.image -> scale(2) -> scale(3) -> fc1: dense(32) -> centre -> relu -> own: scale(0.5)
  back = code -> dec: dense(weight = transpose(fc1.weight))
  far = (back, digits.image) -> square_loss(scale = 0.01)
  logits = code -> out: dense(10)
  loss = (logits, digits.label) -> softmax_loss
}
updater adam { lr = 3e-3, clip_norm = 0.5 }
train { steps = 40, precision = f64 }
topology narrow { workers = groups(1, size = 4), partition = auto, link = 1Gbps, memory = 200KiB }
"""


def fits(memory_kib: int) -> bool:
    text = PROGRAM.replace("200KiB", f"{memory_kib}KiB")
    outcome = compiled(text, "place", check=False, files={"mine.py": CENTRE})
    assert {one.code for one in outcome.diagnostics} <= {"E0560"}
    if not outcome.failed:
        assert outcome.value is not None
        assert max(record.total for record in outcome.value.sections[0].memory) <= memory_kib * 1024
    return not outcome.failed


def test_what_fits_into_some_memory_fits_into_more() -> None:
    found = [fits(memory_kib) for memory_kib in range(120, 360, 20)]
    assert found == sorted(found) and len(set(found)) == 2
