"""The one mutable thing of a resolution: what was found wrong so far, and how much work is left. Knows no syntax."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from singalang_compiler.codes.e0125_too_large import TooLarge
from singalang_compiler.resolve.request import Request
from singalang_compiler.resolve.values import POISON, Owner, Poison
from singalang_grammar.diagnostics import Diagnostic, HasCode, Severity
from singalang_grammar.source import Source, Span
from singalang_grammar.tree import Program

WORK = 1_200_000
"""Evaluation steps that a program may take before it is refused: a few seconds."""
LAYERS = 200_000
"""Layers that a job may have."""
ELEMENTS = 1_000_000
"""Elements that a value may have."""
DEPTH = 1000
"""Expressions that may stand inside one another."""

_WORD = re.compile(r"[^\W\d]\w*")


class Exhausted(Exception):
    """The program needs more work than it may: already reported, and nothing more can be found."""


class Session:
    """One resolution: gathers problems, each place and code once, and counts work."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.problems: list[Diagnostic] = []
        self.sources: list[Source] = []
        self.layers = 0
        self.builders: dict[str, Any] = {}  # the nets in the making, by name: `NetBuilder`
        self.running: list[Any] = []  # the statements being evaluated: `bodies.Statement`
        self.expanding: list[Any] = []  # the blocks being expanded: `BlockDefinition`
        self.expanded: set[int] = set()  # the blocks that were expanded at least once, by id of their syntax
        self.muted = False  # what is found is thrown away
        self.owner_of: Callable[[Any], Owner]  # the net or data of a section; set by `program`
        self.depth = 0
        self._work = WORK
        self._seen: set[tuple[str, int, int, int]] = set()
        self._broken: dict[int, frozenset[str]] = {}

    @property
    def failed(self) -> bool:
        """Whether an error was reported."""
        return any(found.severity is Severity.ERROR for found in self.problems)

    def report(self, facts: HasCode) -> Poison:
        """Adds a mistake, unless this place has it already, and gives the value of what is mistaken."""
        return self.add(facts.diagnostic())

    def add(self, found: Diagnostic) -> Poison:
        """Adds a diagnostic made elsewhere, unless its place has it already."""
        if self.muted:
            return POISON
        span = found.primary.span if found.primary else None
        key = (found.code, id(span.source), span.start, span.end) if span else (found.code + found.title, 0, 0, 0)
        if key not in self._seen:
            self._seen.add(key)
            self.problems.append(found)
        return POISON

    @contextmanager
    def heard(self, muted: bool = False) -> Iterator[None]:
        """Reports inside are kept, or thrown away, whatever is done with those around."""
        before, self.muted = self.muted, muted
        try:
            yield
        finally:
            self.muted = before

    def spend(self, work: int, span: Span) -> None:
        """Counts work.

        Raises:
            Exhausted: the program has used up what it may take.
        """
        self._work -= work
        if self._work < 0:
            self.muted = False
            self.report(TooLarge("the program takes too many steps to expand", "shorten its loops and lists", span))
            raise Exhausted

    def grant(self, work: int) -> None:
        """Adds work, as each layer does: the bound is on work that comes to nothing."""
        self._work += work

    def add_program(self, program: Program) -> None:
        """Makes known a file and the words in its broken statements."""
        self.sources.append(program.source)
        words = frozenset(word for span in program.broken for word in _WORD.findall(span.text))
        self._broken[id(program.source)] = words

    def is_broken(self, name: str, span: Span) -> bool:
        """Whether a name stands in a statement of the same file that could not be parsed."""
        return name in self._broken.get(id(span.source), frozenset())
