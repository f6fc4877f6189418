"""Documents that know where they may break, and how they become lines. Knows nothing of the language.

The design is Wadler's ("A prettier printer", 2003) with fills, comments at line ends, and indents taken from the line that a
bracket stands on.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

WIDTH = 120
"""Columns that a line should not be longer than, if it can be broken."""

COMMENT_COLUMN = 42
"""Where comments at line ends begin, if the lines are no longer than that."""

_FARTHEST_COLUMN = 80  # lines longer than this do not push the comments of their neighbours


@dataclass(frozen=True, slots=True)
class Hard:
    """Always a new line; with `blank` an empty one before it."""

    blank: bool = False
    width: int = 0
    hard: bool = True


@dataclass(frozen=True, slots=True)
class Break:
    """A new line where the group around it is broken, else this text."""

    flat: str
    hard: bool = False

    @property
    def width(self) -> int:
        """Columns of the text."""
        return len(self.flat)


@dataclass(frozen=True, slots=True)
class Broken:
    """A text that is there only where the group around it is broken."""

    text: str
    width: int = 0
    hard: bool = False


@dataclass(frozen=True, slots=True)
class Remark:
    """A comment at the end of the line; a Hard has to follow."""

    text: str
    width: int = 0
    hard: bool = True


@dataclass(frozen=True, slots=True)
class Arrow:
    """`-> `; at the start of a line, what hangs on this line is indented from behind it."""

    width: int = 3
    hard: bool = False


@dataclass(frozen=True, slots=True)
class Concat:
    """Documents one after the other."""

    parts: tuple[Doc, ...]
    width: int
    hard: bool


@dataclass(frozen=True, slots=True)
class Nest:
    """A document whose new lines are indented by this many columns more."""

    columns: int
    inner: Doc
    width: int
    hard: bool


@dataclass(frozen=True, slots=True)
class Anchor:
    """A document whose new lines are indented as the line it begins on."""

    inner: Doc
    width: int
    hard: bool


@dataclass(frozen=True, slots=True)
class Group:
    """A document that is broken at all its Breaks or at none."""

    inner: Doc
    width: int
    hard: bool


@dataclass(frozen=True, slots=True)
class Fill:
    """A blank and a document, or the document on a new line if it does not fit (if `whole`, all of it)."""

    inner: Doc
    width: int
    hard: bool
    whole: bool


Doc: TypeAlias = str | Hard | Break | Broken | Remark | Arrow | Concat | Nest | Anchor | Group | Fill


def width_of(doc: Doc) -> int:
    """Columns that a document takes on one line."""
    return len(doc) if isinstance(doc, str) else doc.width


def is_hard(doc: Doc) -> bool:
    """Whether a document can never be on one line."""
    return not isinstance(doc, str) and doc.hard


def concat(*parts: Doc) -> Doc:
    """Documents one after the other."""
    return parts[0] if len(parts) == 1 else Concat(parts, sum(map(width_of, parts)), any(map(is_hard, parts)))


def nest(columns: int, inner: Doc) -> Nest:
    """A document with deeper new lines."""
    return Nest(columns, inner, width_of(inner), is_hard(inner))


def anchor(inner: Doc) -> Anchor:
    """A document that hangs on the line it begins on."""
    return Anchor(inner, width_of(inner), is_hard(inner))


def group(inner: Doc) -> Group:
    """A document broken everywhere or nowhere."""
    return Group(inner, width_of(inner), is_hard(inner))


def fill(inner: Doc, whole: bool = False) -> Fill:
    """A document after a blank or on a new line."""
    return Fill(inner, width_of(inner) + 1, is_hard(inner), whole)


def lines_of(doc: Doc) -> str:
    """The text of a document, with a line end at its end (none if it is empty)."""
    writer = _Writer(doc)
    writer.write()
    return "".join(line + "\n" for line in _with_comments(writer.lines))


_Waiting: TypeAlias = list[tuple[int, bool, Doc]]  # indent, whether on one line, document: the last is the next


class _Writer:
    def __init__(self, doc: Doc) -> None:
        self.lines: list[tuple[str, str | None]] = []
        self._waiting: _Waiting = [(0, False, doc)]
        self._text: list[str] = []
        self._column = 0
        self._base = 0  # the indent of what hangs on this line
        self._remark: str | None = None

    def write(self) -> None:
        while self._waiting:
            indent, flat, doc = self._waiting.pop()
            match doc:
                case str():
                    self._put(doc)
                case Concat(parts):
                    self._waiting.extend((indent, flat, part) for part in reversed(parts))
                case Nest(columns, inner):
                    self._waiting.append((indent + columns, flat, inner))
                case Anchor(inner):
                    self._waiting.append((self._base, flat, inner))
                case Group(inner):
                    self._waiting.append((indent, flat or self._fits(doc), inner))
                case Fill(inner, whole=whole):
                    self._fill(indent, flat, inner, whole)
                case Break(text):
                    self._put(text) if flat else self._new_line(indent)
                case Broken(text):
                    self._put("" if flat else text)
                case Arrow():
                    self._arrow()
                case Remark(text):
                    self._remark = text
                case Hard(blank):
                    self._new_line(indent, blank)
        if self._text or self._remark:
            self._end_line()

    def _put(self, text: str) -> None:
        if text:
            self._text.append(text)
            self._column += len(text)

    def _arrow(self) -> None:
        if self._column == self._base and not "".join(self._text).strip():
            self._base += 3
        self._put("-> ")

    def _fill(self, indent: int, flat: bool, inner: Doc, whole: bool) -> None:
        fits = flat or (not (whole and is_hard(inner)) and self._fits(inner, 1))
        if fits:
            self._put(" ")
        else:
            self._new_line(indent)
        self._waiting.append((indent, flat or (fits and not is_hard(inner)), inner))

    def _fits(self, doc: Doc, before: int = 0) -> bool:
        """Whether a document, and what follows it up to the next possible line end, has room on this line."""
        room = WIDTH - self._column - before
        if is_hard(doc):
            return not isinstance(doc, Group) and _first_line(doc) <= room
        return width_of(doc) + _up_to_break(self._waiting, room) <= room

    def _new_line(self, indent: int, blank: bool = False) -> None:
        self._end_line()
        if blank:
            self.lines.append(("", None))
        self._text = [" " * indent] if indent else []
        self._column = self._base = indent

    def _end_line(self) -> None:
        self.lines.append(("".join(self._text).rstrip(), self._remark))
        self._text, self._remark = [], None


def _first_line(doc: Doc) -> int:
    """Columns up to the first new line of a document that cannot be on one line."""
    return _up_to_break([(0, False, doc)], WIDTH)


def _up_to_break(waiting: _Waiting, room: int) -> int:
    """Columns of what waits to be written, up to the first place where a line may end; no more than `room` matters."""
    columns, place, own = 0, len(waiting) - 1, list[tuple[bool, Doc]]()
    while columns <= room and (own or place >= 0):
        if own:
            flat, doc = own.pop()
        else:
            _, flat, doc = waiting[place]
            place -= 1
        match doc:
            case str():
                columns += len(doc)
            case Concat(parts):
                own.extend((flat, part) for part in reversed(parts))
            case Nest(inner=inner) | Anchor(inner=inner):
                own.append((flat, inner))
            case Group(inner=inner, hard=hard):
                own.append((not hard, inner))
            case Hard():
                return columns
            case Break() | Fill() if not flat:
                return columns
            case Fill(inner=inner):
                columns += 1
                own.append((flat, inner))
            case Break() | Arrow():
                columns += doc.width
            case Broken() | Remark():
                pass
    return columns


def _with_comments(lines: Iterable[tuple[str, str | None]]) -> list[str]:
    """Lines with the comments at their ends, those of neighbouring lines one under the other."""
    done: list[str] = []
    run: list[tuple[str, str]] = []
    for text, remark in lines:
        if remark is not None:
            run.append((text, remark))
            continue
        done += _aligned(run)
        run = []
        done.append(text)
    return done + _aligned(run)


def _aligned(run: list[tuple[str, str]]) -> list[str]:
    ends = [len(text) + 2 for text, _ in run if len(text) + 2 <= _FARTHEST_COLUMN]
    column = max([COMMENT_COLUMN, *ends])
    return [text.ljust(max(column, len(text) + 2)) + remark for text, remark in run]
