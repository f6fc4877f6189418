"""Values and chains as documents. Knows their precedence: parentheses that a tree made by a program lacks are put in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar, assert_never

from singalang_grammar import tree
from singalang_grammar.format.comments import Between, Comments, Own
from singalang_grammar.format.layout import Arrow, Break, Broken, Doc, Hard, Remark, anchor, concat, fill, group, nest
from singalang_grammar.source import Span

ANY, RANGE, OR, AND, NOT, COMPARE, SUM, PRODUCT, SIGN, POST = range(10)
"""How tightly values bind; ANY is a chain or `if`, POST a name, a number or anything in brackets."""

_OPERATORS = {"..": RANGE, "or": OR, "and": AND, "+": SUM, "-": SUM, "*": PRODUCT, "/": PRODUCT, "//": PRODUCT, "%": PRODUCT}

Thing = TypeVar("Thing")


class Expressions:
    """Makes documents of values; takes the comments inside of them where there is a line for them."""

    def __init__(self, comments: Comments) -> None:
        self._comments = comments

    def value(self, node: tree.Expr, least: int = ANY) -> Doc:
        """A value at a place where it has to bind at least so tightly."""
        doc, binds = self._value(node)
        return doc if binds >= least else concat("(", doc, ")")

    def _value(self, node: tree.Expr) -> tuple[Doc, int]:
        match node:
            case tree.Number(text) | tree.Name(text):
                return text, POST
            case tree.String(raw):
                return raw, POST
            case tree.Constant(constant):
                return "none" if constant is None else str(constant).lower(), POST
            case tree.Member() | tree.Index() | tree.Call():
                return self._postfix(node), POST
            case tree.List(items):
                return self._in_brackets("[", items, self.value, "]", node.span, node.span.start + 1), POST
            case tree.Tuple(items):
                only = "," if len(items) == 1 else ""
                return self._in_brackets("(", items, self.value, ")", node.span, node.span.start + 1, only), POST
            case tree.Paren(inner):
                return _bracketed("(", self.value(inner), ")", ""), POST
            case tree.Comprehension(value, name, items):
                return concat("[", self.value(value), f" for {name.text} in ", self.value(items), "]"), POST
            case tree.Unary(operator, value):
                return (
                    (concat("not ", self.value(value, NOT)), NOT)
                    if operator == "not"
                    else (concat(operator, self.value(value, SIGN)), SIGN)
                )
            case tree.Binary():
                return self._binary(node)
            case tree.Conditional(test, yes, no):
                return concat("if ", self.value(test), " then ", self.value(yes), " else ", self.value(no)), ANY
            case tree.Chain(head, stages):
                return self.chain(self.value(head, RANGE), head.span.end, stages), ANY
            case _:
                assert_never(node)

    def _postfix(self, node: tree.Expr) -> Doc:
        """`a.b(c)[d]`, without recursion to the left."""
        parts: list[Doc] = []
        while True:
            match node:
                case tree.Member(value, name):
                    parts.append("." + name.text)
                case tree.Index(value, items):
                    parts.append(self._in_brackets("[", items, self.value, "]", node.span, value.span.end))
                case tree.Call(value, arguments):
                    parts.append(self.arguments(arguments, node.span, value.span.end))
                case tree.Number(text) if str(parts[-1]).startswith("."):  # `1.a` would be a number with a fraction
                    return concat(f"({text})", *reversed(parts))
                case _:
                    return concat(self.value(node, POST), *reversed(parts))
            node = value

    def _binary(self, node: tree.Binary) -> tuple[Doc, int]:
        """An operator; a run of equal precedence to the left is one piece of text."""
        binds = _OPERATORS.get(node.operator, COMPARE)
        parts: list[Doc] = []
        left: tree.Expr = node
        while isinstance(left, tree.Binary) and _OPERATORS.get(left.operator, COMPARE) == binds:
            blank = "" if left.operator == ".." else " "
            parts += [self.value(left.right, binds + 1), f"{blank}{left.operator}{blank}"]
            left = left.left
            if binds in (RANGE, COMPARE):  # these do not chain
                break
        parts.append(self.value(left, binds if binds not in (RANGE, COMPARE) else binds + 1))
        return concat(*reversed(parts)), binds

    # ---- brackets ---------------------------------------------------------------------------------------------------

    def arguments(self, arguments: Sequence[tree.Argument], span: Span, start: int) -> Doc:
        """`(a, name = b)`."""
        return self._in_brackets("(", arguments, self._argument, ")", span, start)

    def _argument(self, node: tree.Argument) -> Doc:
        return concat(f"{node.name.text} = ", self.value(node.value)) if node.name else self.value(node.value)

    def parameters(self, parameters: Sequence[tree.BlockParameter], name: tree.Ident) -> tuple[Doc, int]:
        """The attributes of a block, and where their `)` ends, which no node knows."""
        start = name.span.end
        reached = self._comments.past(parameters[-1].span.end if parameters else start, ")")
        return self._in_brackets("(", parameters, self._parameter, ")", Span(name.span.source, start, reached), start), reached

    def _parameter(self, node: tree.BlockParameter) -> Doc:
        return node.name.text if node.default is None else concat(f"{node.name.text} = ", self.value(node.default))

    def _in_brackets(
        self, opener: str, things: Sequence[Thing], doc: Callable[[Thing], Doc], closer: str, span: Span, start: int, only: str = ""
    ) -> Doc:
        """Things in brackets: on one line; or filled into several; or, where comments stand between them, one to a line."""
        if self._comments.any_in(start, span.end):
            return self._with_comments(opener, things, doc, closer, span, start)
        docs = [doc(thing) for thing in things]
        if not docs:
            return opener + closer
        inner: list[Doc] = [docs[0]]
        for after in docs[1:]:
            inner += [",", fill(after, whole=True)]
        return _bracketed(opener, concat(*inner), closer, ",", only)

    def _with_comments(
        self, opener: str, things: Sequence[Thing], doc: Callable[[Thing], Doc], closer: str, span: Span, start: int
    ) -> Doc:
        inner: list[Doc] = []
        reached = start
        for thing in things:
            place: Span = thing.span  # type: ignore[attr-defined]
            between = self._comments.between(reached, place.start)
            made = doc(thing)
            inner += [
                *remark(between),
                *lines(between.lines),
                *lines(self._comments.inside(place.start, place.end)),
                Hard(),
                made,
                ",",
            ]
            reached = place.end
        last = self._comments.between(reached, span.end)
        inner += [*remark(last), *lines(last.lines)]
        return anchor(concat(opener, nest(2, concat(*inner)), Hard(), closer))

    # ---- chains -----------------------------------------------------------------------------------------------------

    def chain(self, head: Doc, reached: int, stages: Sequence[tree.Stage]) -> Doc:
        """`head -> stage -> stage`: a line ends where it does in the source text, and where it has to."""
        parts: list[Doc] = []
        for stage in stages:
            parts += self._before_stage(reached, stage)
            reached = stage.span.end
        return anchor(concat(head, nest(2, concat(*parts))))

    def _before_stage(self, reached: int, stage: tree.Stage) -> list[Doc]:
        start, end = stage.span.start, stage.span.end
        new_line = self._comments.has_line_end(reached, start)
        between = self._comments.between(reached, start)
        piece = concat(Arrow(), anchor(self.stage(stage)))
        above = [*between.lines, *self._comments.inside(start, end)]
        if between.remark is None and not above and not new_line:
            return [fill(piece)]
        return [*remark(between), *lines(above), Hard(), piece]

    def stage(self, stage: tree.Stage) -> Doc:
        """One stage, its label before it."""
        label = f"{stage.label.text}: " if stage.label else ""
        match stage:
            case tree.LayerStage(_, kind, arguments):
                given = "" if arguments is None else self.arguments(arguments, stage.span, kind.span.end)
                return concat(label + kind.text, given)
            case tree.ForStage(_, name, items, stages):
                return self._stages(concat(f"{label}for {name.text} in ", self.value(items)), items.span.end, stages, stage.span)
            case tree.IfStage(_, test, stages):
                return self._stages(concat(f"{label}if ", self.value(test)), test.span.end, stages, stage.span)
            case tree.WhenStage(_, negated, phases, stages):
                return self._stages(label + when_head(negated, phases), phases[-1].span.end, stages, stage.span)
            case _:
                assert_never(stage)

    def _stages(self, head: Doc, reached: int, stages: Sequence[tree.Stage], span: Span) -> Doc:
        """`head { stage -> stage }`: on one line if it is in the source text and fits."""
        several = self._comments.has_line_end(reached, span.end)
        first = stages[0]
        between = self._comments.between(reached, first.span.start)
        body = self.chain(anchor(self.stage(first)), first.span.end, stages[1:])
        hoisted = self._comments.inside(first.span.start, first.span.end)
        after = self._comments.between(stages[-1].span.end, span.end)
        inner = [
            *remark(between),
            *lines([*between.lines, *hoisted], first=True),
            _line(several),
            body,
            *remark(after),
            *lines(after.lines),
        ]
        return group(concat(head, " {", nest(2, concat(*inner)), _line(several), "}"))


def when_head(negated: bool, phases: Sequence[tree.Ident]) -> str:
    """`when not a, b`."""
    return f"when {'not ' if negated else ''}{', '.join(phase.text for phase in phases)}"


def _line(hard: bool) -> Doc:
    return Hard() if hard else Break(" ")


def remark(between: Between) -> list[Doc]:
    """A comment for the rest of the line, if there is one."""
    return [] if between.remark is None else [Remark(between.remark)]


def lines(comments: Sequence[Own], first: bool = False) -> list[Doc]:
    """Comments on lines of their own; no empty line before the first of a body."""
    parts: list[Doc] = []
    for place, comment in enumerate(comments):
        parts += [Hard(comment.blank and not (first and place == 0)), comment.text]
    return parts


def _bracketed(opener: str, inner: Doc, closer: str, comma: str, only: str = "") -> Doc:
    """Something in brackets that hang on the line they begin on; `only` is the comma of a tuple of one."""
    ending: Doc = only or Broken(comma)
    return group(anchor(concat(opener, nest(2, concat(Break(""), inner, ending)), Break(""), closer)))
