"""What a file defines: constants, args, sections and blocks, each worked out when it is first needed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from singalang_compiler.codes.e0111_unknown_word import UnknownWord
from singalang_compiler.codes.e0112_wrong_type import WrongType
from singalang_compiler.codes.e0123_arg_not_given import ArgNotGiven
from singalang_compiler.codes.e0124_not_allowed import NotAllowed
from singalang_compiler.codes.e0127_circular_value import CircularValue
from singalang_compiler.library.attributes import ScalarType
from singalang_compiler.resolve.evaluate import evaluate
from singalang_compiler.resolve.scopes import Place, is_poison
from singalang_compiler.resolve.values import POISON, HolderValue, Value, Word, described, is_number, shown
from singalang_compiler.resolve.wishes import Want
from singalang_grammar.source import Span
from singalang_grammar.tree import Arg, Binary, Bind, Block, Expr, Ident, Item, Paren

if TYPE_CHECKING:
    from singalang_compiler.resolve.files import File


class Definition:
    """Something of a file that has a name and a value. `what` has its article; the value is worked out once, when asked for."""

    def __init__(self, what: str, name: Ident, file: File) -> None:
        self.what = what
        self.name = name
        self.file = file
        self._value: Value = None
        self._state = "new"

    def value(self, use: Span) -> Value:
        """The value; POISON where it has none or is needed to compute itself."""
        if self._state == "running":
            return self.file.session.report(CircularValue(self.name.text, use, self.name.span))
        if self._state == "new":
            self._state = "running"
            with self.file.session.heard():
                self._value = self._worked_out()
            self._state = "done"
        return self._value

    @property
    def written(self) -> Expr | None:
        """The expression that its value is written as, if in one place."""
        return None

    def _worked_out(self) -> Value:
        raise NotImplementedError


class ConstantDefinition(Definition):
    """`name = expr` at file level."""

    def __init__(self, bind: Bind, file: File) -> None:
        super().__init__("a constant", bind.name, file)
        self._expr = bind.value

    @property
    def written(self) -> Expr | None:
        """The value as it is written."""
        return self._expr

    def _worked_out(self) -> Value:
        return evaluate(self._expr, self.file.place)


class SectionValue(Definition):
    """A data section or net, as a value that has members."""

    def __init__(self, section: SectionDefinition) -> None:
        assert section.name is not None
        super().__init__("a net" if section.kind == "net" else "a data section", section.name, section.file)
        self.section = section

    def _worked_out(self) -> Value:
        owner = self.file.session.owner_of(self.section.latest)
        return HolderValue("net" if self.section.kind == "net" else "data section", owner)


TYPES = {
    "int": (ScalarType("int"), "a whole number"),
    "float": (ScalarType("float"), "a number"),
    "bool": (ScalarType("bool"), "`true` or `false`"),
    "str": (ScalarType("str"), "a string"),
}
"""The types that an arg may be declared with."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What `--set` says of an arg: its text, and the expression where the text is one."""

    text: str
    expr: Expr | None
    span: Span


