"""Text mutations: what slips of the hand, bad merges and broken files do to a program. Knows nothing of its meaning."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from random import Random

from singalang_grammar.editors import words
from tests.fuzz.mutant import Mutant

Change = Callable[[str, Random, Sequence[str]], str]

_TOKEN = re.compile(
    "|".join((words.COMMENT, words.STRING, words.NUMBER, r"[^\W\d]\w*", words.OPERATOR, words.PUNCTUATION, r"\s+", "."))
)
_STRANGE = "\0\t\r\n\f\v\\'\"`;^&@!?$~|éß变ⅻ٣𝑥🙂\u200b\u202e\ufeff\xa0\x1b\u2028"
_SIGNS = ("->", "..", "=", ":", ",", ".", "(", ")", "[", "]", "{", "}", "+", "-", "*", "/", "//", "%", "==", "<", "!=", "**")
_WORDS = (*words.CONSTANTS, *words.LOGICAL, *words.DECLARING, *words.CONTROL, *words.SECTIONS)
_BRACKETS = "()[]{}"


def text_mutant(programs: Mapping[str, str], rng: Random) -> Mutant:
    """One to three changes of one of the programs."""
    origin = rng.choice(sorted(programs))
    text = programs[origin]
    names: list[str] = []
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        change = rng.choice(CHANGES)
        text = change(text, rng, [programs[name] for name in sorted(programs)])
        names.append(change.__name__)
    return Mutant(origin, "+".join(names), text)


def delete_characters(text: str, rng: Random, others: Sequence[str]) -> str:
    """Cuts out up to ten characters."""
    start = rng.randrange(len(text) + 1)
    return text[:start] + text[start + rng.randint(1, 10) :]


def repeat_characters(text: str, rng: Random, others: Sequence[str]) -> str:
    """Writes up to ten characters twice."""
    start = rng.randrange(len(text) + 1)
    end = start + rng.randint(1, 10)
    return text[:end] + text[start:]


def swap_characters(text: str, rng: Random, others: Sequence[str]) -> str:
    """Two neighbours change places."""
    start = rng.randrange(max(1, len(text) - 1))
    return text[:start] + text[start + 1 : start + 2] + text[start : start + 1] + text[start + 2 :]


def insert_strange_character(text: str, rng: Random, others: Sequence[str]) -> str:
    """A character that no keyboard was asked for."""
    start = rng.randrange(len(text) + 1)
    return text[:start] + rng.choice(_STRANGE) * rng.choice((1, 1, 3)) + text[start:]


def replace_character(text: str, rng: Random, others: Sequence[str]) -> str:
    """Another printable character."""
    start = rng.randrange(len(text) + 1)
    return text[:start] + chr(rng.randint(32, 126)) + text[start + 1 :]


def delete_tokens(text: str, rng: Random, others: Sequence[str]) -> str:
    """One to three tokens are missing."""
    tokens = _tokens(text)
    start = rng.randrange(len(tokens) + 1)
    return "".join(tokens[:start] + tokens[start + rng.randint(1, 3) :])


def repeat_token(text: str, rng: Random, others: Sequence[str]) -> str:
    """A token twice."""
    tokens = _tokens(text)
    start = rng.randrange(len(tokens) + 1)
    return "".join(tokens[:start] + tokens[start : start + 1] * 2 + tokens[start + 1 :])


def swap_tokens(text: str, rng: Random, others: Sequence[str]) -> str:
    """Two tokens from anywhere change places."""
    tokens = _tokens(text)
    if tokens:
        first, second = rng.randrange(len(tokens)), rng.randrange(len(tokens))
        tokens[first], tokens[second] = tokens[second], tokens[first]
    return "".join(tokens)


def insert_token(text: str, rng: Random, others: Sequence[str]) -> str:
    """A keyword, a sign, or a token of any program, where none was."""
    tokens = _tokens(text)
    new = rng.choice((rng.choice(_SIGNS), rng.choice(_WORDS), rng.choice(_tokens(rng.choice(others)))))
    tokens.insert(rng.randrange(len(tokens) + 1), f" {new} ")
    return "".join(tokens)


def replace_token(text: str, rng: Random, others: Sequence[str]) -> str:
    """A token of any program in the place of another."""
    tokens = _tokens(text)
    if tokens:
        tokens[rng.randrange(len(tokens))] = rng.choice(_tokens(rng.choice(others)))
    return "".join(tokens)


def delete_lines(text: str, rng: Random, others: Sequence[str]) -> str:
    """One to four lines are missing."""
    lines = text.splitlines(keepends=True)
    start = rng.randrange(len(lines) + 1)
    return "".join(lines[:start] + lines[start + rng.randint(1, 4) :])


def repeat_lines(text: str, rng: Random, others: Sequence[str]) -> str:
    """One to four lines twice."""
    lines = text.splitlines(keepends=True)
    start = rng.randrange(len(lines) + 1)
    end = start + rng.randint(1, 4)
    return "".join(lines[:end] + lines[start:])


def swap_lines(text: str, rng: Random, others: Sequence[str]) -> str:
    """Two lines change places."""
    lines = text.splitlines(keepends=True)
    if lines:
        first, second = rng.randrange(len(lines)), rng.randrange(len(lines))
        lines[first], lines[second] = lines[second], lines[first]
    return "".join(lines)


def splice(text: str, rng: Random, others: Sequence[str]) -> str:
    """The beginning of this program, the end of another."""
    other = rng.choice(others)
    return text[: rng.randrange(len(text) + 1)] + other[rng.randrange(len(other) + 1) :]


def paste_lines(text: str, rng: Random, others: Sequence[str]) -> str:
    """Some lines of another program in the midst of this one."""
    lines, other = text.splitlines(keepends=True), rng.choice(others).splitlines(keepends=True)
    start, place = rng.randrange(len(other)), rng.randrange(len(lines) + 1)
    return "".join(lines[:place] + other[start : start + rng.randint(1, 12)] + lines[place:])


def change_bracket(text: str, rng: Random, others: Sequence[str]) -> str:
    """A bracket becomes another, or is lost."""
    places = [place for place, char in enumerate(text) if char in _BRACKETS]
    if not places:
        return text
    place = rng.choice(places)
    new: str = rng.choice(["", *_BRACKETS])
    return text[:place] + new + text[place + 1 :]


def nest_brackets(text: str, rng: Random, others: Sequence[str]) -> str:
    """Very many brackets before an expression."""
    place = rng.choice([0, *(found.end() for found in re.finditer("= ", text))])
    depth = rng.choice((10, 100, 2000))
    pairs = (("(", ")"), ("[", "]"), ("{", "}"), ("-", ""), ("not ", ""), ("if a then ", " else b"))
    left, right = rng.choice(pairs)
    return text[:place] + left * depth + "1" + right * rng.choice((0, depth)) + " " + text[place:]


def truncate(text: str, rng: Random, others: Sequence[str]) -> str:
    """The file ends too early."""
    return text[: rng.randrange(len(text) + 1)]


def strange_line_ends(text: str, rng: Random, others: Sequence[str]) -> str:
    """The file comes from another system."""
    return text.replace("\n", rng.choice(("\r\n", "\r", "\u2028", "\n\n")))


CHANGES: tuple[Change, ...] = (
    delete_characters,
    repeat_characters,
    swap_characters,
    insert_strange_character,
    replace_character,
    delete_tokens,
    repeat_token,
    swap_tokens,
    insert_token,
    replace_token,
    delete_lines,
    repeat_lines,
    swap_lines,
    splice,
    paste_lines,
    change_bracket,
    nest_brackets,
    truncate,
    strange_line_ends,
)


def _tokens(text: str) -> list[str]:
    """The text in tokens and blanks; joined they are the text."""
    return [found.group() for found in re.finditer(_TOKEN, text)] or [" "]
