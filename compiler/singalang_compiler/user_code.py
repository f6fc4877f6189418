"""Which line of a user's Python file a failure comes from. Runs nothing and imports no array library."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import TracebackType

from singalang_compiler.codes.e0494_user_code_failed import UserCodeFailed
from singalang_grammar.diagnostics import Diagnostic
from singalang_grammar.source import Source, Span


def user_code_failed(failure: Exception, sources: Sequence[Source]) -> Diagnostic | None:
    """The failure at the innermost line of a user's file that it passed; None where it passed none."""
    files = {source.path: source for source in sources if source.path.endswith(".py")}
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
