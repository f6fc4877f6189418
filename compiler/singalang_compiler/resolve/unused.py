"""Names that are defined and never used: warnings, read off the syntax alone."""

from __future__ import annotations

from singalang_compiler.codes.e0108_unused_name import UnusedName
from singalang_compiler.resolve.files import File
from singalang_compiler.resolve.session import Session
from singalang_compiler.resolve.walking import words_used
from singalang_grammar.tree import Arg, Bind, Block, Ident, Import, Item, KindSelector, On, Section, When


def warn_unused(main: File, session: Session) -> None:
    """Warns of what a file defines and does not use. Library files, without nets and training, export what they define."""
    program = main.program
    trains = any(isinstance(item, Section) and item.kind.text == "train" for item in program.items)
    makes_nets = trains or any(isinstance(item, Section) and item.kind.text == "net" for item in program.items)
    used = words_used(program.items) | _selected_kinds(program.items)
    for item in program.items:
        for what, name in _defined(item, trains, makes_nets, main):
            if name.text not in used and not session.is_broken(name.text, name.span):
                session.report(UnusedName(what, name.text, name.span))


def _defined(item: Item, trains: bool, makes_nets: bool, main: File) -> list[tuple[str, Ident]]:
    """What an item defines that should be used somewhere."""
    match item:
        case Import(names=names) if makes_nets and names is not None:
            return [("import", name) for name in names if not _is_section(name.text, main)]
        case Arg(name=name) if makes_nets:
            return [("arg", name)]
        case Bind(name=name) if makes_nets:
            return [("constant", name)]
        case Block(name=name) if trains:
            return [("block", name)]
        case Section(kind=kind, name=name) if trains and kind.text == "data" and name is not None and name.text not in main.lifted:
            return [("data section", name)]
    return []


def _is_section(name: str, main: File) -> bool:
    """Whether a name is that of a section: it is part of the job by standing there."""
    return any(own == name for _, own in main.sections)


def _selected_kinds(items: tuple[Item, ...]) -> set[str]:
    """Kinds and blocks that rules name: `on all residual`."""
    found: set[str] = set()
    waiting = list(items)
    while waiting:
        item = waiting.pop()
        if isinstance(item, On):
            found |= {one.kind.text for one in item.selectors if isinstance(one, KindSelector) and one.kind}
        if isinstance(item, Section | Block | When | On):
            waiting.extend(item.body)
    return found
