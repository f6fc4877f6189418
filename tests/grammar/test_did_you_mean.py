"""Guesses at what was meant."""

from __future__ import annotations

import pytest

from singalang_grammar.diagnostics import did_you_mean


@pytest.mark.parametrize(
    ("word", "known", "meant"),
    [
        ("rleu", ("relu", "stanh"), "relu"),
        ("ReLU", ("relu", "Reel"), "relu"),
        ("Conv2d", ("conv", "concat"), "conv"),
        ("layr", ("Layer", "layer"), "layer"),
        ("SIZE", ("Size",), "Size"),
        ("xyzzy", ("relu", "conv"), None),
        ("relu", (), None),
    ],
)
def test_the_nearest_known_word_is_offered(word: str, known: tuple[str, ...], meant: str | None) -> None:
    assert did_you_mean(word, known) == (f"did you mean `{meant}`?" if meant else None)
