"""Mistakes in a user's own kinds, found while their code is traced: told as diagnostics, never as tracebacks."""

from __future__ import annotations

from singalang_compiler.codes.e0495_wrong_result import WrongResult
from singalang_compiler.job import Job
from singalang_compiler.library.context import Array
from singalang_compiler.library.kinds import Kind
from singalang_compiler.user_code import user_code_failed
from singalang_grammar.diagnostics import Diagnostic
from singalang_grammar.source import Span


class WrongShape(Exception):
    """A user's kind gave an array of the wrong shape."""

    def __init__(self, facts: WrongResult) -> None:
        super().__init__(f"{facts.what} of {facts.kind}: {facts.found}, not {facts.wanted}")
        self.facts = facts


def checked(kind: Kind, what: str, array: Array, shape: tuple[int, ...], span: Span | None = None) -> Array:
    """The array; raises WrongShape where a user's kind gives another shape. Kinds of the library are trusted: tests hold them."""
    found = getattr(array, "shape", None)
    if kind.origin is not None and found != shape:
        told = f"a {type(array).__name__}" if found is None else str(list(found))
        raise WrongShape(WrongResult(kind.name, kind.origin, what, told, shape, span))
    return array


def blame(failure: Exception, job: Job) -> Diagnostic | None:
    """What a user's file has to do with a failure: None where it has nothing to do with it, so that it is ours."""
    if isinstance(failure, WrongShape):
        return failure.facts.diagnostic()
    return user_code_failed(failure, job.sources)
