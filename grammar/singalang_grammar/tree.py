"""The syntax tree: what a `.singa` file says, before any name in it is looked up.

Every node is frozen and carries the span of its text; spans do not count in comparisons, so two texts that differ in
layout and comments alone give equal trees.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from singalang_grammar.source import Source, Span

# ---- words ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ident:
    """A word that names something."""

    text: str
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Path:
    """Words joined by dots: `layer3.attn`."""

    parts: tuple[Ident, ...]
    span: Span = field(compare=False, repr=False)

    @property
    def text(self) -> str:
        """The words with their dots."""
        return ".".join(part.text for part in self.parts)


# ---- expressions ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Number:
    """A number as it is written, its unit glued to it: `64KiB`, `1e-3`, `100k`."""

    text: str
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class String:
    """A string: `raw` is what stands in the file, quotes included."""

    raw: str
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Name:
    """A name used as a value."""

    text: str
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Constant:
    """One of the words `true`, `false`, `none`."""

    value: bool | None
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class List:
    """`[a, b]`."""

    items: tuple[Expr, ...]
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Comprehension:
    """`[value for name in items]`."""

    value: Expr
    name: Ident
    items: Expr
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Paren:
    """`(value)`: kept, because `a + b -> f` and `(a + b) -> f` are not the same to a reader."""

    value: Expr
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Tuple:
    """`(a, b)`, or `(a,)`."""

    items: tuple[Expr, ...]
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Member:
    """`value.name`."""

    value: Expr
    name: Ident
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Index:
    """`value[a, b]`."""

    value: Expr
    items: tuple[Expr, ...]
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Argument:
    """One thing between the parentheses of a call or layer; `name` is None for one given by place."""

    name: Ident | None
    value: Expr
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Call:
    """`callee(arguments)`."""

    callee: Expr
    arguments: tuple[Argument, ...]
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Unary:
    """`-value`, `+value` or `not value`."""

    operator: str
    value: Expr
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Binary:
    """`left operator right`; the operator is one of `+ - * / // % == != < <= > >= and or ..`."""

    operator: str
    left: Expr
    right: Expr
    operator_span: Span = field(compare=False, repr=False)
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Conditional:
    """`if test then yes else no`."""

    test: Expr
    yes: Expr
    no: Expr
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Chain:
    """`head -> stage -> stage`."""

    head: Expr
    stages: tuple[Stage, ...]
    span: Span = field(compare=False, repr=False)


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


@dataclass(frozen=True, slots=True)
class LayerStage:
    """`label: kind(arguments)`; `arguments` is None where no parentheses are written."""

    label: Ident | None
    kind: Path
    arguments: tuple[Argument, ...] | None
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ForStage:
    """`for name in items { stages }`."""

    label: Ident | None
    name: Ident
    items: Expr
    stages: tuple[Stage, ...]
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class IfStage:
    """`if test { stages }`."""

    label: Ident | None
    test: Expr
    stages: tuple[Stage, ...]
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class WhenStage:
    """`when [not] phases { stages }`."""

    label: Ident | None
    negated: bool
    phases: tuple[Ident, ...]
    stages: tuple[Stage, ...]
    span: Span = field(compare=False, repr=False)


Stage: TypeAlias = LayerStage | ForStage | IfStage | WhenStage

# ---- selectors -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class GlobSelector:
    """`"layer*.up"`."""

    pattern: String
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class NameSelector:
    """`ip1`, `layer3.attn`."""

    path: Path
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class RangeSelector:
    """`fc6..fc8`."""

    first: Path
    last: Path
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class KindSelector:
    """`all`, `all dense`."""

    kind: Ident | None
    span: Span = field(compare=False, repr=False)


Selector: TypeAlias = GlobSelector | NameSelector | RangeSelector | KindSelector

# ---- items of a file or a body -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Import:
    """`import a, b from "file"`; `names` is None for `import all`."""

    names: tuple[Ident, ...] | None
    path: String
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Arg:
    """`arg name: type = default in allowed`."""

    name: Ident
    type: Ident | None
    default: Expr | None
    allowed: Expr | None
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class BlockParameter:
    """One attribute of a block, with its default."""

    name: Ident
    default: Expr | None
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Block:
    """`block inputs -> name(parameters) { body }`; `parameters` is None where no parentheses are written."""

    inputs: tuple[Ident, ...]
    name: Ident
    parameters: tuple[BlockParameter, ...] | None
    body: tuple[Item, ...]
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Section:
    """`kind name { body }`."""

    kind: Ident
    name: Ident | None
    body: tuple[Item, ...]
    span: Span = field(compare=False, repr=False)

    @property
    def head(self) -> Span:
        """The words before the brace."""
        return self.kind.span.to(self.name.span) if self.name else self.kind.span


@dataclass(frozen=True, slots=True)
class Bind:
    """`name = value`: a named value, or a field of a section."""

    name: Ident
    value: Expr
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Declaration:
    """`name: type`, a field of a record."""

    name: Ident
    type: Expr
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Flow:
    """A chain that nobody names: `image -> fc: dense(10)`."""

    head: Path
    stages: tuple[Stage, ...]
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class On:
    """`on selectors { body }`."""

    selectors: tuple[Selector, ...]
    body: tuple[Item, ...]
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class When:
    """`when [not] phases { body }`."""

    negated: bool
    phases: tuple[Ident, ...]
    body: tuple[Item, ...]
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Return:
    """`return value`."""

    value: Expr
    span: Span = field(compare=False, repr=False)


Item: TypeAlias = Import | Arg | Block | Section | Bind | Declaration | Flow | On | When | Return


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment, its `#` included. Not part of any node: the formatter places it by its span."""

    text: str
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Program:
    """A whole file."""

    items: tuple[Item, ...]
    source: Source = field(compare=False, repr=False)
    comments: tuple[Comment, ...] = field(default=(), compare=False, repr=False)
    broken: tuple[Span, ...] = field(default=(), compare=False, repr=False)
    """The statements that the parser had to leave out: a name that stands only in them is not to be called unknown."""
