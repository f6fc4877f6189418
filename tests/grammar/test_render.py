"""Diagnostics on a terminal and as JSON."""

from __future__ import annotations

import json

from singalang_grammar.diagnostics import Diagnostic, Label, Severity
from singalang_grammar.render.records import render_json
from singalang_grammar.render.terminal import TAB, WIDTH, render
from singalang_grammar.source import Source, Span
from tests.conftest import Golden

CODE = "E0999"
TEXT = """\
data cifar {
  image: f32[3, 32, 32]
  train = kvfile("train.bin", batch = 100)
}
net n {
  a = b -> relu
  b = (a + cifar.image) -> conv(3, 3, pad = 1)
}
"""
MODEL = Source("model.singa", TEXT)
OTHER = Source("blocks.singa", "block x -> f() {\n  return x\n}\n")


def at(text: str, source: Source = MODEL, nth: int = 0) -> Span:
    start = -1
    for _ in range(nth + 1):
        start = source.text.index(text, start + 1)
    return Span(source, start, start + len(text))


def diagnostic(primary: Label | None, *secondary: Label, title: str = "a fault", **more: str) -> Diagnostic:
    return Diagnostic(CODE, Severity.ERROR, title, primary, secondary, **more)


def shown(*found: Diagnostic) -> str:
    return render(found, colour=False) + "\n"


def test_one_label() -> None:
    assert shown(diagnostic(Label(at("relu"), "no layer has this name"), title="unknown layer `relu`", hint="write it")) == (
        "error[E0999]: unknown layer `relu`\n"
        " --> model.singa:6:12\n"
        "6 |   a = b -> relu\n"
        "  |            ^^^^ no layer has this name\n"
        "  = hint: write it\n"
        "\n"
        "1 error\n"
    )


def test_labels_on_one_line_on_neighbouring_lines_and_far_away(golden: Golden) -> None:
    cycle = diagnostic(
        Label(at("a", nth=11), "needed to compute itself"),
        Label(at("b ="), "`b` is defined here"),
        Label(at("a = b"), "`a` is defined here"),
    )
    far = diagnostic(
        Label(at("relu"), "here"), Label(at("batch = 100"), "`cifar` has batch 100"), Label(at("data"), "in this section")
    )
    golden("grammar/render_labels.txt", shown(cycle, far))


def test_a_wide_margin_where_line_numbers_have_two_digits() -> None:
    source = Source("m.singa", "\n" * 8 + "a = 1\nb = 2\n")
    text = shown(diagnostic(Label(at("b", source), "second"), Label(at("a", source), "first")))
    assert text == ("error[E0999]: a fault\n  --> m.singa:10:1\n 9 | a = 1\n   | - first\n10 | b = 2\n   | ^ second\n\n1 error\n")


def test_labels_in_other_files_have_blocks_of_their_own(golden: Golden) -> None:
    golden(
        "grammar/render_files.txt",
        shown(
            diagnostic(
                Label(at("relu"), "used here"), Label(at("f()", OTHER), "defined here"), Label(at("b", nth=3), "fed"), hint="look"
            )
        ),
    )


def test_a_span_of_several_lines_is_shown_by_its_first() -> None:
    span = Span(MODEL, MODEL.text.index("net"), MODEL.text.rindex("}"))
    assert "5 | net n {\n  | ^^^^^^^ all of it\n" in shown(diagnostic(Label(span, "all of it")))


def test_the_end_of_a_text_and_an_empty_text_can_be_pointed_at() -> None:
    source = Source("m.singa", "a = ")
    assert "1 | a =\n  |     ^ here\n" in shown(diagnostic(Label(Span(source, 4, 4), "here")))
    source = Source("m.singa", "a\n")
    assert "2 |\n  | ^ here\n" in shown(diagnostic(Label(Span(source, 2, 2), "here")))
    assert "1 |\n  | ^ here\n" in shown(diagnostic(Label(Span(Source("m.singa", ""), 0, 0), "here")))


