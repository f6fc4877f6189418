"""Programs for these tests: resolved from memory, imports and all."""

from __future__ import annotations

from collections.abc import Mapping

from singalang_compiler.graph import Node
from singalang_compiler.job import Job
from singalang_compiler.resolve.program import resolve
from singalang_compiler.resolve.request import Request
from singalang_grammar.diagnostics import Diagnostic, Outcome
from singalang_grammar.parse.parser import parse
from singalang_grammar.source import Source

DATA = 'data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 8), test = csv("b.csv", batch = 8) }\n'
IMAGES = 'data d { x: f32[3, 8, 8], y: class(3), train = csv("a.csv", batch = 8) }\n'
TRAIN = "updater sgd { lr = 0.1 }\ntrain { steps = 10 }\n"


def resolved(
    text: str,
    files: Mapping[str, str] | None = None,
    settings: tuple[str, ...] = (),
    topology: str | None = None,
    run_python: bool = False,
) -> Outcome[Job]:
    """The job of a program given as text; `files` are those that it imports. Mistakes of the parser come first."""
    known = {"main.singa": text, **(files or {})}

    def read(path: str) -> Outcome[Source]:
        return Outcome(Source(path, known[path])) if path in known else Outcome(None)

    program = parse(Source("main.singa", text))
    assert program.value is not None
    outcome = resolve(program.value, Request(settings, topology, run_python, read))
    return Outcome(outcome.value, (*program.diagnostics, *outcome.diagnostics))


def job(text: str, files: Mapping[str, str] | None = None, settings: tuple[str, ...] = (), topology: str | None = None) -> Job:
    """The job of a program without a mistake or warning."""
    outcome = resolved(text, files, settings, topology)
    assert outcome.diagnostics == (), told(outcome.diagnostics)
    assert outcome.value is not None
    return outcome.value


def net(body: str, data: str = DATA, before: str = "") -> Mapping[str, Node]:
    """The nodes of the net with this body, by name; the program has no mistake."""
    (only,) = job(f"{before}{data}net n {{\n{body}\n}}\n").nets.values()
    return {node.name: node for node in only.graph.in_order}


def layers(body: str, data: str = DATA, before: str = "") -> list[str]:
    """Names of the layers of a net, in order, its data fields left out."""
    return [name for name in net(body, data, before) if not name.startswith("d.")]


def codes(
    text: str, files: Mapping[str, str] | None = None, settings: tuple[str, ...] = (), topology: str | None = None
) -> list[str]:
    """The codes of what is wrong with a program."""
    return [found.code for found in resolved(text, files, settings, topology).diagnostics]


def faults(body: str, data: str = DATA) -> list[tuple[str, str]]:
    """Code and blamed text of each mistake in a net with this body."""
    return blamed(f"{data}net n {{\n{body}\n}}\n")


def blamed(text: str, files: Mapping[str, str] | None = None, settings: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    """Code and blamed text of each mistake."""
    return [(one.code, one.primary.span.text) for one in resolved(text, files, settings).diagnostics if one.primary]


def told(diagnostics: tuple[Diagnostic, ...]) -> list[str]:
    """Diagnostics, for people."""
    return [f"{one.code} {one.title}: {one.primary.span.text if one.primary else one.where}" for one in diagnostics]
