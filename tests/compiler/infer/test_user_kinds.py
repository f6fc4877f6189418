"""A layer kind of a user's whose shape rule is wrong: told as the user's mistake, at the user's line, never as a bug of ours."""

from __future__ import annotations

from pathlib import Path

import pytest

from singalang_compiler.pipeline import Request, run

KIND = '''from singalang import Layer, TensorSpec, layer

@layer("odd")
class Odd(Layer):
    """Odd."""

    def shape(self, inputs):
        return {shape}

    def forward(self, inputs, ctx):
        return inputs[0]
'''
PROGRAM = """import odd from "mine.py"
data digits { image: f32[64], label: class(10), train = digits(batch = 64) }
net n {
  logits = digits.image -> odd -> dense(10)
  loss   = (logits, digits.label) -> softmax_loss
}
updater sgd { lr = 0.1 }
train { steps = 10 }
"""


@pytest.mark.parametrize(
    ("shape", "code", "place"),
    [("inputs[0].nothing", "E0494", "return inputs[0].nothing"), ("(64,)", "E0303", "odd"), ("inputs[0]", None, "")],
)
def test_a_shape_rule_that_fails_is_the_users(
    shape: str, code: str | None, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(KIND.format(shape=shape))
    Path("m.singa").write_text(PROGRAM)
    found = run(Request("m.singa"), "place").diagnostics
    told = [(one.code, one.primary.span.text) for one in found if one.primary]
    assert told == ([(code, place)] if code else [])
