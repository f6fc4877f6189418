"""Reference pages in Markdown, made from the files of the library and of the sections; nothing is said here twice.

`python -m singalang_compiler.reference docs/reference` writes them. Knows no kind and no field by name.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from singalang_compiler.library import kinds
from singalang_compiler.library.attributes import FAMILIES, AttributeType, BoundedType, UnionType, WordType
from singalang_compiler.library.kinds import MISSING, Attribute, Kind, attributes_of, field_docs
from singalang_compiler.sections import data, net, updater
from singalang_compiler.sections.schema import FORMS, NESTED, SECTIONS, form_kinds

_INTRODUCTIONS = {
    "layers": "What stands after `->` in a net: `x -> dense(10)`; with several inputs `(a, b) -> add`.",
    "updaters": "How parameters change, given their gradients: `updater sgd { lr = 0.1, momentum = 0.9 }`.",
    "schedules": "Learning rates that depend on the step: `lr = step(0.1, gamma = 0.5, every = 1000)`. A plain number is `fixed`.",
    "inits": "First values of parameters: `weight = gaussian(std = 0.01)`. A plain number is `constant`.",
    "algorithms": "How one batch teaches a net: `algorithm = bp` in a `train` section.",
    "metrics": "Numbers that are reported and never trained on: `(scores, labels) -> accuracy`.",
    "sources": 'Where records come from: `train = csv("train.csv", batch = 64)` in a `data` section.',
    "sinks": 'Where outputs go: `x -> csv_output("out.csv")`.',
}
_SHARED: Mapping[str, tuple[str, type]] = {
    "layers": ("Every layer also takes these, and one attribute for each of its parameters:", net.LayerFields),
    "updaters": ("Every updater section also has these fields:", updater.Fields),
    "sources": ("Every source also takes these:", data.SourceFields),
}
_NOTE = "<!-- Made by `python -m singalang_compiler.reference docs/reference` from the library's own files: change those. -->"


def reference_pages() -> dict[str, str]:
    """All pages by file name: one for each family that has kinds, one for sections, and `README.md`, which lists them."""
    families = [family for family in FAMILIES.values() if kinds.names(family)]
    pages = {f"{family}.md": reference_page(family) for family in families}
    return {**pages, "sections.md": sections_page(), "README.md": _index(families)}


def reference_page(family: str) -> str:
    """The page of a family of the library: each kind with its documentation, attributes, defaults and constants."""
    parts = [f"# {_title(family)}", _NOTE, _INTRODUCTIONS[family]]
    if family in _SHARED:
        sentence, cls = _SHARED[family]
        parts += [sentence, _table(attributes_of(cls), field_docs(cls), "attribute")]
    for kind in _kinds(family):
        parts += [f"## `{kind.name}`", *_kind_parts(kind)]
    return _joined(parts)


def sections_page() -> str:
    """The page of the sections of a file: their fields, those of their `on` rules, and the forms that only they have."""
    parts = ["# Sections", _NOTE, "What a `.singa` file is made of. Anything else is an unknown field."]
    for name in sorted({*SECTIONS, *(inner for those in NESTED.values() for inner in those)}):
        parts += _section_parts(name)
    parts.append("## Forms")
    for form in FORMS:
        for kind in form_kinds(form).values():
            parts += [f"### `{_signature(kind)}`", _prose(kind.doc), _table(kind.attributes, _docs(kind), "attribute")]
    return _joined(parts)


def _section_parts(name: str) -> list[str]:
    module = import_module(f"singalang_compiler.sections.{name}")
    parts = [f"## `{name}`", _prose(module.Fields.__doc__)]
    outside = " or ".join(f"`{outer}`" for outer, those in NESTED.items() if name in those)
    if outside:
        parts.append(f"Stands in a {outside} section." if name not in SECTIONS else f"Stands in a file, or in a {outside} section.")
    for title, cls in (("", module.Fields), ("In its `on` rules:", getattr(module, "Rules", None))):
        if cls is not None and attributes_of(cls):
            parts += [title, _table(attributes_of(cls), field_docs(cls), "field")]
    return parts


def _index(families: Iterable[str]) -> str:
    parts = ["# Reference", _NOTE, "[Sections](sections.md) and their fields, and the kinds of the library:"]
    for family in families:
        rows = [f"| [`{kind.name}`]({family}.md#{kind.name}) | {_cell(_first_sentence(kind.doc))} |" for kind in _kinds(family)]
        parts += [f"## [{_title(family)}]({family}.md)", "\n".join(["| kind | |", "|---|---|", *rows])]
    return _joined(parts)


def _kinds(family: str) -> list[Kind]:
    found = [kinds.find(family, name) for name in kinds.names(family)]
    return [kind for kind in found if kind is not None]


def _kind_parts(kind: Kind) -> list[str]:
    parts = [] if kind.family == "updaters" else [f"    {_signature(kind)}"]
    parts.append(_prose(kind.doc))
    if kind.attributes:
        parts.append(_table(kind.attributes, _docs(kind), "field" if kind.family == "updaters" else "attribute"))
    facts = [f"{name}: {fact}." for name, fact in _facts(kind.constants).items()]
    return [*parts, "\n".join(f"* {fact}" for fact in facts)] if facts else parts


def _facts(constants: Mapping[str, Any]) -> dict[str, str]:
    """What the class constants of a kind mean for its user; the others are between kind and compiler."""
    facts: dict[str, str] = {}
    if "arity" in constants:
        least, most = constants["arity"]
        facts["Inputs"] = f"{least}" if least == most else f"{least} or more" if most is None else f"{least} to {most}"
    for name, title in (("parameter_names", "Parameters"), ("metric_names", "Metrics"), ("slots", "Kept for each element")):
        if constants.get(name):
            facts[title] = ", ".join(f"`{item}`" for item in constants[name])
    if constants.get("is_loss"):
        facts["Loss"] = "its mean over the batch is part of the objective"
    if "better" in constants:
        facts["Better"] = f"the {constants['better']}"
    if constants.get("splits"):
        facts["Parts"] = "one for training and one for tests (`split`)"
    if constants.get("named"):
        facts["Fields"] = "each takes the column of its name"
    return facts


def _signature(kind: Kind) -> str:
    """How a program writes it, with the defaults."""
    variadic = kind.constants.get("variadic")
    said = [
        f"{item.name}, ..." if item.name == variadic else item.name if item.default is MISSING else f"{item.name} = {_value(item)}"
        for item in kind.attributes
    ]
    return f"{kind.name}({', '.join(said)})" if said else kind.name


def _docs(kind: Kind) -> Mapping[str, str]:
    return field_docs(kind.cls) if kind.cls is not None else {}


def _table(attributes: Iterable[Attribute], docs: Mapping[str, str], heading: str) -> str:
    rows = [f"| {heading} | type | default | meaning |", "|---|---|---|---|"]
    for item in attributes:
        default = "required" if item.default is MISSING else f"`{_value(item)}`"
        rows.append(f"| `{item.name}` | {_cell(str(item.type))} | {_cell(default)} | {_cell(docs.get(item.name, ''))} |")
    return "\n".join(rows)


def _value(item: Attribute) -> str:
    return _written(item.default, _words(item.type))


def _written(value: object, words: frozenset[str]) -> str:
    """A value as a program writes it."""
    match value:
        case None:
            return "none"
        case bool():
            return "true" if value else "false"
        case str():
            return value if value in words else '"' + value.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t") + '"'
        case tuple():
            return "(" + ", ".join(_written(part, words) for part in value) + ")"
        case float():
            return re.sub(r"e([+-])0*(\d+)", lambda found: "e" + found[1].strip("+") + found[2], repr(value)).removesuffix(".0")
        case _:
            return repr(value)


def _words(type_: AttributeType) -> frozenset[str]:
    match type_:
        case WordType(words):
            return frozenset(words)
        case BoundedType(inner):
            return _words(inner)
        case UnionType(options):
            return frozenset(word for option in options for word in _words(option))
    return frozenset()


def _prose(doc: str) -> str:
    """A docstring as Markdown: its indented lines are code already; shapes and sources get paragraphs of their own."""
    return re.sub(r"\n+(Shapes|Sources?):", r"\n\n**\1:**", "\n" + doc).strip("\n")


def _first_sentence(doc: str) -> str:
    text = " ".join(doc.split("\n\n")[0].split())
    found = re.match(r".*?[^.][.:](?=\s|$)", text)
    return (found[0] if found else text).rstrip(":.")


def _title(family: str) -> str:
    return "Initialisers" if family == "inits" else family.capitalize()


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _joined(parts: Iterable[str]) -> str:
    return "\n\n".join(part for part in parts if part) + "\n"


def main(arguments: list[str]) -> int:
    """Writes all pages into the folder that is named."""
    if len(arguments) != 1:
        sys.stderr.write("say python -m singalang_compiler.reference FOLDER\n")
        return 2
    folder = Path(arguments[0])
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in reference_pages().items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
