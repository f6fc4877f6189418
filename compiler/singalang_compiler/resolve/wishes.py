"""What the type of an attribute says about an expression before it is evaluated: which words and kinds it may name."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from singalang_compiler.library.attributes import (
    AttributeType,
    BoundedType,
    FamilyType,
    FormType,
    NoneType,
    ScalarType,
    TupleType,
    UnionType,
    UnitType,
    WordType,
)


@dataclass(frozen=True, slots=True)
class Wishes:
    """`words` that win over names, `families` and `forms` whose kinds may be called, `names`: a name is taken as written."""

    words: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    forms: tuple[str, ...] = ()
    names: bool = False
    tuples: tuple[TupleType, ...] = ()


@dataclass(frozen=True, slots=True)
class Want:
    """A type that an expression should have, and the name of the attribute that wants it, for messages."""

    type: AttributeType
    name: str

    @property
    def wishes(self) -> Wishes:
        """What the type says about the expression."""
        return wishes_of(self.type)

    def item(self, place: int) -> Want | None:
        """The type of an item of a list."""
        options: list[AttributeType] = []
        for option in self.wishes.tuples:
            if option.repeated:
                options.append(option.items[0])
            elif place < len(option.items):
                options.append(option.items[place])
        if not options:
            return None
        return Want(options[0] if len(options) == 1 else UnionType(tuple(options)), self.name)


NOTHING = Wishes()


@cache
def wishes_of(wanted: AttributeType) -> Wishes:
    """What a type says about an expression."""
    match wanted:
        case WordType(words=words):
            return Wishes(words=words)
        case FamilyType(family=family):
            return Wishes(families=(family,))
        case FormType(name=name):
            return Wishes(forms=(name,))
        case ScalarType(name="Name"):
            return Wishes(names=True)
        case TupleType():
            return Wishes(tuples=(wanted,))
        case BoundedType(inner=inner):
            return wishes_of(inner)
        case UnionType(options=options):
            found = [wishes_of(option) for option in options]
            return Wishes(
                words=tuple(word for one in found for word in one.words),
                families=tuple(family for one in found for family in one.families),
                forms=tuple(form for one in found for form in one.forms),
                names=any(one.names for one in found),
                tuples=tuple(option for one in found for option in one.tuples),
            )
        case ScalarType() | UnitType() | NoneType():
            return NOTHING
