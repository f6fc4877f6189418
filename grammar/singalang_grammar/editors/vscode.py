"""The VS Code extension: a folder that `vsce package` packs and that VS Code reads as it lies."""

from __future__ import annotations

import json
from collections.abc import Mapping

from singalang_grammar.editors.textmate import SCOPE, grammar_json
from singalang_grammar.editors.vocabulary import Vocabulary

VERSION = "0.1.0"

README = """# singa

Colours for `.singa` files, the language of [singalang](https://pypi.org/project/singalang): sections, layers, labels,
attributes, numbers with units. Brackets close themselves, `#` toggles comments, and bodies fold and indent.

The folder works as it lies: link or copy it into `~/.vscode/extensions/` and restart VS Code, or pack it with
`npx @vscode/vsce package --no-dependencies --skip-license` and install the `.vsix`.

Everything here is generated from the grammar of the language by `python -m singalang_grammar.editors`.
"""


def vscode_files(words: Vocabulary) -> Mapping[str, str]:
    """The files of this editor by their path below `grammar/editors`."""
    return {
        "vscode/package.json": _json(_package()),
        "vscode/language-configuration.json": _json(_configuration(words)),
        "vscode/syntaxes/singa.tmLanguage.json": grammar_json(words),
        "vscode/README.md": README,
    }


def _package() -> Mapping[str, object]:
    return {
        "name": "singa",
        "displayName": "singa",
        "description": "Colours and brackets for .singa files, the language of singalang",
        "version": VERSION,
        "publisher": "singalang",
        "license": "Apache-2.0",
        "engines": {"vscode": "^1.75.0"},
        "categories": ["Programming Languages", "Machine Learning"],
        "keywords": ["singa", "singalang", "deep learning"],
        "contributes": {
            "languages": [
                {"id": "singa", "aliases": ["singa"], "extensions": [".singa"], "configuration": "./language-configuration.json"}
            ],
            "grammars": [{"language": "singa", "scopeName": SCOPE, "path": "./syntaxes/singa.tmLanguage.json"}],
        },
    }


def _configuration(words: Vocabulary) -> Mapping[str, object]:
    brackets = [["{", "}"], ["[", "]"], ["(", ")"]]
    return {
        "comments": {"lineComment": "#"},
        "brackets": brackets,
        "autoClosingPairs": [
            *({"open": left, "close": right} for left, right in brackets),
            {"open": '"', "close": '"', "notIn": ["string", "comment"]},
        ],
        "surroundingPairs": [*brackets, ['"', '"']],
        "wordPattern": words.number + "|" + words.name,
        "indentationRules": {
            "increaseIndentPattern": r"^[^#\"]*(?:\"(?:\\.|[^\"\\])*\"[^#\"]*)*[{\[(][^}\])#]*(?:#.*)?$",
            "decreaseIndentPattern": r"^\s*[}\])]",
        },
    }


def _json(record: Mapping[str, object]) -> str:
    return json.dumps(record, indent=2, ensure_ascii=False) + "\n"
