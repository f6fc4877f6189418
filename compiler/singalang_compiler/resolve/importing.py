"""Reads a file and all that it imports. Knows no meaning of what it reads but names."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable

from singalang_compiler.codes.e0104_hidden_name import HiddenName
from singalang_compiler.codes.e0105_missing_file import MissingFile
from singalang_compiler.codes.e0106_import_cycle import ImportCycle
from singalang_compiler.codes.e0107_not_in_file import NotInFile
from singalang_compiler.codes.e0115_not_given import NotGiven
from singalang_compiler.codes.e0121_unknown_section import UnknownSection
from singalang_compiler.codes.e0126_python_file import PythonFile
from singalang_compiler.codes.e0128_misplaced import Misplaced
from singalang_compiler.library.kinds import Kind
from singalang_compiler.library.user_files import Fault, read_kinds, run_kinds
from singalang_compiler.resolve.definitions import ArgDefinition, BlockDefinition, ConstantDefinition
from singalang_compiler.resolve.files import File
from singalang_compiler.resolve.request import beside
from singalang_compiler.resolve.session import Session
from singalang_compiler.sections.schema import NESTED, SECTIONS
from singalang_grammar.diagnostics import Outcome
from singalang_grammar.literals import text_of
from singalang_grammar.source import Source, Span
from singalang_grammar.tree import Arg, Bind, Block, Declaration, Flow, Ident, Import, Item, On, Program, Return, Section, When


class Importer:
    """The files of a program, each read once."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._files: dict[str, File | None] = {}
        self._python: dict[str, tuple[Kind, ...] | None] = {}
        self._open: list[str] = []

    @property
    def files(self) -> Iterable[File]:
        """All files that could be read, the main one first."""
        return [file for file in self._files.values() if file is not None]

    @property
    def user_kinds(self) -> tuple[Kind, ...]:
        """Every kind of every Python file that was read."""
        return tuple(kind for kinds in self._python.values() if kinds for kind in kinds)

    def main(self, program: Program) -> File:
        """The main file with its imports."""
        return self._file(program, program.source.path, is_main=True)

    def load(self, path: str, span: Span, written: str) -> File | None:
        """A file by its path; None where it cannot be had, and that was reported at `span`."""
        key = posixpath.normpath(path)
        if key in self._open:
            cycle = (*self._open[self._open.index(key) :], key)
            self._session.report(ImportCycle(written, span, tuple(posixpath.basename(step) for step in cycle)))
            return None
        if key not in self._files:
            self._files[key] = None
            source = self._source(path, span, written)
            program = self._parsed(source) if source else None
            if program is not None:
                self._files[key] = self._file(program, path, is_main=False)
        return self._files[key]

    def _source(self, path: str, span: Span, written: str) -> Source | None:
        found = self._session.request.read(path)
        if found.value is None:
            reason = found.diagnostics[0].title if found.diagnostics else "there is no such file"
            self._session.report(MissingFile(written, span, _reason(reason, written, path)))
        return found.value

    def _parsed(self, source: Source) -> Program | None:
        from singalang_grammar.parse.parser import parse

        outcome: Outcome[Program] = parse(source)
        for found in outcome.diagnostics:
            self._session.add(found)
        return outcome.value

    def _file(self, program: Program, path: str, is_main: bool) -> File:
        key = posixpath.normpath(path)
        self._session.add_program(program)
        file = File(self._session, program, is_main)
        self._files[key] = file
        self._open.append(key)
        for item in program.items:
            if isinstance(item, Import):
                self._import(item, file)
        self._open.pop()
        for item in program.items:
            if not isinstance(item, Import):
                _define(item, file)
        return file

    def _import(self, item: Import, file: File) -> None:
        written = text_of(item.path.raw)
        path = beside(file.program.source.path, written)
        if written.endswith(".py"):
            self._import_python(item, file, path, written)
            return
        other = self.load(path, item.path.span, written)
        if other is None:
            _lose(item, file)
        elif item.names is None:
            _take_all(other, file)
        else:
            for name in item.names:
                self._take(name, other, file, written)

    def _take(self, name: Ident, other: File, file: File, written: str) -> None:
        sections = [section for key, section in other.sections.items() if key[1] == name.text and key[0] != "updater"]
        definition, block = other.definitions.get(name.text), other.blocks.get(name.text)
        if not sections and definition is None and block is None:
            file.lost.add(name.text)
            if not other.is_lost(name.text) and not _is_broken_in(name.text, other):
                known = (*other.definitions, *other.blocks, *(key[1] for key in other.sections if key[1]))
                self._session.report(NotInFile(name.text, written, name.span, known))
            return
        if block is not None:
            file.define_block(block)
        if definition is not None:
            file.define(definition)
        for section in sections:
            file.adopt(section)

    def _import_python(self, item: Import, file: File, path: str, written: str) -> None:
        if path not in self._python:
            self._python[path] = self._python_kinds(path, item, written)
        kinds = self._python[path]
        if kinds is None:
            _lose(item, file)
            return
        by_name = {kind.name: kind for kind in kinds}
        for name in item.names or tuple(Ident(kind.name, item.path.span) for kind in kinds):
            kind = by_name.get(name.text)
            if kind is None:
                file.lost.add(name.text)
                self._session.report(NotInFile(name.text, written, name.span, tuple(by_name)))
                continue
            if file.kind(kind.family, kind.name) is not None:
                self._session.report(HiddenName(name.text, name.span, "a kind of the library"))
            file.user_kinds[kind.family, kind.name] = kind

    def _python_kinds(self, path: str, item: Import, written: str) -> tuple[Kind, ...] | None:
        source = self._source(path, item.path.span, written)
        if source is None:
            return None
        self._session.sources.append(source)
        found = read_kinds(source, source.path)
        if not isinstance(found, Fault) and self._session.request.run_python:
            found = run_kinds(source, found)
        if isinstance(found, Fault):
            self._session.report(PythonFile(written, found.line, found.reason, item.path.span, found.hint))
            return None
        return found


