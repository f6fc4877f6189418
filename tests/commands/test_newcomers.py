"""What people write who know other systems, and what they are told: code, line, and something to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands.shell import PROGRAM, Shell

CHAIN = "digits.image -> fc1: dense(16) -> relu -> out: dense(10)"
SLIPS = {
    "a layer of another system": ("-> relu", "-> LeakyReLU", "E0201", 13, "did you mean `relu`?"),
    "a layer in capitals": ("-> relu", "-> ReLU", "E0201", 13, "did you mean `relu`?"),
    "a layer with its rank": ("fc1: dense(16)", "fc1: Conv2d(16, 3)", "E0201", 13, "did you mean `conv`?"),
    "a layer with another name": ("fc1: dense(16)", "fc1: linear(16)", "E0201", 13, "known: accuracy, add, avgpool"),
    "a loss with another name": ("-> softmax_loss", "-> cross_entropy", "E0201", 14, "softmax_loss, square_loss"),
    "layers as functions": (
        CHAIN,
        "dense(relu(dense(digits.image, 16)), 10)",
        "E0203",
        14,
        "layers stand behind arrows: `x -> dense(...)`",
    ),
    "a whole data section": ("digits.image ->", "digits ->", "E0203", 13, "a data section has fields: `data.field`"),
    "an activation as an attribute": ("dense(16)", "dense(16, activation = relu)", "E0110", 13, "attributes: units, weight, bias"),
    "a bias that is false": ("dense(16)", "dense(16, bias = false)", "E0112", 13, "write `none` to leave it out"),
    "a width in quotes": ("dense(16)", 'dense("16")', "E0112", 13, "this is the string"),
    "a negative width": ("dense(16)", "dense(-16)", "E0113", 13, "wanted: `units` >= 1"),
    "inputs the other way round": ("(logits, digits.label)", "(digits.label, logits)", "E0303", 14, "class labels go into losses"),
    "too few scores": ("out: dense(10)", "out: dense(9)", "E0303", 14, "9 scores for 10 classes"),
    "an image that is not flattened": ("f32[64]", "f32[8, 8]", "E0303", 14, "`flatten` makes one row of a record"),
    "a convolution over a row": ("fc1: dense(16)", "c1: conv(16, 3)", "E0303", 13, "[1, 8, 8]"),
    "a field that is not declared": ("  label: class(10)\n", "", "E0133", 13, "it has: image"),
    "labels of another type": ("class(10)", "int64", "E0408", 3, "this is no type of a field"),
    "the type's long name": ("f32[64]", "float32[64]", "E0408", 2, "did you mean `f32`?"),
    "the batch in the shape": ("f32[64]", "f32[32, 64]", "E0303", 14, "scores of shape [32, 10]"),
    "the rate's long name": ("adam { lr = 0.01 }", "adam { learning_rate = 0.01 }", "E0110", 17, "fields: beta1"),
    "an updater of another system": ("updater adam", "updater adamw", "E0103", 17, "did you mean `adam`?"),
    "a colon": ("steps      = 40", "steps: 40", "E0109", 20, "fields are set with `=`"),
    "a number where `every` is wanted": ("every(10)", "10", "E0112", 23, "write `every(n)` or `none`"),
    "epochs as a field": ("steps      = 40", "epochs = 3", "E0115", 19, "`epochs(n)`"),
    "a percentage": ("-> relu ->", "-> dropout(30%) ->", "E0013", 13, "write `0.3`"),
    "a comment with slashes": ("steps      = 40", "steps = 40  // few updates", "E0026", 20, "comments begin with `#`"),
    "a semicolon": ("steps      = 40", "steps = 40;", "E0016", 20, "take it out"),
    "Python's True": ("steps      = 40", "steps = True", "E0018", 20, "write `true`"),
    "a dash in a name": ("fc1:", "fc-1:", "E0017", 13, "write `fc_1`"),
    "a bracket left open": ("class(10)", "class(10", "E0005", 3, "add `)` where it ends"),
    "no batch": ("digits(batch = 32)", "digits()", "E0115", 5, "`batch` is a whole number of at least 1"),
    "no loss": ("  loss   = (logits, digits.label) -> softmax_loss\n", "", "E0401", 10, "end the net with one"),
    "no updater": ("updater adam { lr = 0.01 }\n", "", "E0403", 18, "write `updater sgd { lr = 0.1 }`"),
}


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_is_told_with_code_line_and_cure(shell: Shell, slip: str) -> None:
    before, after, code, line, words = SLIPS[slip]
    assert PROGRAM.count(before) >= 1
    shell.write("first.singa", PROGRAM.replace(before, after, 1))
    told = shell("singac", "first.singa", "--check")
    assert told.code == 1
    assert f"error[{code}]: " in told.err and f" --> first.singa:{line}:" in told.err, told.err
    assert words in told.err, told.err
    assert told.err.count("error[") <= 2, "one mistake, one message, or two where a field is missing and another unknown"


def test_labels_at_the_end_of_a_line_are_told_of(shell: Shell) -> None:
    text = PROGRAM.replace("digits(batch = 32)", 'csv("train.csv", batch = 4)')
    shell.write("first.singa", text)
    Path("train.csv").write_text("".join(",".join(["15"] * 64 + ["1"]) + "\n" for _ in range(8)))
    assert shell("singac", "first.singa").code == 0
    told = shell("singa", "exec", "plan.json")
    assert told.code == 1 and "error[E0604]: `label` is 15, outside the classes 0 to 9\n --> train.csv, line 1\n" in told.err
    assert "the label is taken from the first column; where it stands last, write `label = last`" in told.err


def test_a_program_given_to_exec_is_sent_to_the_compiler(shell: Shell) -> None:
    shell.write("first.singa")
    told = shell("singa", "exec", "first.singa")
    assert told.code == 1 and "this is a program: compile it with `singac first.singa`, then run the plan" in told.err
