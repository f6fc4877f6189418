"""Programs for tests: texts compiled from memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from singalang_compiler.pipeline import Request, run
from singalang_grammar.diagnostics import Outcome
from singalang_grammar.read import read_source
from singalang_grammar.source import Source

DATA = """
data digits {
  image: f32[1, 8, 8]
  label: class(10)
  std   = 16
  train = digits(batch = 64)
  test  = digits(batch = 100)
}
"""
TRAIN = """
updater sgd { lr = 0.1 }
train { steps = 10 }
"""


def net(body: str, train: str = TRAIN) -> str:
    """A whole program around the body of a net called `n`; `digits` is its data."""
    return f"{DATA}\nnet n {{\n{body}\n}}\n{train}"


def compiled(
    text: str,
    until: str = "place",
    *,
    settings: tuple[str, ...] = (),
    topology: str | None = None,
    check: bool = True,
    files: Mapping[str, str] | None = None,
) -> Outcome[Any]:
    """What stands after a stage, for a program given as text; `files` are those it imports."""

    def read(path: str) -> Outcome[Source]:
        known = {"main.singa": text} | dict(files or {})
        return Outcome(Source(path, known[path])) if path in known else read_source(path)

    return run(Request("main.singa", settings, topology, check, read=read), until)


def codes(text: str, until: str = "place", *, check: bool = True) -> list[str]:
    """The codes of what is wrong with a program, in the order of their places."""
    return [found.code for found in compiled(text, until, check=check).diagnostics]
