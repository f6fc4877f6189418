"""The way of the data, listed once: every stage is a function to an Outcome. `--emit`, the tests and the docs read this list."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from singalang_compiler.machine import Machine
from singalang_grammar.diagnostics import Diagnostic, Outcome
from singalang_grammar.read import read_source
from singalang_grammar.source import Source

if TYPE_CHECKING:
    from singalang_compiler.lower.lower import Compiled
    from singalang_compiler.place.placed import Placed


@dataclass(frozen=True, slots=True)
class Request:
    """All that a compilation depends on besides the files: equal requests and files give equal plans.

    With `check` nothing of the user's is run, and library files and topologies of many workers are fine.
    """

    path: str
    settings: tuple[str, ...] = ()
    topology: str | None = None
    check: bool = False
    platforms: tuple[str, ...] = ("cpu",)
    machine: Machine = field(default_factory=Machine)
    read: Callable[[str], Outcome[Source]] = read_source


@dataclass(frozen=True, slots=True)
class Stage:
    """One arrow: from what the stage before made to what stands after this one. With `needs_all` it wants no error before.

    `run` is told whether all is well so far: a stage may then say what is missing without blaming an earlier mistake twice.
    """

    name: str
    makes: str
    run: Callable[[Any, Request, bool], Outcome[Any]]
    needs_all: bool = False


def _read(request: Request, _: Request, whole: bool) -> Outcome[Any]:
    return request.read(request.path)


def _parse(source: Source, request: Request, whole: bool) -> Outcome[Any]:
    from singalang_grammar.parse.parser import parse

    return parse(source)


def _resolve(program: Any, request: Request, whole: bool) -> Outcome[Any]:
    from singalang_compiler.resolve.program import resolve
    from singalang_compiler.resolve.request import Request as Resolving

    wanted = Resolving(settings=request.settings, topology=request.topology, run_python=not request.check, read=request.read)
    return resolve(program, wanted)


def _infer(job: Any, request: Request, whole: bool) -> Outcome[Any]:
    from singalang_compiler.infer.net import infer_shapes

    return infer_shapes(job)


def _partition(shaped: Any, request: Request, whole: bool) -> Outcome[Any]:
    from singalang_compiler.partition.partition import partition

    return partition(shaped, request.machine)


def _place(partitioned: Any, request: Request, whole: bool) -> Outcome[Any]:
    from singalang_compiler.place.place import place

    return place(partitioned, whole and not request.check, request.machine)


def _lower(placed: Any, request: Request, whole: bool) -> Outcome[Any]:
    from singalang_compiler.lower.lower import LowerRequest, lower

    return lower(placed, LowerRequest(platforms=request.platforms, machine=request.machine))


STAGES = (
    Stage("read", "the text of the file", _read),
    Stage("parse", "the syntax tree", _parse),
    Stage("resolve", "the job, every name looked up, and its layer graphs", _resolve),
    Stage("shapes", "the nets with shapes, parameters and state", _infer),
    Stage("partition", "the nets cut among the workers, and what moves between them", _partition),
    Stage("place", "the processes and who does what", _place),
    Stage("plan", "plan.json and its kernels", _lower, needs_all=True),
)


def run(request: Request, until: str) -> Outcome[Any]:
    """What stands after a stage, and everything found wrong on the way there.

    A stage goes on after a mistake with what is whole, so that one run tells all mistakes; lowering wants none.
    """
    value: Any = request
    found: list[Diagnostic] = []
    for stage in STAGES:
        whole = not Outcome(value, tuple(found)).failed
        if stage.needs_all and not whole:
            return Outcome(None, _once(found))
        outcome = stage.run(value, request, whole)
        value = outcome.value
        found += outcome.diagnostics
        if value is None or stage.name == until:
            break
    return Outcome(value, _once(found))


def _once(found: list[Diagnostic]) -> tuple[Diagnostic, ...]:
    return tuple(dict.fromkeys(found))


def check(request: Request) -> Outcome[Placed]:
    """Everything that can be known of a program without lowering it; never imports JAX."""
    return run(request, "place")


def compile_program(request: Request) -> Outcome[Compiled]:
    """The plan and its kernels; the value is None where there is any error."""
    return run(request, "plan")
