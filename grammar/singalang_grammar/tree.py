"""The syntax tree: what a `.singa` file says, before any name in it is looked up.

Every node is frozen and carries the span of its text; spans do not count in comparisons, so two texts that differ in
layout and comments alone give equal trees.
"""

from __future__ import annotations

from typing import ClassVar, TypeAlias

from singalang_grammar.source import Source, Span, Spanned

# ---- words ---------------------------------------------------------------------------------------------------------


class Ident(Spanned, frozen=True):
    """A word that names something."""

    text: str
    span: Span


class Path(Spanned, frozen=True):
    """Words joined by dots: `layer3.attn`."""

    parts: tuple[Ident, ...]
    span: Span

    @property
    def text(self) -> str:
        """The words with their dots."""
        return ".".join(part.text for part in self.parts)


# ---- expressions ---------------------------------------------------------------------------------------------------


class Number(Spanned, frozen=True):
    """A number as it is written, its unit glued to it: `64KiB`, `1e-3`, `100k`."""

    text: str
    span: Span


class String(Spanned, frozen=True):
    """A string: `raw` is what stands in the file, quotes included."""

    raw: str
    span: Span


class Name(Spanned, frozen=True):
    """A name used as a value."""

    text: str
    span: Span


class Constant(Spanned, frozen=True):
    """One of the words `true`, `false`, `none`."""

    value: bool | None
    span: Span


class List(Spanned, frozen=True):
    """`[a, b]`."""

    items: tuple[Expr, ...]
    span: Span


class Comprehension(Spanned, frozen=True):
    """`[value for name in items]`."""

    value: Expr
    name: Ident
    items: Expr
    span: Span


class Paren(Spanned, frozen=True):
    """`(value)`: kept, because `a + b -> f` and `(a + b) -> f` are not the same to a reader."""

    value: Expr
    span: Span


class Tuple(Spanned, frozen=True):
    """`(a, b)`, or `(a,)`."""

    items: tuple[Expr, ...]
    span: Span


class Member(Spanned, frozen=True):
    """`value.name`."""

    value: Expr
    name: Ident
    span: Span


class Index(Spanned, frozen=True):
    """`value[a, b]`."""

    value: Expr
    items: tuple[Expr, ...]
    span: Span


class Argument(Spanned, frozen=True):
    """One thing between the parentheses of a call or layer; `name` is None for one given by place."""

    name: Ident | None
    value: Expr
    span: Span


class Call(Spanned, frozen=True):
    """`callee(arguments)`."""

    callee: Expr
    arguments: tuple[Argument, ...]
    span: Span


class Unary(Spanned, frozen=True):
    """`-value`, `+value` or `not value`."""

    operator: str
    value: Expr
    span: Span


class Binary(Spanned, frozen=True):
    """`left operator right`; the operator is one of `+ - * / // % == != < <= > >= and or ..`."""

    operator: str
    left: Expr
    right: Expr
    operator_span: Span
    span: Span


class Conditional(Spanned, frozen=True):
    """`if test then yes else no`."""

    test: Expr
    yes: Expr
    no: Expr
    span: Span


class Chain(Spanned, frozen=True):
    """`head -> stage -> stage`."""

    head: Expr
    stages: tuple[Stage, ...]
    span: Span


Expr: TypeAlias = (
    Number
    | String
    | Name
    | Constant
    | List
    | Comprehension
    | Paren
    | Tuple
    | Member
    | Index
    | Call
    | Unary
    | Binary
    | Conditional
    | Chain
)

# ---- stages of a chain ---------------------------------------------------------------------------------------------


class LayerStage(Spanned, frozen=True):
    """`label: kind(arguments)`; `arguments` is None where no parentheses are written."""

    label: Ident | None
    kind: Path
    arguments: tuple[Argument, ...] | None
    span: Span


class ForStage(Spanned, frozen=True):
    """`for name in items { stages }`."""

    label: Ident | None
    name: Ident
    items: Expr
    stages: tuple[Stage, ...]
    span: Span


