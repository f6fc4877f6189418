from __future__ import annotations

import pytest

from singalang_compiler.job import Epochs, Every, Scales
from singalang_compiler.library.tensors import TensorSpec
from singalang_compiler.sections.schema import SECTIONS, schema
from tests.compiler.resolve.in_memory import DATA, TRAIN, blamed, codes, job

NET = "net n { logits = d.x -> fc: dense(8) -> relu -> out: dense(3)\n loss = (logits, d.y) -> softmax_loss }\n"
START = DATA + NET + "updater sgd { lr = 0.1 }\n"


def data(body: str) -> list[tuple[str, str]]:
    return blamed("data t { " + body + " }\n")


def train(body: str, more: str = "") -> list[tuple[str, str]]:
    return blamed(START + more + "train { steps = 10, " + body + " }\n")


def test_every_section_declares_its_fields_and_what_they_mean() -> None:
    for section in (*SECTIONS, "sync"):
        found = schema(section)
        assert found.doc and set(found.docs()) >= {field.name for field in found.fields}


def test_fields_of_a_record_have_types() -> None:
    text = 'v = 7\ndata t { a: f32[3, 32, 32], b: f32, c: i32[5], e: class(10), f: class(v)[v + 1], train = csv("a", batch = 2) }\n'
    fields = {field.name: field.spec for field in job(text).data["t"].fields}
    assert fields == {
        "a": TensorSpec((3, 32, 32)),
        "b": TensorSpec(()),
        "c": TensorSpec((5,), "i32"),
        "e": TensorSpec((), "i32", 10),
        "f": TensorSpec((8,), "i32", 7),
    }


def test_normalisation_is_for_f32_and_by_field() -> None:
    text = 'data t { a: f32[2], b: f32[2], y: class(3), mean = 2, std = "s.bin", on b { mean = "m.bin", std = 4 }\n'
    text += 'train = csv("a", batch = 2) }\n'
    fields = {field.name: (field.mean, field.std) for field in job(text).data["t"].fields}
    assert fields == {"a": (2.0, "s.bin"), "b": ("m.bin", 4.0), "y": (0.0, 1.0)}


def test_sources_have_defaults_by_phase() -> None:
    text = 'data t { a: f32[64], train = digits(batch = 4), val = csv("v", batch = [3, 5])\n'
    text += "test = digits(batch = 2, shuffle = true) }\n"
    sources = job(text).data["t"].sources
    assert [(use.batch, use.shuffle, use.split) for use in sources.values()] == [
        (4, True, "train"),
        ((3, 5), False, "all"),
        (2, True, "test"),
    ]


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("a: f64[2]", ("E0408", "f64")),
        ("a: f32[0]", ("E0113", "0")),
        ("a: f32[2.5]", ("E0112", "2.5")),
        ("a: class", ("E0408", "class")),
        ("a: class(0)", ("E0113", "0")),
        ("a: f32[2], a: f32[3]", ("E0102", "a")),
        ("a = f32[2]", ("E0110", "a")),
        ("a: f32[2], std = 0", ("E0113", "0")),
        ("a: f32[2], on b { mean = 1 }", ("E0207", "b")),
        ("train = cvs(1)", ("E0103", "cvs")),
        ("train = 3", ("E0112", "3")),
        ('train = csv("a", batch = 0)', ("E0113", "0")),
        ('train = csv("a", batch = 2, shufle = true)', ("E0110", "shufle")),
        ('train = csv("a", batch = [])', ("E0113", "batch = []")),
        ('valid = csv("a", batch = 2)', ("E0110", "valid")),
        ("records = 0", ("E0113", "0")),
        ("return 3", ("E0128", "return 3")),
    ],
)
def test_a_mistake_in_a_data_section_is_blamed(body: str, fault: tuple[str, str]) -> None:
    assert data(body) == [fault]