class ArgDefinition(Definition):
    """`arg name: type = default in allowed`, and what was set."""

    def __init__(self, arg: Arg, file: File) -> None:
        super().__init__("an arg", arg.name, file)
        self._arg = arg
        self.setting: Setting | None = None

    @property
    def written(self) -> Expr | None:
        """The setting, else the default."""
        return self.setting.expr if self.setting else self._arg.default

    def _worked_out(self) -> Value:
        arg, session = self._arg, self.file.session
        place = replace(self.file.place, words=True)
        default = evaluate(arg.default, place) if arg.default else None
        wanted = self._type(default)
        value, span = default, arg.default.span if arg.default else arg.name.span
        if arg.default and not is_poison(default) and wanted and not _fits(default, wanted):
            default = value = session.report(WrongType(arg.name.text, TYPES[wanted][1], described(default), span))
        if self.setting:
            value, span = self._set_value(self.setting, wanted, place), self.setting.span
        elif arg.default is None:
            flag = arg.name.text if self.file.is_main else f"{self.file.stem}.{arg.name.text}"
            value = session.report(ArgNotGiven(arg.name.text, flag, arg.name.span))
        if wanted == "float" and is_number(value):
            value = float(value)  # type: ignore[arg-type]
        return self._allowed(value, span, place) if arg.allowed else value

    def _type(self, default: Value) -> str | None:
        """Name of the arg's type: the declared one, else that of the default; None where any value will do."""
        declared = self._arg.type
        if declared is not None:
            if declared.text in TYPES:
                return declared.text
            self.file.session.report(UnknownWord(declared.text, "arg", declared.span, tuple(TYPES)))
            return None
        return next((name for name in ("bool", "int", "float", "str") if _fits(default, name)), None)

    def _set_value(self, setting: Setting, wanted: str | None, place: Place) -> Value:
        value: Value = setting.text
        if setting.expr is not None and wanted != "str":
            value = evaluate(setting.expr, place, Want(TYPES[wanted][0], self.name.text) if wanted else None)
        elif setting.expr is not None and setting.text.startswith('"'):
            value = evaluate(setting.expr, place)
        if is_poison(value):
            return POISON
        if wanted and not _fits(value, wanted):
            return place.session.report(WrongType(self.name.text, TYPES[wanted][1], described(value), setting.span))
        return value

    def _allowed(self, value: Value, span: Span, place: Place) -> Value:
        allowed = self._arg.allowed
        assert allowed is not None
        while isinstance(allowed, Paren):
            allowed = allowed.value
        if isinstance(allowed, Binary) and allowed.operator == "..":
            ends = evaluate(allowed.left, place), evaluate(allowed.right, place)
            if is_poison(value) or any(is_poison(end) for end in ends):
                return POISON
            if not all(is_number(end) for end in ends):
                return place.session.report(WrongType("in", "a list or a range of numbers", "something else", allowed.span))
            fine = is_number(value) and ends[0] <= value <= ends[1]  # type: ignore[operator]
            text = f"{shown(ends[0])} to {shown(ends[1])}"
        else:
            values = evaluate(allowed, place)
            if is_poison(values) or is_poison(value):
                return POISON
            if not isinstance(values, tuple):
                return place.session.report(WrongType("in", "a list or a range", described(values), allowed.span))
            fine = any(type(item) is type(value) and item == value for item in values) or _as_float(value, values)
            text = ", ".join(shown(item) for item in values[:12])
            if isinstance(value, Word):
                value = Word(value.text, tuple(item.text for item in values if isinstance(item, Word)))
        if not fine:
            return place.session.report(NotAllowed(self.name.text, shown(value), text, span, allowed.span))
        return value


def _as_float(value: Value, allowed: tuple[Value, ...]) -> bool:
    return is_number(value) and any(is_number(item) and item == value for item in allowed)


def _fits(value: Value, name: str) -> bool:
    match name:
        case "bool":
            return isinstance(value, bool)
        case "int":
            return isinstance(value, int) and not isinstance(value, bool)
        case "float":
            return is_number(value)
    return isinstance(value, str)


@dataclass(frozen=True, slots=True)
class BlockDefinition:
    """A block, with the file that its names are looked up in."""

    block: Block
    file: File


@dataclass(frozen=True, slots=True)
class Part:
    """An item of a section, with the file that its names are looked up in."""

    item: Item
    file: File


@dataclass(eq=False)
class SectionDefinition:
    """A section of a file. `merged` is the section that took its place, where a file that imports it wrote it again."""

    kind: str
    name: Ident | None
    parts: tuple[Part, ...]
    file: File
    span: Span
    merged: SectionDefinition | None = None

    @property
    def latest(self) -> SectionDefinition:
        """The section as it stands in the end."""
        return self.merged.latest if self.merged else self

    @property
    def key(self) -> tuple[str, str | None]:
        """Kind and name."""
        return self.kind, self.name.text if self.name else None

    @property
    def title(self) -> str:
        """How a message names it."""
        return f"{self.kind} {self.name.text}" if self.name else self.kind