class IfStage(Spanned, frozen=True):
    """`if test { stages }`."""

    label: Ident | None
    test: Expr
    stages: tuple[Stage, ...]
    span: Span


class WhenStage(Spanned, frozen=True):
    """`when [not] phases { stages }`."""

    label: Ident | None
    negated: bool
    phases: tuple[Ident, ...]
    stages: tuple[Stage, ...]
    span: Span


Stage: TypeAlias = LayerStage | ForStage | IfStage | WhenStage

# ---- selectors -----------------------------------------------------------------------------------------------------


class GlobSelector(Spanned, frozen=True):
    """`"layer*.up"`."""

    pattern: String
    span: Span


class NameSelector(Spanned, frozen=True):
    """`ip1`, `layer3.attn`."""

    path: Path
    span: Span


class RangeSelector(Spanned, frozen=True):
    """`fc6..fc8`."""

    first: Path
    last: Path
    span: Span


class KindSelector(Spanned, frozen=True):
    """`all`, `all dense`."""

    kind: Ident | None
    span: Span


Selector: TypeAlias = GlobSelector | NameSelector | RangeSelector | KindSelector

# ---- items of a file or a body -------------------------------------------------------------------------------------


class Import(Spanned, frozen=True):
    """`import a, b from "file"`; `names` is None for `import all`."""

    names: tuple[Ident, ...] | None
    path: String
    span: Span


class Arg(Spanned, frozen=True):
    """`arg name: type = default in allowed`."""

    name: Ident
    type: Ident | None
    default: Expr | None
    allowed: Expr | None
    span: Span


class BlockParameter(Spanned, frozen=True):
    """One attribute of a block, with its default."""

    name: Ident
    default: Expr | None
    span: Span


class Block(Spanned, frozen=True):
    """`block inputs -> name(parameters) { body }`; `parameters` is None where no parentheses are written."""

    inputs: tuple[Ident, ...]
    name: Ident
    parameters: tuple[BlockParameter, ...] | None
    body: tuple[Item, ...]
    span: Span


class Section(Spanned, frozen=True):
    """`kind name { body }`."""

    kind: Ident
    name: Ident | None
    body: tuple[Item, ...]
    span: Span

    @property
    def head(self) -> Span:
        """The words before the brace."""
        return self.kind.span.to(self.name.span) if self.name else self.kind.span


class Bind(Spanned, frozen=True):
    """`name = value`: a named value, or a field of a section."""

    name: Ident
    value: Expr
    span: Span


class Declaration(Spanned, frozen=True):
    """`name: type`, a field of a record."""

    name: Ident
    type: Expr
    span: Span


class Flow(Spanned, frozen=True):
    """A chain that nobody names: `image -> fc: dense(10)`."""

    head: Path
    stages: tuple[Stage, ...]
    span: Span


class On(Spanned, frozen=True):
    """`on selectors { body }`."""

    selectors: tuple[Selector, ...]
    body: tuple[Item, ...]
    span: Span


class When(Spanned, frozen=True):
    """`when [not] phases { body }`."""

    negated: bool
    phases: tuple[Ident, ...]
    body: tuple[Item, ...]
    span: Span


class Return(Spanned, frozen=True):
    """`return value`."""

    value: Expr
    span: Span


Item: TypeAlias = Import | Arg | Block | Section | Bind | Declaration | Flow | On | When | Return


class Comment(Spanned, frozen=True):
    """A comment, its `#` included. Not part of any node: the formatter places it by its span."""

    text: str
    span: Span


class Program(Spanned, frozen=True):
    """A whole file."""

    APART: ClassVar[frozenset[str]] = frozenset({"source", "comments", "broken"})
    items: tuple[Item, ...]
    source: Source
    comments: tuple[Comment, ...] = ()
    broken: tuple[Span, ...] = ()
    """The statements that the parser had to leave out: a name that stands only in them is not to be called unknown."""
