"""The table: every layer kind of the library with the cases of its case file."""

from __future__ import annotations

from importlib import import_module, util
from typing import Any

import numpy as np
import pytest

from singalang_compiler.library import kinds
from tests.library.layers.case import Case, Numbers
from tests.library.layers.run import layer_of

KINDS = kinds.names("layers")


def file_of(kind: str) -> Any:
    """The case file of a kind, or None."""
    name = f"tests.library.layers.cases.{kind}"
    return import_module(name) if util.find_spec(name) else None


def cases(*drawn: str) -> list[Any]:
    """Every kind with each of its cases whose inputs are drawn so."""
    return [
        pytest.param(kind, case, id=f"{kind}: {case.name}")
        for kind in KINDS
        for case in getattr(file_of(kind), "CASES", ())
        if case.drawn in drawn
    ]


def cotangent(kind: str, case: Case) -> Numbers:
    """Random numbers of the output's shape."""
    shape = layer_of(kind, case).shape(case.given).shape
    return np.random.default_rng(len(case.name)).normal(size=(case.batch, *shape))
