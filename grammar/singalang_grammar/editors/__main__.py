"""Writes the editor files: `python -m singalang_grammar.editors [FOLDER]`; in a checkout the folder is `grammar/editors`."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from singalang_grammar.editors.pygments_words import words_module
from singalang_grammar.editors.textmate import textmate_files
from singalang_grammar.editors.vim import vim_files
from singalang_grammar.editors.vocabulary import GRAMMAR, read_vocabulary
from singalang_grammar.editors.vscode import vscode_files

CHECKOUT = Path(__file__).parents[2] / "editors"
WORDS = Path(__file__).with_name("words.py")


def editor_files() -> Mapping[str, str]:
    """Every editor file by its path below `grammar/editors`."""
    words = read_vocabulary(GRAMMAR.read_text(encoding="utf-8"))
    return {**textmate_files(words), **vscode_files(words), **vim_files(words)}


def words_text() -> str:
    """The text of the module beside this one that the Pygments lexer reads."""
    return words_module(read_vocabulary(GRAMMAR.read_text(encoding="utf-8")))


def write(folder: Path) -> None:
    """Writes all editor files below a folder."""
    for path, text in editor_files().items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8", newline="\n")


def main(arguments: list[str]) -> int:
    """The command. Without a folder it writes the checkout's own files, the lexer's word lists among them."""
    match arguments:
        case [folder]:
            write(Path(folder))
        case [] if CHECKOUT.is_dir():
            write(CHECKOUT)
            WORDS.write_text(words_text(), encoding="utf-8", newline="\n")
        case _:
            print("say in which folder: python -m singalang_grammar.editors FOLDER", file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
