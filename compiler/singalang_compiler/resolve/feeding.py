"""What may stand behind an arrow, and what to write in place of what may not stand before one."""

from __future__ import annotations

from singalang_compiler.library.kinds import Kind
from singalang_compiler.resolve.scopes import Place
from singalang_compiler.resolve.values import Deferred, HolderValue, Value
from singalang_grammar.tree import Call, Name

LAYER_FAMILIES = ("layers", "metrics", "sinks")
"""Families whose kinds may stand behind `->`."""


def layer_kind(name: str, place: Place) -> Kind | None:
    """The kind of a name that may stand behind `->`, if there is one."""
    return next((kind for family in LAYER_FAMILIES if (kind := place.visible.kind(family, name))), None)


def how_to_feed(value: Value, place: Place) -> str | None:
    """What to write in place of a value that cannot be fed to a layer, where that is plain."""
    match value:
        case HolderValue(what="data section"):
            return "a data section has fields: `data.field`"
        case Deferred(expr=Call(callee=Name(text=name))) if layer_kind(name, place) or name in place.visible.block_names():
            return f"layers stand behind arrows: `x -> {name}(...)`"
    return None
