"""Examples with random changes: the parser says something of each, never raises, and what it takes can be formatted."""

from __future__ import annotations

from random import Random

import pytest

from singalang_grammar.format.labels import without_needless_labels
from singalang_grammar.format.program import format_program
from singalang_grammar.parse.parser import parse
from singalang_grammar.render.records import render_json
from singalang_grammar.render.terminal import render
from singalang_grammar.source import Source
from tests.grammar.rounds import EXAMPLES

SIGNS = "(){}[],:=.+-*/%<>#\"'^;!&?\\\n\r\t \0é漢٣\ud800\ufeff"
WORDS = "-> .. // ** == for if else when not in import arg return true None 1. 1__0 3x3 0x1f f("
PIECES = [*SIGNS, *WORDS.split(), "10 ms", "\n\n", "x = ", "a: ", "{ }", "# c\n"]


def mutant(random: Random, texts: list[str]) -> str:
    text = random.choice(texts)
    for _ in range(random.choice((1, 1, 1, 2, 5))):
        start = random.randrange(len(text) + 1)
        end = min(len(text), start + random.choice((0, 0, 1, 1, 3, 20, 200)))
        piece = random.choice(["", *PIECES, text[end : end + random.randrange(40)]])
        text = text[:start] + piece + text[end:]
    return text


@pytest.mark.parametrize("seed", range(8))
def test_a_mutant_ends_in_a_tree_or_in_mistakes(seed: int) -> None:
    random, texts = Random(seed), [path.read_text(encoding="utf-8") for path in EXAMPLES]
    valid = 0
    for _ in range(60):
        text = mutant(random, texts)
        found = parse(Source("mutant.singa", text))
        assert found.value is not None or found.failed
        for one in found.diagnostics:
            assert one.primary is not None and 0 <= one.primary.span.start <= one.primary.span.end <= len(text), one
        assert len(found.diagnostics) <= 41, "twenty mistakes of characters, twenty of grammar, and the end of reading"
        render(found.diagnostics, colour=True).encode()
        render_json(found.diagnostics)
        if found.value is not None and not found.failed:
            valid += 1
            written = format_program(found.value)
            again = parse(Source("mutant.singa", written))
            assert again.value == without_needless_labels(found.value), text
            assert format_program(again.value) == written, text
            assert sorted(one.text for one in again.value.comments) == sorted(one.text for one in found.value.comments), text
    assert valid >= 3, "some mutants are programs still"
