"""A program in canonical layout: what `singa fmt` writes.

Indents of two columns; the `=` of neighbouring lines one under the other; what is on one line in the source stays there if it
fits; long chains break before `->`; empty lines between items are kept, one at most; comments are kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import assert_never

from singalang_grammar import tree
from singalang_grammar.collection import without_collection
from singalang_grammar.diagnostics import CompilerBug
from singalang_grammar.format.comments import Between, Comments, Own
from singalang_grammar.format.expressions import Expressions, lines, remark, when_head
from singalang_grammar.format.labels import without_needless_labels
from singalang_grammar.format.layout import (
    WIDTH,
    Break,
    Broken,
    Doc,
    Hard,
    anchor,
    concat,
    group,
    is_hard,
    lines_of,
    nest,
    width_of,
)
from singalang_grammar.source import Span


def format_program(program: tree.Program) -> str:
    """The text of a program. Parsing it gives `without_needless_labels(program)`; formatting it again changes nothing.

    A program with mistakes of syntax is not for this: what its tree leaves out would be lost.
    """
    if program.broken:
        raise CompilerBug("format: a program with mistakes was to be formatted")
    with without_collection():
        program = without_needless_labels(program)
        return lines_of(_Formatter(Comments(program)).file(program))


@dataclass(frozen=True, slots=True)
class _Entry:
    """An item on its way to text: `head` and `tail` may be set apart, so that the tails of neighbours align."""

    node: tree.Item
    head: str
    tail: Doc | None
    before: Between
    hoisted: tuple[Own, ...]


class _Formatter:
    def __init__(self, comments: Comments) -> None:
        self._comments = comments
        self._expressions = Expressions(comments)

    def file(self, program: tree.Program) -> Doc:
        parts = self._lines(self._entries(program.items, 0, 0), 0)
        parts += _after(self._comments.between(_end(program.items, 0), len(program.source.text)))
        if parts and isinstance(parts[0], Hard):  # nothing stands before the first line
            parts = parts[1:]
        return concat(*parts) if parts else ""

    # ---- bodies -----------------------------------------------------------------------------------------------------

    def _body(self, head: Doc, reached: int, items: Sequence[tree.Item], span: Span, indent: int) -> Doc:
        """`head { items }`: on one line if it is in the source text, holds no comment and fits."""
        several = self._comments.has_line_end(span.start, span.end) or self._comments.any_in(reached, span.end)
        entries = self._entries(items, reached, indent + 2)
        after = self._comments.between(_end(items, reached), span.end)
        if not entries and not after.lines and after.remark is None:
            return concat(head, " {}")
        if several:
            parts = [*self._lines(entries, indent + 2), *_after(after, not entries), Hard()]
        else:
            docs = self._docs(entries, indent + 2)
            parts = [part for doc in docs for part in (Break(", "), doc)]
            parts = [Break(" "), *parts[1:]]
            return group(anchor(concat(head, " {", nest(2, concat(*parts)), Break(" "), "}")))
        return anchor(concat(head, " {", nest(2, concat(*parts[:-1])), parts[-1], "}"))

    def _entries(self, items: Sequence[tree.Item], reached: int, indent: int) -> list[_Entry]:
        entries = []
        for item in items:
            before = self._comments.between(reached, item.span.start)
            head, tail = self._item(item, indent)
            hoisted = self._comments.inside(item.span.start, item.span.end)
            entries.append(_Entry(item, head, tail, before, hoisted))
            reached = item.span.end
        return entries

    def _lines(self, entries: list[_Entry], indent: int) -> list[Doc]:
        """Items one to a line, with their comments and with the empty lines between them."""
        parts: list[Doc] = []
        for place, (entry, doc) in enumerate(zip(entries, self._docs(entries, indent), strict=True)):
            blank = entry.before.blank or self._sets_apart(entries, place, indent)
            above = [*entry.before.lines, *(replace(own, blank=blank and not at) for at, own in enumerate(entry.hoisted))]
            first = place == 0
            parts += [*remark(entry.before), *lines(above, first=first)]
            parts += [Hard(blank and not entry.hoisted and not (first and not above)), doc]
        return parts

    def _sets_apart(self, entries: list[_Entry], place: int, indent: int) -> bool:
        """Whether an empty line is put between items of a file that has no layout yet."""
        if not self._comments.unknown_layout or indent or not place:
            return False
        return any(isinstance(entries[at].node, tree.Section | tree.Block) for at in (place - 1, place))

    def _docs(self, entries: list[_Entry], indent: int) -> list[Doc]:
        """The items, their `=` (or what follows the `:`) aligned in runs of neighbouring lines of one kind."""
        docs: list[Doc] = []
        for run in _runs(entries, indent):
            widest = max(len(entry.head) for entry in run)
            for entry in run:
                gap: Doc = Broken(" " * (widest - len(entry.head)))
                docs.append(entry.head if entry.tail is None else concat(entry.head, gap, entry.tail))
        return docs

    # ---- items ------------------------------------------------------------------------------------------------------

    def _item(self, item: tree.Item, indent: int) -> tuple[str, Doc | None]:
        """An item as head and tail; the tail begins with a blank where the two may be set apart."""
        value = self._expressions.value
        match item:
            case tree.Bind(name, bound):
                return name.text, concat(" = ", value(bound))
            case tree.Declaration(name, type_):
                return name.text + ":", concat(" ", value(type_))
            case tree.Arg():
                return self._arg(item)
            case tree.Import(names, path):
                what = "all" if names is None else ", ".join(name.text for name in names)
                return f"import {what} from {path.raw}", None
            case tree.Return(returned):
                return "return ", value(returned)
            case tree.Flow(head, stages):
                return "", self._expressions.chain(head.text, head.span.end, stages)
            case tree.Section() | tree.Block() | tree.On() | tree.When():
                return "", self._with_body(item, indent)
            case _:
                assert_never(item)

    def _arg(self, item: tree.Arg) -> tuple[str, Doc | None]:
        head = f"arg {item.name.text}" + (f": {item.type.text}" if item.type else "")
        parts: list[Doc] = []
        if item.default is not None:
            parts += [" = ", self._expressions.value(item.default)]
        if item.allowed is not None:
            parts += [" in ", self._expressions.value(item.allowed)]
        return head, concat(*parts) if parts else None

    def _with_body(self, item: tree.Section | tree.Block | tree.On | tree.When, indent: int) -> Doc:
        match item:
            case tree.Section(kind, name, body):
                head: Doc = f"{kind.text} {name.text}" if name else kind.text
                reached = (name or kind).span.end
            case tree.Block(inputs, name, parameters, body):
                head, reached = self._block_head(inputs, name, parameters)
            case tree.On(selectors, body):
                head = "on " + ", ".join(_selector(selector) for selector in selectors)
                reached = selectors[-1].span.end
            case tree.When(negated, phases, body):
                head, reached = when_head(negated, phases), phases[-1].span.end
            case _:
                assert_never(item)
        return self._body(head, reached, body, item.span, indent)

    def _block_head(
        self, inputs: Sequence[tree.Ident], name: tree.Ident, parameters: Sequence[tree.BlockParameter] | None
    ) -> tuple[Doc, int]:
        fed = inputs[0].text if len(inputs) == 1 else "(" + ", ".join(one.text for one in inputs) + ")"
        head = f"block {fed} -> {name.text}"
        if parameters is None:
            return head, name.span.end
        given, reached = self._expressions.parameters(parameters, name)
        return concat(head, given), reached


def _selector(selector: tree.Selector) -> str:
    match selector:
        case tree.GlobSelector(pattern):
            return pattern.raw
        case tree.NameSelector(path):
            return path.text
        case tree.RangeSelector(first, last):
            return f"{first.text}..{last.text}"
        case tree.KindSelector(kind):
            return f"all {kind.text}" if kind else "all"
        case _:
            assert_never(selector)


def _runs(entries: list[_Entry], indent: int) -> list[list[_Entry]]:
    """Neighbours whose tails align: of one kind, on a line each, with nothing between them."""
    runs: list[list[_Entry]] = []
    kind, head, tail = None, 0, 0  # of the run so far: what its items are, its widest head and tail
    for entry in entries:
        own = _kind(entry, indent)
        alone = entry.before.lines or entry.before.blank or entry.hoisted
        wide = max(head, len(entry.head)), max(tail, _width(entry))
        if own and own is kind and not alone and indent + sum(wide) <= WIDTH:
            runs[-1].append(entry)
            head, tail = wide
        else:
            runs.append([entry])
            kind, head, tail = own, len(entry.head), _width(entry)
    return runs


def _kind(entry: _Entry, indent: int) -> type[tree.Item] | None:
    """What an item is, if its tail may be aligned with others."""
    aligns = isinstance(entry.node, tree.Bind | tree.Declaration | tree.Arg) and entry.tail is not None and not is_hard(entry.tail)
    return type(entry.node) if aligns and indent + len(entry.head) + _width(entry) <= WIDTH else None


def _width(entry: _Entry) -> int:
    return 0 if entry.tail is None else width_of(entry.tail)


def _end(items: Sequence[tree.Item], reached: int) -> int:
    return items[-1].span.end if items else reached


def _after(between: Between, first: bool = False) -> list[Doc]:
    """Comments after the last item of a body."""
    return [*remark(between), *lines(between.lines, first=first)]
