"""Nets cut for tests: from the text of a program to its one train section, and what is wrong with it."""

from __future__ import annotations

from singalang_compiler.partition.cut_net import CutNet, CutSection, Partitioned
from singalang_compiler.pipeline import Request, run
from singalang_grammar.diagnostics import Outcome
from singalang_grammar.source import Source

DATA = """
data d {
  x: f32[8]
  image: f32[4, 6, 6]
  y: class(4)
  train = csv("a.csv", batch = 24)
  test = csv("b.csv", batch = 10)
}
"""
TRAIN = """
updater sgd { lr = 0.1 }
train { steps = 10 }
"""
LOSS = "  loss = (out, d.y) -> softmax_loss\n"


def program(body: str, topology: str, *, data: str = DATA, train: str = TRAIN) -> str:
    """A whole program: the body of a net, with `out` for the loss, and the inside of a topology called `t`."""
    return f"{data}net model {{\n{body}\n{LOSS if 'loss' not in body else ''}}}\n{train}topology t {{ {topology} }}\n"


def outcome(text: str) -> Outcome[Partitioned]:
    """What stands after the stage, and what is wrong."""
    return run(Request("main.singa", check=True, read=lambda path: Outcome(Source(path, text))), "partition")


def only(found: Outcome[Partitioned]) -> CutSection:
    """The one train section."""
    assert found.value is not None
    [made] = found.value.sections
    return made


def section(body: str, topology: str, *, data: str = DATA, train: str = TRAIN) -> CutSection:
    """The cut section of a program without mistakes."""
    found = outcome(program(body, topology, data=data, train=train))
    assert not found.diagnostics, [one.title for one in found.diagnostics]
    return only(found)


def net(body: str, topology: str, phase: str = "train") -> CutNet:
    """The net of a phase."""
    return section(body, topology).nets[phase]


def faults(body: str, topology: str, *, data: str = DATA, train: str = TRAIN) -> list[tuple[str, str]]:
    """The code and the blamed text of everything that is wrong."""
    found = outcome(program(body, topology, data=data, train=train)).diagnostics
    return [(one.code, one.primary.span.text if one.primary else "") for one in found]


def moved(cut: CutNet) -> list[tuple[str, str, str]]:
    """Every connection: its name, and from which to which distribution."""
    return [(one.name, str(one.source), str(one.target)) for one in cut.connections]
