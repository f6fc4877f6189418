"""Mistakes in a user's own kinds, found while their code is traced: told as diagnostics, never as tracebacks."""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType

from singalang_compiler.codes.e0494_user_code_failed import UserCodeFailed
from singalang_compiler.codes.e0495_wrong_result import WrongResult
from singalang_compiler.job import Job
from singalang_compiler.library.context import Array
from singalang_compiler.library.kinds import Kind
from singalang_grammar.diagnostics import Diagnostic
from singalang_grammar.source import Source, Span


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
    files = {source.path: source for source in job.sources if source.path.endswith(".py")}
    lines = [(files[path], line) for path, line in _frames(failure) if path in files]
    if not lines:
        return None
    source, line = lines[-1]
    reason = f"{type(failure).__name__}: {failure}".strip().splitlines()[0]
    return UserCodeFailed(source.path, reason, _line(source, line)).diagnostic()


def _frames(failure: BaseException) -> Iterator[tuple[str, int]]:
    """Files and lines of a failure, from outside inwards, with those of what it was made from."""
    earlier = failure.__cause__ or failure.__context__
    if earlier is not None:
        yield from _frames(earlier)
    step: TracebackType | None = failure.__traceback__
    while step is not None:
        yield step.tb_frame.f_code.co_filename, step.tb_lineno
        step = step.tb_next


def _line(source: Source, number: int) -> Span:
    """The text of a line, without the blanks around it."""
    start = source.line_starts[min(number, len(source.line_starts)) - 1]
    text = source.line(min(number, len(source.line_starts)))
    return Span(source, start + len(text) - len(text.lstrip()), start + len(text.rstrip()))
