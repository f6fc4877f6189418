from __future__ import annotations

import pytest

from singalang_compiler.job import Epochs
from tests.compiler.resolve.in_memory import blamed, job

RIGHT = {
    "7 // 2": 3,
    "-7 // 2": -4,
    "7 % 3": 1,
    "6 / 4": 1.5,
    "6 / 3": 2.0,
    "2 + 3 * 4": 14,
    "100k": 100_000,
    "0.5k": 500.0,
    "1_000": 1000,
    "2M + 1G": 1_002_000_000,
    "min(3, 1, 2)": 1,
    "max([3, 1, 2])": 3,
    "abs(-3)": 3,
    "round(2.6)": 3,
    "floor(2.6)": 2,
    "ceil(2.1)": 3,
    "sqrt(9)": 3.0,
    "log(1)": 0.0,
    "exp(0)": 1.0,
    "len([1, 2])": 2,
    "sum(1..4)": 10,
    "reversed([1, 2])": (2, 1),
    "zip([1, 2], [3, 4])": ((1, 3), (2, 4)),
    "1..3": (1, 2, 3),
    "3..1": (),
    "[2 * k for k in 1..3]": (2, 4, 6),
    "[1, 2, 3][1]": 2,
    '"a" + "b"': "ab",
    "if 1 < 2 then 3 else 1 / 0": 3,
    "not (1 == 2) and (2 >= 2 or 1 / 0 > 0)": True,
    "none == none": True,
    "10min / 1s": 600.0,
    "64KiB / 1MiB": 0.0625,
    "2h == 120min": True,
    "10Gbps > 10Mbps": True,
    "epochs(2)": "epochs",
}


@pytest.mark.parametrize("text", RIGHT)
def test_an_expression_has_this_value(text: str) -> None:
    value = job(f"arg a = {text}\n").args["a"]
    if isinstance(value, str) and RIGHT[text] == "epochs":
        assert value == "a number of epochs"
    else:
        assert value == RIGHT[text] and type(value) is type(RIGHT[text])


WRONG = {
    "1 / 0": ("E0119", "1 / 0"),
    "1 // 0": ("E0119", "1 // 0"),
    "1 % 0": ("E0119", "1 % 0"),
    "1e308 * 10": ("E0119", "1e308 * 10"),
    "9G * 9G * 9G": ("E0119", "9G * 9G"),
    "99999999999999999999999": ("E0119", "99999999999999999999999"),
    "1e999": ("E0119", "1e999"),
    "sqrt(-1)": ("E0119", "sqrt(-1)"),
    "log(0)": ("E0119", "log(0)"),
    "exp(1000)": ("E0119", "exp(1000)"),
    "min([])": ("E0119", "min([])"),
    "zip([1], [1, 2])": ("E0119", "zip([1], [1, 2])"),
    '1 + "a"': ("E0120", '1 + "a"'),
    "true + 1": ("E0120", "true + 1"),
    "1s + 1KiB": ("E0120", "1s + 1KiB"),
    '1 == "a"': ("E0120", '1 == "a"'),
    '-"a"': ("E0120", '-"a"'),
    "1 and true": ("E0112", "1"),
    "1.5..3": ("E0112", "1.5"),
    "[1, 2][2]": ("E0129", "2"),
    "[1, 2][-1]": ("E0129", "-1"),
    "3[0]": ("E0112", "3"),
    "4GB": ("E0117", "GB"),
    "10Gbp": ("E0117", "Gbp"),
    "sqrt(1, 2)": ("E0130", "sqrt(1, 2)"),
    "sqrt(x = 1)": ("E0130", "x = 1"),
    "sqart(4)": ("E0103", "sqart"),
    "1..9999999": ("E0125", "1..9999999"),
    "if 1 then 2 else 3": ("E0112", "1"),
    "[k for k in 3]": ("E0112", "3"),
    "(3).width": ("E0133", "width"),
}


@pytest.mark.parametrize("text", WRONG)
def test_an_expression_without_a_value_is_blamed_where_it_is_wrong(text: str) -> None:
    assert blamed(f"a = {text}\n") == [WRONG[text]]


def test_a_slip_in_a_comment_is_recognised() -> None:
    assert blamed("n = 6 // depth\n") == [("E0101", "depth")]


def test_constants_may_be_in_any_order_and_not_in_a_circle() -> None:
    assert job("arg a = b + 1\nb = c * 2\nc = 3\n").args["a"] == 7
    assert [code for code, _ in blamed("a = b\nb = c\nc = a\n")] == ["E0127"]


def test_lists_and_strings_cannot_blow_up() -> None:
    doubled = "".join(f"s{n} = s{n - 1} + s{n - 1}\n" for n in range(1, 40))
    assert [code for code, _ in blamed('s0 = "aaaa"\n' + doubled)] == ["E0119"]
    nested = "".join(f"t{n} = [t{n - 1}, t{n - 1}]\n" for n in range(1, 60))
    assert [code for code, _ in blamed("t0 = [1, 2]\n" + nested)] == ["E0125"]


def test_epochs_stay_symbolic() -> None:
    text = 'data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 8) }\n'
    text += "net n { loss = (d.x -> dense(3), d.y) -> softmax_loss }\nupdater sgd { lr = 0.1 }\ntrain { steps = epochs(2.5) }\n"
    (train,) = job(text).trains
    assert train.steps == Epochs(2.5)
