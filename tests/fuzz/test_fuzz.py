"""A small, fixed run of the fuzzer. The large one is `python -m tests.fuzz.run`."""

from __future__ import annotations

from itertools import islice
from random import Random

import pytest

from singalang_grammar.diagnostics import Diagnostic, Label, Outcome, Severity
from singalang_grammar.parse.parser import parse
from singalang_grammar.source import Source, Span
from tests.fuzz import soundness
from tests.fuzz.mutant import Mutant, example_texts
from tests.fuzz.mutate_text import CHANGES, text_mutant
from tests.fuzz.run import WANTED_SHARE, fuzz, text_mutants, tree_mutants
from tests.fuzz.soundness import unfaithful, unsound
from tests.fuzz.tally import Tally, told_at
from tests.fuzz.trial import Trial, try_mutant


@pytest.mark.slow
def test_mutants_end_in_diagnostics_or_a_result() -> None:
    tally = fuzz(text=300, tree=100, plans=3, seed=1)
    assert tally.crashes == [], tally.report()
    assert tally.slow == [], tally.report()
    assert tally.share >= WANTED_SHARE, tally.report()
    assert tally.plans == tally.planned == 3, tally.report()


def test_the_same_seed_gives_the_same_mutants() -> None:
    assert list(text_mutants(20, 7)) == list(text_mutants(20, 7))
    assert list(tree_mutants(20, 7)) == list(tree_mutants(20, 7))
    assert list(text_mutants(20, 7)) != list(text_mutants(20, 8))


def test_every_text_change_changes_some_text() -> None:
    text = example_texts()["digits_mlp.singa"]
    for change in CHANGES:
        assert any(change(text, Random(seed), [text]) != text for seed in range(20)), change.__name__


def test_text_changes_bear_an_empty_file() -> None:
    for change in CHANGES:
        for seed in range(5):
            change("", Random(seed), ["a = 1\n"])


def test_a_tree_mutant_says_where_it_was_changed() -> None:
    programs = example_texts()
    for mutant in islice(tree_mutants(200, 3), 200):
        before = programs[mutant.origin]
        first, last = mutant.places[0][0], mutant.places[-1][1]
        assert mutant.text[:first] == before[:first]
        assert mutant.text[last:] == before[len(before) - (len(mutant.text) - last) :]
        assert mutant.text != before


def test_most_tree_mutants_still_parse() -> None:
    broken = [mutant for mutant in tree_mutants(200, 4) if parse(Source("m.singa", mutant.text)).failed]
    assert len(broken) <= 10, [mutant.change for mutant in broken]


def test_a_diagnostic_is_told_at_a_place_that_it_touches() -> None:
    mutant = Mutant("a.singa", "swap_name", "net abc { }", ((4, 7),))
    source = Source("a.singa", mutant.text)
    for start, end, told in ((4, 7, True), (0, 11, True), (7, 8, True), (5, 6, True), (0, 3, False), (8, 9, False)):
        assert told_at(mutant, _error(Span(source, start, end))) is told
    assert not told_at(mutant, _error(Span(Source("b.singa", "other text"), 4, 7)))


def test_unsound_outcomes_are_seen() -> None:
    outside = _error(Span(Source("a.singa", "abc"), 2, 9))
    assert list(unsound(Outcome(None))) == ["there is neither a value nor an error"]
    assert any("points outside" in fault for fault in unsound(Outcome(1, (outside,))))
    assert any("twice" in fault for fault in unsound(Outcome(1, (outside, outside))))


def test_formatting_keeps_the_examples() -> None:
    for text in example_texts().values():
        assert list(unfaithful(text)) == []


def test_a_formatter_that_changes_programs_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    for wrong, fault in (("a = ", "does not parse"), ("b = 2\n", "changed the program"), ("a = 1\n", "a comment")):
        monkeypatch.setattr(soundness, "format_program", lambda program, wrong=wrong: wrong)
        assert [fault in found for found in unfaithful("a = 1  # one\n")] == [True]


def test_a_crash_is_counted_and_reported_with_its_shortest_mutant() -> None:
    tally = Tally()
    for text in ("long program", "short"):
        tally.add(Mutant("a.singa", "truncate", text), Trial(crash="Traceback\nKeyError: 'x'"))
    assert not tally.clean
    assert tally.evidence() == {"crash-0.singa": "short"}
    assert "2 crashed" in tally.report()


def test_a_mutant_is_checked_in_the_place_of_its_origin() -> None:
    """Its imports are found beside it: blocks.singa is read from the disk."""
    text = example_texts()["digits_resnet.singa"]
    assert try_mutant(Mutant("digits_resnet.singa", "none", text)).errors == ()
    assert [found.code for found in try_mutant(Mutant("digits_resnet.singa", "none", text.replace("residual", "residul"))).errors]


def test_random_texts_are_no_trouble() -> None:
    rng = Random(5)
    for _ in range(20):
        mutant = text_mutant({"a.singa": "".join(chr(rng.randint(1, 0x2FF)) for _ in range(60)) + "\n"}, rng)
        assert try_mutant(mutant).crash is None


def _error(span: Span) -> Diagnostic:
    return Diagnostic("E0101", Severity.ERROR, "a title", Label(span, "a fact"))
