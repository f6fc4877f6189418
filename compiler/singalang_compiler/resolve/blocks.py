"""The attributes of a block's instance. Knows nothing of bodies."""

from __future__ import annotations

from dataclasses import replace

from singalang_compiler.codes.e0115_not_given import NotGiven
from singalang_compiler.resolve.arguments import Taker, match_arguments
from singalang_compiler.resolve.definitions import BlockDefinition
from singalang_compiler.resolve.evaluate import evaluate
from singalang_compiler.resolve.scopes import ABSENT, Local, Origin, Place, is_poison
from singalang_compiler.resolve.values import POISON, Value
from singalang_grammar.source import Span
from singalang_grammar.tree import Block, Expr, LayerStage, Name


def instance_attributes(
    block: BlockDefinition, stage: LayerStage, place: Place
) -> tuple[dict[str, Value] | None, dict[str, Origin]]:
    """The attributes of an instance, given or by default, and where they are written; None where one is wrong."""
    parameters = block.block.parameters or ()
    names = tuple(parameter.name.text for parameter in parameters)
    given = match_arguments(Taker(block.block.name.text, names, names), stage.arguments or (), place)
    values: dict[str, Value] = {}
    origins: dict[str, Origin] = {}
    whole = given.whole
    for parameter in parameters:
        name, default = parameter.name.text, parameter.default
        inner = replace(block.file.place, scope=Local(block.file, values, "an attribute of the block"), words=True)
        if name in given.values:
            around = replace(place, words=True) if _is_word(default, inner) else place
            values[name] = evaluate(given.values[name], around)
            origins[name] = (given.values[name], place.scope)
        elif default is not None:
            values[name] = evaluate(default, inner)
            origins[name] = (default, inner.scope)
        else:
            if given.whole:
                place.session.report(NotGiven(block.block.name.text, name, "an attribute without a default", stage.span))
            values[name] = POISON
        whole = whole and not is_poison(values[name])
    return (values if whole else None), origins


def spans_of(block: Block) -> dict[str, Span]:
    """Where the inputs and attributes of a block are named."""
    parameters = (parameter.name for parameter in block.parameters or ())
    return {name.text: name.span for name in (*block.inputs, *parameters)}


def _is_word(default: Expr | None, place: Place) -> bool:
    """Whether a block's attribute takes bare words: its default is one."""
    return isinstance(default, Name) and place.scope.find(default.text, default.span) is ABSENT
