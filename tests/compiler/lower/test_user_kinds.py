"""Kinds in a user's file: compiled like the library's own, and their mistakes told as diagnostics with the line to blame."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from singalang_grammar.diagnostics import Diagnostic, Outcome
from tests.programs import compiled

PROGRAM = """
import mine from "mine.py"
data digits {
  image: f32[64]
  label: class(10)
  train = digits(batch = 4)
}
net n {
  logits = digits.image -> own: mine -> fc: dense(10)
  loss = (logits, digits.label) -> softmax_loss
}
updater sgd { lr = 0.1 }
train { steps = 10 }
"""
LAYER = """
from __future__ import annotations
from singalang import Layer, TensorSpec, layer

@layer("mine")
class Mine(Layer):
    '''Of the user. Shapes: any -> the same.'''

    metric_names = ("size",)

    def shape(self, inputs):
        return inputs[0]

    def forward(self, inputs, ctx):
        np = ctx.ops.np
        BODY
"""
UPDATER = """
from __future__ import annotations
from singalang import Updater, updater

@updater("mine")
class Mine(Updater):
    '''Of the user.'''

    slots = ("speed",)

    def update(self, gradient, value, slots, rate, step, ops):
        BODY
"""


def outcome(text: str, body: str, program: str = PROGRAM) -> Outcome[Any]:
    return compiled(program, "plan", check=False, files={"mine.py": text.replace("BODY", body)})


def mistake(text: str, body: str, program: str = PROGRAM) -> Diagnostic:
    found = outcome(text, body, program)
    assert found.value is None
    (one,) = found.diagnostics
    return one


def test_a_layer_of_the_user_is_compiled_and_its_file_is_not_needed_to_run() -> None:
    found = outcome(LAYER, 'ctx.metric("size", np.sum(inputs[0], axis=1)); return inputs[0] * 2')
    assert found.value is not None and not found.diagnostics
    assert set(found.value.plan.sections[0].metrics) == {"loss", "accuracy", "size"}
    assert not found.value.user_files
    assert {source.path for source in found.value.plan.sources} == {"main.singa", "mine.py"}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("return inputs[0] @ ctx.parameters['weigth']", "KeyError: 'weigth'"),
        ("return inputs[0] + np.zeros((3, 3))", "TypeError: add got incompatible shapes for broadcasting: (4, 64), (3, 3)."),
        ("return inputs[0] if inputs[0].sum() > 0 else 0 * inputs[0]", "TracerBoolConversionError"),
        ("ctx.put('nothing', inputs[0]); return inputs[0]", "AssertionError: no state is called nothing"),
    ],
)
def test_what_a_user_raises_is_told_at_its_line(body: str, reason: str) -> None:
    found = mistake(LAYER, body)
    assert found.code == "E0494"
    assert found.primary is not None
    assert found.primary.span.source.path == "mine.py"
    assert found.primary.span.text == body
    assert reason in found.primary.text


@pytest.mark.parametrize(
    ("body", "fact"),
    [
        ("return inputs[0][:, :3]", "gives [4, 3], not [4, 64]"),
        ("return inputs[0].sum()", "gives [], not [4, 64]"),
        ("pass", "gives a NoneType, not [4, 64]"),
        ("ctx.metric('size', np.sum(inputs[0])); return inputs[0]", "gives [], not [4]"),
    ],
)
def test_a_wrong_shape_is_told_where_the_layer_is_used(body: str, fact: str) -> None:
    found = mistake(LAYER, body)
    assert found.code == "E0495"
    assert found.primary is not None
    assert found.primary.span.source.path == "main.singa"
    assert found.primary.text == fact


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("return value - rate * gradient, {'speed': gradient}", None),
        ("return value - rate * gradient, {}", "E0495"),
        ("return value.sum(), {'speed': gradient}", "E0495"),
        ("return value - rate * slots['sped'], {'speed': gradient}", "E0494"),
    ],
)
def test_an_updater_of_the_user(body: str, code: str | None) -> None:
    program = PROGRAM.replace("own: mine -> ", "").replace("updater sgd", "updater mine")
    found = outcome(UPDATER, body, program)
    assert [one.code for one in found.diagnostics] == ([code] if code else [])
    assert (found.value is None) == (code is not None)


def test_a_source_of_the_user_goes_with_the_kernels_wherever_it_was_imported_from() -> None:
    text = """
from __future__ import annotations
from singalang import Source, source

@source("mine")
class Mine(Source):
    '''Of the user.'''

    def open(self, folder, split, wanted):
        raise NotImplementedError
"""
    library = 'import mine from "mine.py"\ndata digits {\n  image: f32[64]\n  label: class(10)\n  train = mine(batch = 4)\n}\n'
    program = PROGRAM[PROGRAM.index("net n") :].replace("own: mine -> ", "")
    files = {"parts/data.singa": library, "parts/mine.py": text}
    found = compiled('import digits from "parts/data.singa"\n' + program, "plan", check=False, files=files)
    assert found.value is not None, found.diagnostics
    name = hashlib.sha256(text.encode()).hexdigest() + ".py"
    assert found.value.user_files == {name: text.encode()}
    assert found.value.plan.data[0].sources["train"].source.file == name
