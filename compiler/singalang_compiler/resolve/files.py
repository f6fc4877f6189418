"""One file of a program: the names, blocks, kinds and sections that can be seen in it. Knows no import statement."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import PurePath

from msgspec import structs

from singalang_compiler.codes.e0102_defined_twice import DefinedTwice
from singalang_compiler.codes.e0104_hidden_name import HiddenName
from singalang_compiler.library import kinds
from singalang_compiler.library.kinds import Kind
from singalang_compiler.resolve.definitions import BlockDefinition, Definition, Part, SectionDefinition, SectionValue
from singalang_compiler.resolve.operators import FUNCTIONS
from singalang_compiler.resolve.scopes import ABSENT, Absent, Origin, Place
from singalang_compiler.resolve.session import Session
from singalang_compiler.resolve.values import POISON, Value
from singalang_grammar.source import Span
from singalang_grammar.tree import Bind, Declaration, Item, On, Program, Section

FUNCTION_NAMES = (*FUNCTIONS, "param")
"""Names that every file can see."""


class File:
    """A file: its scope of names, and what else is visible in it. `importing` adds to it while imports are read."""

    def __init__(self, session: Session, program: Program, is_main: bool) -> None:
        self.session = session
        self.program = program
        self.is_main = is_main
        self.stem = PurePath(program.source.path).stem
        self.definitions: dict[str, Definition] = {}
        self.lifted: set[str] = set()  # names that `import all` brought
        self.blocks: dict[str, BlockDefinition] = {}
        self.user_kinds: dict[tuple[str, str], Kind] = {}
        self.sections: dict[tuple[str, str | None], SectionDefinition] = {}
        self.lost: set[str] = set()  # names of imports that failed
        self.all_lost = False  # an `import all` failed: any name may have come from it
        self.place = Place(session, self, self)

    def find(self, name: str, use: Span) -> Value | Absent:
        """The value of a name of this file."""
        definition = self.definitions.get(name)
        if definition is not None:
            return definition.value(use)
        return POISON if name in self.lost else ABSENT

    def names(self) -> Iterable[str]:
        """Every name of this file that has a value."""
        return sorted(self.definitions)

    def taken(self, name: str) -> tuple[str, Span | None] | None:
        """What has this name already."""
        definition = self.definitions.get(name)
        if definition is not None:
            return definition.what, definition.name.span
        return ("a built-in function", None) if name in FUNCTION_NAMES else None

    def origin(self, name: str) -> Origin | None:
        """Where the value of a name is written: a constant, or an arg's default or setting."""
        definition = self.definitions.get(name)
        expr = definition.written if definition else None
        return (expr, definition.file) if definition and expr else None

    def kind(self, family: str, name: str) -> Kind | None:
        """The kind of this family and name: an imported one, or the library's."""
        return self.user_kinds.get((family, name)) or kinds.find(family, name)

    def kind_names(self, family: str) -> Iterable[str]:
        """Names of all kinds of a family."""
        return [*(name for own, name in self.user_kinds if own == family), *kinds.names(family)]

    def block(self, name: str) -> BlockDefinition | None:
        """The block of this name."""
        return self.blocks.get(name)

    def block_names(self) -> Iterable[str]:
        """Names of all blocks."""
        return sorted(self.blocks)

    def is_lost(self, name: str) -> bool:
        """Whether the name would have come from an import that failed."""
        return self.all_lost or name in self.lost

    def define(self, definition: Definition, lifted: bool = False) -> None:
        """Adds a named value; reports a second one of the same name, or one that hides a function."""
        name = definition.name
        before = self.definitions.get(name.text)
        if before is definition:
            return
        if before is not None and not _is_merged(before, definition):
            if isinstance(before, SectionValue) and isinstance(definition, SectionValue) and before.what == definition.what:
                return  # told of as a section
            if name.text in self.lifted and not lifted:
                self.session.report(HiddenName(name.text, name.span, before.what, before.name.span))
            else:
                self.session.report(DefinedTwice(_bare(definition.what), name.text, before.name.span, name.span))
            return
        if before is None and name.text in FUNCTION_NAMES:
            self.session.report(HiddenName(name.text, name.span, "a built-in function"))
        self.definitions[name.text] = definition
        if lifted:
            self.lifted.add(name.text)

    def define_block(self, definition: BlockDefinition) -> None:
        """Adds a block; reports a second one, or one that hides a layer kind."""
        name = definition.block.name
        before = self.blocks.get(name.text)
        if before is not None and before.block is not definition.block:
            self.session.report(DefinedTwice("block", name.text, before.block.name.span, name.span))
            return
        if any(self.kind(family, name.text) for family in ("layers", "metrics", "sinks")):
            self.session.report(HiddenName(name.text, name.span, "a layer of the library"))
        self.blocks[name.text] = definition

    def define_section(self, section: Section) -> None:
        """Adds a section of this file; merges it with an imported one of the same kind and name."""
        name = section.name
        made = SectionDefinition(section.kind.text, name, self._parts(section), self, section.head)
        before = self.sections.get(made.key)
        if before is not None and before.file is self and before.merged is None and before.span.source is section.span.source:
            self.session.report(DefinedTwice("section", made.title, before.span, made.span, _section_hint(made)))
            return
        if made.kind == "updater":
            self._one_updater(made)
        if before is not None and made.key in self.sections:
            made = replace(made, parts=merge_parts(before.latest.parts, made.parts))
            before.latest.merged = made
        self.adopt(made)

    def _one_updater(self, made: SectionDefinition) -> None:
        """At most one updater stands in a file; an own one takes the place of an imported one of another kind."""
        for key, other in list(self.sections.items()):
            if key[0] == "updater" and key != made.key:
                if other.span.source is made.span.source:
                    self.session.report(DefinedTwice("updater", "", other.span, made.span, "give each `train` section its own"))
                else:
                    del self.sections[key]

    def adopt(self, section: SectionDefinition) -> None:
        """Makes a section visible, and its name where it has a value."""
        self.sections[section.key] = section
        if section.kind in ("data", "net") and section.name is not None:
            before = self.definitions.get(section.name.text)
            if isinstance(before, SectionValue) and before.section.latest is section:
                return
            self.define(SectionValue(section), lifted=section.file is not self)

    def _parts(self, section: Section) -> tuple[Part, ...]:
        for part in (item for item in section.body if isinstance(item, On)) if section.kind.text == "net" else (section,):
            self._refuse_repeated(part)
        return tuple(Part(item, self) for item in section.body)

    def _refuse_repeated(self, fields: Section | On) -> None:
        """Reports fields that a section, or a rule in it, sets twice."""
        first: dict[str, Span] = {}
        for item in fields.body:
            if isinstance(item, Bind | Declaration):
                before = first.setdefault(item.name.text, item.name.span)
                if before is not item.name.span:
                    self.session.report(DefinedTwice("field", item.name.text, before, item.name.span))
            elif isinstance(item, Section | On):
                self._refuse_repeated(item)


