"""Shapes of whole nets, and what is said where they do not fit."""

from __future__ import annotations

import pytest

from singalang_compiler.shaped import ShapedNet
from singalang_grammar.render.terminal import render
from tests.conftest import Golden
from tests.programs import codes, compiled, net

LOSS = "loss = (logits, digits.label) -> softmax_loss"


def shaped(body: str) -> ShapedNet:
    outcome = compiled(net(body), "shapes")
    assert outcome.value is not None and not outcome.diagnostics, outcome.diagnostics
    found: ShapedNet = outcome.value.nets["n"]
    return found


def shapes(body: str, phase: str = "train") -> dict[str, tuple[int, ...]]:
    return {node.node.name: node.spec.shape for node in shaped(body).phases[phase] if node.spec}


def test_every_layer_gets_a_shape() -> None:
    found = shapes(f"logits = digits.image -> c: conv(4, 3, pad = 1) -> relu -> p: maxpool(2, stride = 2) -> fc: dense(10)\n{LOSS}")
    assert found["c"] == (4, 8, 8)
    assert found["p"] == (4, 4, 4)
    assert found["fc"] == (10,)
    assert found["loss"] == ()


def test_a_layer_under_when_exists_in_its_phases_alone() -> None:
    body = f"logits = digits.image -> when train {{ drop: dropout(0.5) }} -> fc: dense(10)\n{LOSS}"
    assert "drop" in shapes(body)
    assert "drop" not in shapes(body, "test")
    assert shapes(body, "test")["fc"] == (10,)


def test_deploy_holds_neither_loss_nor_labels() -> None:
    body = f"logits = digits.image -> fc: dense(10)\n{LOSS}"
    assert set(shapes(body, "deploy")) == {"digits.image", "fc"}
    deployed = shaped(body).deployed
    assert deployed is not None
    assert (deployed.output, deployed.loss) == ("fc", "loss")


def test_a_when_deploy_branch_is_what_is_deployed() -> None:
    body = f"logits = digits.image -> fc: dense(10)\n{LOSS}\nwhen deploy {{ p = logits -> softmax }}"
    deployed = shaped(body).deployed
    assert deployed is not None
    assert (deployed.output, deployed.loss) == ("p", None)


def test_a_shared_parameter_is_one_parameter() -> None:
    outcome = compiled(
        net(
            "image = digits.image -> flatten -> enc: dense(8) -> dec: dense(weight = transpose(enc.weight))\n"
            "loss = (image, digits.image -> flat: flatten) -> square_loss"
        ),
        "shapes",
    )
    assert outcome.value is not None and not outcome.failed, outcome.diagnostics
    assert {name: use.shape for name, use in outcome.value.parameters.items()} == {
        "enc.weight": (64, 8),
        "enc.bias": (8,),
        "dec.bias": (64,),
    }
    dec = next(node for node in outcome.value.nets["n"].phases["train"] if node.node.name == "dec")
    assert dec.parameters["weight"].transposed


def test_one_mistake_gives_one_message() -> None:
    body = f"h = digits.image -> conv(4, 20) -> relu -> conv(4, 3) -> relu\nlogits = h -> fc: dense(10)\n{LOSS}"
    assert codes(net(body)) == ["E0303"]


@pytest.mark.parametrize(
    ("name", "body"),
    [
        (
            "sum",
            "main = digits.image -> c1: conv(8, 3, pad = 1, stride = 2)\nskip = digits.image -> c2: conv(8, 1)\n"
            "logits = (main + skip) -> fc: dense(10)",
        ),
        (
            "too_small",
            "logits = digits.image -> conv(8, 3) -> maxpool(2, stride = 2) -> relu -> conv(8, 3) -> conv(8, 5) -> fc: dense(10)",
        ),
        ("labels", "logits = digits.image -> fc: dense(9)"),
    ],
)
def test_shape_errors_tell_the_derivation(name: str, body: str, golden: Golden) -> None:
    text = net(f"{body}\n{LOSS}")
    golden(f"infer/{name}.txt", text + "\n" + render(compiled(text).diagnostics, colour=False))