def test_a_train_section_is_read_whole() -> None:
    text = START + (
        "topology one { workers = groups(1) }\n"
        'train t { net = n, loss = loss, algorithm = bp, steps = epochs(3), topology = one, start = "runs/1", seed = 7,\n'
        "  precision = f64, test = every(10, batches = 2, after = 5), log = every(epochs(1)), checkpoint = every(100),\n"
        "  accumulate = 2, average = ema(0.99), stop = patience(accuracy, 3), on fc { lr_scale = 0 }\n"
        "  updater adam { lr = warmup_cosine(1e-3, warmup = 5, total = 50), clip = (-1, 1), clip_norm = 2, weight_decay = 0.1 } }\n"
    )
    (made,) = job(text).trains
    assert (made.name, made.net, made.losses, made.algorithm.name, made.steps) == ("t", "n", ("loss",), "bp", Epochs(3.0))
    assert (made.topology, made.start, made.seed, made.precision) == ("one", "runs/1", 7, "f64")
    assert made.actions["test"] == Every(10, 5, 2)
    assert made.actions["log"] == Every(Epochs(1.0), Epochs(1.0), None)
    assert made.actions["checkpoint"] == Every(100, 100, None)
    assert (made.accumulate, made.average, made.stop) == (2, 0.99, ("accuracy", 3))
    assert made.scales == {"fc": Scales(lr_scale=0.0)}
    updater = made.updater
    assert (updater.updater.name, updater.rate.name, updater.clip, updater.clip_norm) == ("adam", "warmup_cosine", (-1.0, 1.0), 2.0)


def test_one_inside_a_train_section_wins_over_the_files_updater() -> None:
    trains = job(START + "train a { steps = 1 }\ntrain b { steps = 1, updater adam { lr = 0.1 } }\n").trains
    assert [one.updater.updater.name for one in trains] == ["sgd", "adam"]


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("test = every(0)", ("E0113", "0")),
        ("test = 100", ("E0112", "100")),
        ("val = every(3)", ("E0404", "every(3)")),
        ("precision = f16", ("E0111", "f16")),
        ('precision = "f64"', ("E0112", '"f64"')),
        ("net = m", ("E0134", "m")),
        ("loss = out", ("E0406", "out")),
        ("algorithm = bb", ("E0103", "bb")),
        ("algorithm = adversarial(2)", ("E0407", "adversarial")),
        ("topology = big", ("E0503", "big")),
        ("stop = patience(acuracy, 3)", ("E0134", "patience(acuracy, 3)")),
        ("average = ema(1)", ("E0113", "1")),
        ("seed = -1", ("E0113", "-1")),
        ("steps = 5", ("E0102", "steps")),
        ("on fx { lr_scale = 0 }", ("E0207", "fx")),
        ("on fc { lr = 0 }", ("E0110", "lr")),
        ("data z { }", ("E0128", "data z")),
        ("sync { }", ("E0121", "sync")),
        ("updater { lr = 1 }", ("E0115", "updater")),
        ("updater sdg { lr = 1 }", ("E0103", "sdg")),
        ("updater sgd { }", ("E0115", "updater sgd")),
        ("updater sgd { lr = step(0.1) }", ("E0115", "step(0.1)")),
        ("updater sgd { lr = -1 }", ("E0113", "-1")),
        ("updater sgd { lr = 0.1, momentun = 0.9 }", ("E0110", "momentun")),
        ("updater sgd { lr = 0.1, clip = 3 }", ("E0112", "3")),
    ],
)
def test_a_mistake_in_a_train_section_is_blamed(body: str, fault: tuple[str, str]) -> None:
    assert train(body) == [fault]


def test_what_a_program_lacks_is_told_only_if_nothing_else_is_wrong() -> None:
    assert codes("train { steps = 3 }\n") == ["E0402", "E0403"]
    assert codes("train { stps = 3 }\n") == ["E0110"]  # a misspelt field is not missing as well
    assert codes("train { sped = 3 }\n") == ["E0115", "E0110"]


def test_a_sample_section_is_read() -> None:
    text = (
        START + "train { steps = 3 }\nsample s { feed = d.x, draw = n.logits, steps = 5, temperature = 0.5, top_k = 2, seed = 3 }\n"
    )
    (sample,) = job(text).samples
    assert (sample.net, sample.feed, sample.draw, sample.steps) == ("n", ("d", "x"), "out", 5)
    assert (sample.temperature, sample.top_k, sample.seed) == (0.5, 2, 3)
    assert blamed(text.replace("d.x, draw", "d.z, draw")) == [("E0133", "d.z")]
    assert blamed(text.replace("n.logits", "n.loggits")) == [("E0134", "n.loggits")]


def test_two_unnamed_train_sections_are_refused() -> None:
    assert codes(START + "train { steps = 1 }\ntrain { steps = 2 }\n") == ["E0102"]
    assert codes(START.replace("updater sgd", "updater adam { lr = 1 }\nupdater sgd") + "train { steps = 1 }\n") == ["E0102"]


def test_unused_names_are_warned_of_in_a_program_and_not_in_a_library() -> None:
    unused = "arg a = 1\nb = 2\nblock x -> c() { return x -> relu }\n"
    found = [text for code, text in blamed(unused + DATA + NET + TRAIN) if code == "E0108"]
    assert found == ["a", "b", "c"]
    assert codes(unused) == []
