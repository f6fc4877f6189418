"""What `--set` says: args of the file and of its imports, and fields of sections."""

from __future__ import annotations

from collections.abc import Iterable

from singalang_compiler.codes.e0122_unknown_setting import UnknownSetting
from singalang_compiler.codes.e0131_bad_setting import BadSetting
from singalang_compiler.resolve.definitions import ArgDefinition, Part, SectionDefinition, Setting
from singalang_compiler.resolve.files import File, merge_parts
from singalang_compiler.resolve.session import Session
from singalang_compiler.sections.schema import NESTED, SECTIONS, schema
from singalang_grammar.literals import quoted
from singalang_grammar.parse.parser import parse_expression
from singalang_grammar.source import Source, Span
from singalang_grammar.tree import Bind, Expr, Ident, Item, Section, String


def apply_settings(main: File, files: Iterable[File], session: Session) -> dict[str, str]:
    """Hands every setting to what it sets; reports those that set nothing. Gives them by key, the last of each."""
    said: dict[str, str] = {}
    for text in session.request.settings:
        source = Source(f"--set {text}", text)
        key, equals, value = text.partition("=")
        whole = Span(source, 0, len(text))
        if not equals or not key.strip():
            session.report(BadSetting(text, whole))
            continue
        said[key.strip()] = value.strip()
        _apply(key.strip(), value.strip(), Span(source, 0, len(key)), main, list(files), session)
    return said


def _apply(key: str, value: str, span: Span, main: File, files: list[File], session: Session) -> None:
    setting = _setting(value, span.source.path)
    first, _, rest = key.partition(".")
    arg = main.definitions.get(key)
    if isinstance(arg, ArgDefinition):
        arg.setting = setting
    elif not rest:
        session.report(UnknownSetting(key, span, _settable(main, files)))
    elif any(kind == first for kind, _ in main.sections):
        _set_field(first, rest.split("."), setting, span, main, files, session)
    elif not _set_imported(first, rest, setting, files):
        session.report(UnknownSetting(key, span, _settable(main, files)))


def _setting(value: str, path: str) -> Setting:
    """The value's text, and the expression that it is, if it is one."""
    source = Source(path, value)
    outcome = parse_expression(source)
    expr = outcome.value if not outcome.failed else None
    return Setting(value, expr, Span(source, 0, len(value)))


def _set_imported(stem: str, name: str, setting: Setting, files: list[File]) -> bool:
    for file in files:
        arg = file.definitions.get(name)
        if file.stem == stem and not file.is_main and isinstance(arg, ArgDefinition) and arg.file is file:
            arg.setting = setting
            return True
    return False


def _set_field(kind: str, path: list[str], setting: Setting, span: Span, main: File, files: list[File], session: Session) -> None:
    key = ".".join((kind, *path))
    if kind == "net":
        reason, hint = "nets change through args alone", "write `arg NAME = ...` in the file and use it in the net"
        session.report(UnknownSetting(key, span, (), reason, hint))
        return
    sections = [section for (own, _), section in main.sections.items() if own == kind]
    names = {section.name.text: section for section in sections if section.name}
    if len(path) > 1 and path[0] in names:
        section, path = names[path[0]], path[1:]
    elif len(sections) == 1:
        section = sections[0]
    else:
        known = tuple(f"{kind}.{name}." + ".".join(path) for name in names)
        reason = f"the program has {len(sections)} sections `{kind}`"
        session.report(
            UnknownSetting(key, span, known, reason, f"write {kind}.NAME.FIELD, such as `{known[0]}`" if known else None)
        )
        return
    item = _as_item(path, setting, span, section, kind)
    if item is None:
        session.report(UnknownSetting(key, span, _settable(main, files)))
        return
    section = section.latest
    section.parts = merge_parts(section.parts, (Part(item, main),))


def _as_item(path: list[str], setting: Setting, span: Span, section: SectionDefinition, kind: str) -> Item | None:
    """A field as it would stand in the section; None where no such place is in it."""
    if len(path) == 1:
        start = span.start + len(span.text) - len(path[0])
        expr: Expr = setting.expr or String(quoted(setting.text), setting.span)
        return Bind(Ident(path[0], Span(span.source, start, span.end)), expr, span)
    nested = [part.item for part in section.parts if isinstance(part.item, Section) and part.item.kind.text == path[0]]
    if path[0] not in NESTED.get(kind, ()):
        return None
    rest = path[1:]
    name = nested[0].name if nested else None
    if name is not None and len(rest) > 1 and rest[0] == name.text:
        rest = rest[1:]
    if len(rest) != 1 or (path[0] == "updater" and not nested):
        return None
    inner = _as_item(rest, setting, span, section, kind)
    return Section(Ident(path[0], span), name, (inner,) if inner else (), span)


def _settable(main: File, files: list[File]) -> tuple[str, ...]:
    """All that can be set, for did-you-mean: args first."""
    args = [name for name, definition in main.definitions.items() if isinstance(definition, ArgDefinition)]
    for file in files:
        if not file.is_main:
            own = (name for name, arg in file.definitions.items() if isinstance(arg, ArgDefinition) and arg.file is file)
            args += [f"{file.stem}.{name}" for name in own]
    fields: list[str] = []
    for kind in SECTIONS:
        keys = [key for key in main.sections if key[0] == kind]
        for _, name in keys if kind != "net" else ():
            start = kind if len(keys) == 1 else f"{kind}.{name}"
            fields += [f"{start}.{field.name}" for field in schema(kind).fields]
    return (*args, *fields)
