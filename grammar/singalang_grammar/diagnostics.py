"""Diagnostics: what is wrong with a user's input, as records. Knows no code and no renderer.

A code is a frozen record of facts in a file of its own (`codes/e0201_unknown_layer.py`), marked with `@code`; its
`diagnostic()` turns the facts into words. Its docstring is what `singa explain CODE` prints.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from typing import ClassVar, Generic, Protocol, TypeVar

import msgspec

from singalang_grammar.source import Span

Record = TypeVar("Record", bound=type)
Value = TypeVar("Value", covariant=True)


class Severity(StrEnum):
    """How bad it is: an error stops the way of the data, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


class Facts(msgspec.Struct, frozen=True):
    """Base of the facts of one code. A Struct: there are a hundred of them, and a dataclass takes fifty times as long to make."""


@dataclass(frozen=True, slots=True)
class Label:
    """A place and the local fact about it."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One mistake, ready to be shown.

    `primary` is None where no source text is to blame (a data file, a checkpoint): then `where` names the place, such as
    `train.csv, line 12`.
    """

    code: str
    severity: Severity
    title: str
    primary: Label | None = None
    secondary: tuple[Label, ...] = ()
    hint: str | None = None
    where: str | None = None


class HasCode(Protocol):
    """The facts of one mistake: a record marked with `@code`."""

    CODE: ClassVar[str]

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""


def code(number: str) -> Callable[[Record], Record]:
    """Marks a record of facts with the code that it explains, such as `E0201`."""

    def mark(facts: Record) -> Record:
        facts.CODE = number  # type: ignore[attr-defined]
        return facts

    return mark


def error(
    facts: HasCode, title: str, primary: Label | None, *secondary: Label, hint: str | None = None, where: str | None = None
) -> Diagnostic:
    """An error in the words of the code that found it."""
    return Diagnostic(facts.CODE, Severity.ERROR, title, primary, secondary, hint, where)


def warning(
    facts: HasCode, title: str, primary: Label | None, *secondary: Label, hint: str | None = None, where: str | None = None
) -> Diagnostic:
    """A warning in the words of the code that found it."""
    return Diagnostic(facts.CODE, Severity.WARNING, title, primary, secondary, hint, where)


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """A hint that names the known word nearest to this one, if one is near."""
    near = nearest(word, known)
    return f"did you mean `{near}`?" if near else None


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word nearest to this one, if one is near; capitals count for little (`ReLU`)."""
    words = sorted(set(known))
    close = get_close_matches(word, words, 1, 0.6)
    if not close:
        lower = {one.lower(): one for one in words}
        close = [lower[one] for one in get_close_matches(word.lower(), lower, 1, 0.6)]
    return close[0] if close else None


@dataclass(frozen=True, slots=True)
class Outcome(Generic[Value]):
    """What a stage made, and what it found wrong. `value` is None where nothing of use could be made."""

    value: Value | None
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether any of the diagnostics is an error."""
        return any(found.severity is Severity.ERROR for found in self.diagnostics)


class CompilerBug(Exception):
    """A promise that a former stage broke: ours to mend, never the user's fault. Names the stage and the thing at hand."""