def _section_hint(section: SectionDefinition) -> str | None:
    return "give each a name: `train first { ... }`" if section.name is None else None


def _is_merged(before: Definition, after: Definition) -> bool:
    """Whether one section took the place of another."""
    return isinstance(before, SectionValue) and isinstance(after, SectionValue) and before.section.latest is after.section


def _bare(what: str) -> str:
    return what.split(" ", 1)[1]


def merge_parts(base: tuple[Part, ...], over: tuple[Part, ...]) -> tuple[Part, ...]:
    """The items of a section that is written again: fields are replaced, nested sections merged, the rest added."""
    merged = list(base)
    for part in over:
        key = _key(part.item)
        place = next((number for number, old in enumerate(merged) if key is not None and _key(old.item) == key), None)
        if place is None:
            merged.append(part)
        elif isinstance(part.item, Section) and isinstance(merged[place].item, Section):
            merged[place] = _merged_section(merged[place], part)
        else:
            merged[place] = part
    return tuple(merged)


def _merged_section(old: Part, new: Part) -> Part:
    assert isinstance(old.item, Section) and isinstance(new.item, Section)
    inner = merge_parts(
        tuple(Part(item, old.file) for item in old.item.body), tuple(Part(item, new.file) for item in new.item.body)
    )
    return Part(structs.replace(new.item, body=tuple(part.item for part in inner)), new.file)


def _key(item: Item) -> tuple[str, ...] | None:
    match item:
        case Bind(name=name):
            return "bind", name.text
        case Declaration(name=name):
            return "declaration", name.text
        case Section(kind=kind, name=name):
            return "section", kind.text, *((name.text,) if name else ())
    return None
