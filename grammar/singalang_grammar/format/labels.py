"""The one change that the formatter makes to a tree: a label that says its binding's name once more is dropped."""

from __future__ import annotations

from msgspec.structs import replace

from singalang_grammar.tree import Bind, Block, Chain, Item, LayerStage, On, Program, Section, When


def without_needless_labels(program: Program) -> Program:
    """The program without labels that equal the name they are bound to: `x = a -> x: dense(10)` is `x = a -> dense(10)`.

    The last layer of a chain that is the whole value of a binding has the binding's name anyway.
    """
    return replace(program, items=tuple(map(_item, program.items)))


def _item(item: Item) -> Item:
    match item:
        case Bind(name, Chain(stages=[*_, LayerStage(label=label)]) as chain) if label is not None and label.text == name.text:
            last = replace(chain.stages[-1], label=None)
            return replace(item, value=replace(chain, stages=(*chain.stages[:-1], last)))
        case Section() | Block() | On() | When():
            return replace(item, body=tuple(map(_item, item.body)))
        case _:
            return item
