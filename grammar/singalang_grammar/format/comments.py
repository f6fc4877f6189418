"""Which comment goes where: each is asked for by the innermost sequence (items, stages, things in brackets) it stands in.

A comment inside an expression, where there is no line to put it on, goes up to the next sequence around it. None is lost.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

from singalang_grammar.tree import Comment, Program


@dataclass(frozen=True, slots=True)
class Own:
    """A comment on a line of its own; `blank` says that an empty line stands before it."""

    text: str
    blank: bool


@dataclass(frozen=True, slots=True)
class Between:
    """What stands between two things: the rest of the line of the first, then lines; `blank`: an empty line before the second."""

    remark: str | None
    lines: tuple[Own, ...]
    blank: bool


class Comments:
    """The comments of a program, each given away once."""

    def __init__(self, program: Program) -> None:
        self._text = program.source.text
        self._waiting: list[Comment] = sorted(program.comments, key=lambda comment: comment.span.start)
        self._starts = [comment.span.start for comment in self._waiting]
        self._given: set[int] = set()

    def any_in(self, start: int, end: int) -> bool:
        """Whether a comment that nobody took stands in this part of the text."""
        return any(place not in self._given for place in self._places(start, end))

    def between(self, start: int, end: int) -> Between:
        """Takes the comments after a thing that ends at `start` and before one that begins at `end`."""
        remark, lines, reached = None, list[Own](), start
        for comment in self._take(start, end):
            gap = self._text[reached : comment.span.start]
            if remark is None and not lines and start > 0 and "\n" not in gap:
                remark = comment.text
            else:
                lines.append(Own(comment.text, self._is_blank(reached, comment.span.start)))
            reached = comment.span.end
        return Between(remark, tuple(lines), self._is_blank(reached, end))

    def inside(self, start: int, end: int) -> tuple[Own, ...]:
        """Takes the comments that nothing inside of a thing had a line for."""
        return tuple(Own(comment.text, False) for comment in self._take(start, end))

    def has_line_end(self, start: int, end: int) -> bool:
        """Whether the source text has a line end between two places."""
        return "\n" in self._text[start:end]

    def past(self, start: int, sign: str) -> int:
        """The place after the next such sign that stands outside comments; `start` if there is none."""
        found = self._text.find(sign, start)
        for place in self._places(start, len(self._text)):
            comment = self._waiting[place].span
            if found < comment.start:
                break
            if found < comment.end:
                found = self._text.find(sign, comment.end)
        return found + 1 if found >= 0 else start

    @property
    def unknown_layout(self) -> bool:
        """Whether there is no source text: the tree was made by a program."""
        return not self._text

    def _take(self, start: int, end: int) -> list[Comment]:
        places = [place for place in self._places(start, end) if place not in self._given]
        self._given.update(places)
        return [self._waiting[place] for place in places]

    def _places(self, start: int, end: int) -> range:
        return range(bisect_left(self._starts, start), bisect_left(self._starts, end))

    def _is_blank(self, start: int, end: int) -> bool:
        return self._text.count("\n", start, end) > 1