def test_tabs_and_wide_characters_keep_the_mark_below_its_word() -> None:
    source = Source("m.singa", "a\t= 漢字 + b́c -> f\n")
    lines = shown(diagnostic(Label(at("f", source), "here"))).splitlines()
    assert lines[2].startswith("1 | a" + " " * (TAB - 1) + "= ")
    before = lines[2][: lines[2].index("f")]
    assert lines[3].index("^") == len(before) + 2 - 1  # two wide characters more, one combining less


def test_what_a_terminal_would_act_on_is_not_printed() -> None:
    source = Source("\x1b]0;m.singa", "a = \x1b[31m \ud800 \u202e x\n")
    text = shown(diagnostic(Label(at("x", source), "\x1b[1m"), title="`\x1b`"))
    assert not set(text) & set("\x1b\ud800\u202e")
    text.encode()


def test_a_very_long_line_is_cut_around_the_label() -> None:
    source = Source("m.singa", "a = [" + "1, " * 5000 + "x, " + "2, " * 5000 + "]\n")
    text = shown(diagnostic(Label(at("x", source), "here")))
    _, place, line, mark = text.splitlines()[:4]
    assert place == " --> m.singa:1:15006"
    assert len(line) < WIDTH + 12 and line.startswith("1 | ...") and line.endswith("...")
    assert line[mark.index("^")] == "x"


def test_a_place_without_source_text_is_named() -> None:
    found = diagnostic(None, title="a record is cut short", where="train.csv, line 12", hint="look at it")
    assert shown(found) == "error[E0999]: a record is cut short\n --> train.csv, line 12\n  = hint: look at it\n\n1 error\n"


def test_diagnostics_come_in_order_once_and_are_counted() -> None:
    late, early = diagnostic(Label(at("relu"), "x")), diagnostic(Label(at("data"), "x"))
    other, nowhere = diagnostic(Label(at("return", OTHER), "x")), diagnostic(None, title="nowhere")
    warned = Diagnostic(CODE, Severity.WARNING, "unused", Label(at("image"), "x"))
    text = shown(late, nowhere, early, late, warned, other)
    assert [line for line in text.splitlines() if "-->" in line] == [
        " --> blocks.singa:2:3",
        " --> model.singa:1:1",
        " --> model.singa:2:3",
        " --> model.singa:6:12",
    ]
    assert text.endswith("error[E0999]: nowhere\n\n4 errors, 1 warning\n")
    assert render([warned], colour=False).endswith("\n\n1 warning")


def test_nothing_found_is_nothing_shown() -> None:
    assert render([], colour=True) == "" and json.loads(render_json([])) == []


def test_colour_adds_nothing_but_colour() -> None:
    found = diagnostic(Label(at("relu"), "here"), Label(at("data"), "there"), hint="look")
    plain, coloured = render([found], colour=False), render([found], colour=True)
    assert "\x1b[1;31m" in coloured and "\x1b" not in plain
    parts = coloured.split("\x1b[")
    assert parts[0] + "".join(part.split("m", 1)[1] for part in parts[1:]) == plain


def test_records_have_all_facts() -> None:
    found = diagnostic(Label(at("relu"), "here"), Label(at("f()", OTHER), "there"), title="faulty", hint="look")
    nowhere = diagnostic(None, where="train.csv, line 12")
    first, second = json.loads(render_json([nowhere, found, found]))
    start, end = {"line": 6, "column": 12}, {"line": 6, "column": 16}
    assert first == {
        "code": CODE,
        "severity": "error",
        "message": "faulty",
        "file": "model.singa",
        "start": start,
        "end": end,
        "where": None,
        "hint": "look",
        "labels": [
            {"file": "model.singa", "start": start, "end": end, "text": "here", "primary": True},
            {
                "file": "blocks.singa",
                "start": {"line": 1, "column": 12},
                "end": {"line": 1, "column": 15},
                "text": "there",
                "primary": False,
            },
        ],
    }
    assert (second["file"], second["start"], second["where"], second["labels"]) == (None, None, "train.csv, line 12", [])