def _is_broken_in(name: str, file: File) -> bool:
    return file.session.is_broken(name, Span(file.program.source, 0, 0))


def _reason(title: str, written: str, path: str) -> str:
    """A reader's complaint as a label: without the path, which the title says."""
    for name in (f"`{path}`", f"`{written}`"):
        title = title.replace(f"cannot read {name}: ", "").replace(f"{name}: ", "")
    return title


def _lose(item: Import, file: File) -> None:
    if item.names is None:
        file.all_lost = True
    else:
        file.lost |= {name.text for name in item.names}


def _take_all(other: File, file: File) -> None:
    """Everything that another file defines, and what it took whole from others."""
    file.all_lost = file.all_lost or other.all_lost
    file.lost |= other.lost
    for name, definition in other.definitions.items():
        if definition.file is other or name in other.lifted:
            file.define(definition, lifted=True)
    for block in other.blocks.values():
        file.define_block(block)
    file.user_kinds |= other.user_kinds
    for section in other.sections.values():
        file.adopt(section)


_FILE_LEVEL = "at file level"


def _define(item: Item, file: File) -> None:
    """Adds what an item defines to its file; reports what has no place at file level."""
    match item:
        case Arg():
            file.define(ArgDefinition(item, file))
        case Bind():
            file.define(ConstantDefinition(item, file))
        case Block():
            file.define_block(BlockDefinition(item, file))
        case Section(kind=kind):
            if kind.text in SECTIONS:
                _check_named(item, file)
                file.define_section(item)
            else:
                _unknown_section(item, file)
        case Declaration(name=name):
            file.session.report(Misplaced("a declaration", _FILE_LEVEL, name.span, "fields are declared in a `data` section"))
        case Flow(head=head):
            file.session.report(Misplaced("a chain", _FILE_LEVEL, head.span, "write it in a `net` or `block`"))
        case On():
            file.session.report(
                Misplaced("a rule", _FILE_LEVEL, _head(item.span, "on"), "write it in a `net`, `train` or `topology`")
            )
        case When():
            file.session.report(Misplaced("`when`", _FILE_LEVEL, _head(item.span, "when"), "write it in a `net` or `block`"))
        case Return():
            file.session.report(Misplaced("`return`", _FILE_LEVEL, _head(item.span, "return"), "write it in a `block`"))


def _head(span: Span, word: str) -> Span:
    return Span(span.source, span.start, min(span.end, span.start + len(word)))


_NEEDS_NAME = {"data": "data digits", "net": "net mlp", "updater": "updater sgd", "topology": "topology cluster"}


def _check_named(item: Section, file: File) -> None:
    example = _NEEDS_NAME.get(item.kind.text)
    if example and item.name is None:
        what = "the kind of updater" if item.kind.text == "updater" else "a name"
        file.session.report(NotGiven(item.kind.text, "NAME", f"{what}, as in `{example} {{ ... }}`", item.kind.span))


def _unknown_section(item: Section, file: File) -> None:
    kind = item.kind
    if file.session.is_broken(kind.text, kind.span):
        return
    parents = [parent for parent, nested in NESTED.items() if kind.text in nested]
    hint = f"a `{kind.text}` section stands in a `{parents[0]}` section" if parents else None
    file.session.report(UnknownSection(kind.text, kind.span, SECTIONS, hint))
