from __future__ import annotations

from singalang_grammar.render.terminal import render
from tests.compiler.resolve.in_memory import DATA, TRAIN, blamed, codes, job, resolved
from tests.conftest import Golden

TEXT = (
    'arg width = 8\narg rate = 0.1\narg dir = "here"\narg mode = fast in [fast, slow]\narg depth = 1 in 1..4\narg need: int\n'
    + DATA
    + "net n { loss = (d.x -> fc: dense(width + depth + need) -> out: dense(3), d.y) -> softmax_loss }\n"
    + "updater sgd { lr = rate }\ntrain { steps = 10, start = dir, precision = if mode == fast then f32 else f64 }\n"
)


def args(*settings: str) -> dict[str, object]:
    return dict(job(TEXT, None, ("need=0", *settings)).args)


def test_args_are_set_by_name_and_typed_by_their_defaults() -> None:
    assert args() == {"width": 8, "rate": 0.1, "dir": "here", "mode": "fast", "depth": 1, "need": 0}
    assert args("width=16", "rate=1", "depth=3") == args() | {"width": 16, "rate": 1.0, "depth": 3}
    assert args("rate=3e-4")["rate"] == 3e-4
    assert args("width=2 * 8")["width"] == 16


def test_text_is_taken_as_it_is_for_a_string() -> None:
    assert args("dir=/data/mnist")["dir"] == "/data/mnist"
    assert args('dir="a b"')["dir"] == "a b"
    assert args("dir=7")["dir"] == "7"


def test_a_word_is_set_and_compared() -> None:
    assert job(TEXT, None, ("need=0", "mode=slow")).trains[0].precision == "f64"


def test_the_last_of_two_settings_of_one_key_counts_and_all_are_recorded() -> None:
    found = job(TEXT, None, ("need=0", "width=1", "width=2"))
    assert (found.args["width"], found.settings) == (2, {"need": "0", "width": "2"})


def test_what_is_wrong_with_a_setting_is_told_in_its_own_text() -> None:
    need = ("need=0",)
    assert blamed(TEXT, None, (*need, "width=xyz")) == [("E0112", "xyz")]
    assert blamed(TEXT, None, (*need, "depth=9")) == [("E0124", "9")]
    assert blamed(TEXT, None, (*need, "mode=quick")) == [("E0124", "quick")]
    assert blamed(TEXT, None, (*need, "widht=3")) == [("E0122", "widht")]
    assert blamed(TEXT, None, (*need, "width")) == [("E0131", "width")]
    assert blamed(TEXT) == [("E0123", "need")]


def test_a_wrong_setting_reads_well(golden: Golden) -> None:
    diagnostics = resolved(TEXT, None, ("need=0", "width=xyz", "trian.steps=3", "train.stps=3", "net.fc.units=3")).diagnostics
    golden("compiler/resolve/settings.txt", render(diagnostics, colour=False))


def test_dotted_paths_reach_fields_and_nested_sections() -> None:
    found = job(TEXT, None, ("need=0", "train.steps=99", "train.test=every(5)", "updater.lr=0.5", "train.seed=3"))
    (train,) = found.trains
    assert (train.steps, train.seed, train.actions["test"].period) == (99, 3, 5)
    assert 0.5 in train.updater.rate.attributes.values()


def test_several_sections_are_told_apart_by_name() -> None:
    text = DATA + "net n { loss = (d.x -> dense(3), d.y) -> softmax_loss }\nupdater sgd { lr = 0.1 }\n"
    text += "train one { steps = 1, updater sgd { lr = 0.2 } }\ntrain two { steps = 2 }\ntopology a { sync { every = 1 } }\n"
    found = job(text, None, ("train.two.steps=7", "train.one.updater.lr=0.7", "topology.a.sync.every=4"))
    assert [train.steps for train in found.trains] == [1, 7]
    assert 0.7 in found.trains[0].updater.rate.attributes.values()
    assert found.topologies["a"].sync.every == 4
    assert codes(text, None, ("train.steps=7",)) == ["E0122"]


def test_args_of_an_imported_file_are_set_by_its_stem_and_lifted_by_import_all() -> None:
    files = {"lib.singa": "arg width = 4\nblock x -> wide() { return x -> dense(width) }\n"}
    net = DATA + "net n { h = d.x -> w: wide }\n" + ""
    one = job('import wide from "lib.singa"\n' + net, files, ("lib.width=9",))
    assert one.nets["n"].graph["w.dense1"].operation.attributes["units"] == 9  # type: ignore[union-attr]
    two = job('import all from "lib.singa"\n' + net, files, ("width=5",))
    assert two.nets["n"].graph["w.dense1"].operation.attributes["units"] == 5  # type: ignore[union-attr]
    assert codes('import wide from "lib.singa"\n' + net, files, ("width=5",)) == ["E0122"]


def test_types_of_args_are_checked() -> None:
    assert blamed('arg a: int = "x"\n') == [("E0112", '"x"')]
    assert blamed("arg a: integer = 3\n") == [("E0111", "integer")]
    assert blamed("arg a = 5 in 3\n") == [("E0112", "3")]
    assert job("arg a: float = 1\n").args["a"] == 1.0
    assert codes(DATA + "net n { loss = (d.x -> dense(3), d.y) -> softmax_loss }\n" + TRAIN) == []
