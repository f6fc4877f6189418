"""Who is to blame, given the sizes of a step: data before layers, a layer's parameters before the layer, gradients from the end."""

from __future__ import annotations

import numpy as np
import pytest

from singalang_runtime.culprit import words
from singalang_runtime.culprit.probe import size_of
from singalang_runtime.culprit.records import Layer, Norms, Size
from singalang_runtime.culprit.table import lines_of
from singalang_runtime.culprit.verdict import verdict

GOOD, BAD = Size(count=4, bad=0, least=-1.0, greatest=2.0, rms=1.0), Size(count=4, bad=3, least=0.0, greatest=5.0, rms=2.0)
NAMES = ("fc1", "act", "fc2", "loss")


def norms(*bad: str, step: int = 7) -> Norms:
    """x -> fc1 -> act -> fc2 -> loss, of which what is named is bad: a field, a layer, `fc1.w` or its gradient `d fc1.w`."""

    def size(name: str) -> Size:
        return BAD if name in bad else GOOD

    layers = tuple(
        Layer(name=name, kind=name[:2], inputs=(before,), parameters=(f"{name}.w",) if "fc" in name else (), output=size(name))
        for before, name in zip(("d.x", *NAMES), NAMES, strict=False)
    )
    weights = ("fc1.w", "fc2.w")
    return Norms(
        section="train",
        step=step,
        rate=0.5,
        fields={"d.x": size("d.x")},
        layers=layers,
        parameters={name: size(name) for name in weights},
        gradients={name: size(f"d {name}") for name in weights},
    )


@pytest.mark.parametrize(
    ("bad", "cause", "name", "layer"),
    [
        (("d.x", "fc1", "act", "fc2", "loss"), "data", "d.x", None),
        (("fc1.w", "fc1", "act", "fc2", "loss"), "parameter", "fc1.w", "fc1"),
        (("fc2.w", "act", "fc2", "loss"), "layer", "act", "act"),
        (("loss", "d fc1.w", "d fc2.w"), "layer", "loss", "loss"),
        (("d fc1.w", "d fc2.w"), "gradient", "fc2.w", "fc2"),
        (("d fc1.w",), "gradient", "fc1.w", "fc1"),
    ],
)
def test_the_first_is_named(bad: tuple[str, ...], cause: str, name: str, layer: str | None) -> None:
    found = verdict(norms(*bad), norms(step=6))
    assert found is not None and (found.cause, found.name, found.layer, found.bad) == (cause, name, layer, 3)
    assert found.step == (7 if cause == "parameter" else 8)


def test_nobody_is_named_where_all_is_finite() -> None:
    assert verdict(norms(), norms()) is None


def test_a_gradient_came_back_through_the_layers_up_to_the_next_with_parameters() -> None:
    found = verdict(norms("d fc1.w"), None)
    assert found is not None and found.between == ("act", "fc2")


def test_what_is_told_of_a_culprit_names_it_with_step_and_numbers() -> None:
    for bad in ("d.x", "fc1.w", "act", "d fc2.w"):
        found = verdict(norms(bad), norms(step=6))
        assert found is not None
        assert f"`{found.name}`" in words.short(found) and f"step {found.step}" in words.long(found) and words.advice(found)
    spoilt = verdict(norms("fc1.w"), norms(step=6))
    assert spoilt is not None and "learning rate 0.5" in words.long(spoilt) and "largest number 2" in words.long(spoilt)


def test_the_table_has_a_line_for_each_layer_with_its_gradients() -> None:
    heading, heads, *rows = lines_of(norms("act"))
    assert "step 8" in heading and "not finite" in heads
    assert [row.split()[0] for row in rows] == list(NAMES)
    assert rows[0].split()[2:] == ["1", "2", "1", "2"] and rows[1].split()[2:] == ["2", "5", "3"]


def test_sizes_are_those_of_finite_numbers() -> None:
    assert size_of(np.array([[3.0, -4.0], [np.nan, np.inf]])) == Size(count=4, bad=2, least=-4.0, greatest=3.0, rms=2.5)
    huge = size_of(np.array([3e38, -3e38], np.float32))
    assert huge.rms == pytest.approx(3e38) and huge.most == pytest.approx(3e38)
    assert size_of(np.zeros((0, 3))) == Size(count=0, bad=0, least=0.0, greatest=0.0, rms=0.0)
