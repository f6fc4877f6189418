from __future__ import annotations

from pathlib import Path

from singalang_compiler.library.user_files import Fault, read_kinds
from singalang_compiler.resolve.program import resolve
from singalang_compiler.resolve.request import Request
from singalang_grammar.parse.parser import parse
from singalang_grammar.source import Source
from tests.compiler.resolve.in_memory import DATA, TRAIN, blamed, codes, job, resolved

LIBRARY = """
arg width = 4
half = width // 2
block x -> two(n, act = 1) { return x -> dense(n + act) -> dense(half) }
data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 8) }
net m { loss = (d.x -> fc: dense(width) -> out: dense(3), d.y) -> softmax_loss }
topology pair { workers = groups(1, size = 2) }
"""
FILES = {"lib.singa": LIBRARY}


def test_names_are_imported_and_looked_up_in_their_own_file() -> None:
    made = job('import two, d from "lib.singa"\nnet n { h = d.x -> t: two(6) }\n', FILES).nets["n"].graph
    assert made["t.dense1"].operation.attributes["units"] == 7  # type: ignore[union-attr]
    assert made["t.dense2"].operation.attributes["units"] == 2  # type: ignore[union-attr]


def test_an_imported_net_brings_its_data() -> None:
    found = job('import m from "lib.singa"\n' + TRAIN, FILES)
    assert list(found.data) == ["d"]
    assert found.trains[0].net == "m"


def test_paths_are_relative_to_the_importing_file() -> None:
    files = {"sub/a.singa": 'import two from "b.singa"\nblock x -> three(n) { return x -> two(n) }\n', "sub/b.singa": LIBRARY}
    job('import three from "sub/a.singa"\n' + DATA + "net n { h = d.x -> three(6) }\n", files)


def test_import_all_merges_sections_field_by_field() -> None:
    text = 'import all from "lib.singa"\ndata d { train = csv("other.csv", batch = 16) }\n' + TRAIN
    found = job(text, FILES)
    assert found.data["d"].sources["train"].batch == 16
    assert [field.name for field in found.data["d"].fields] == ["x", "y"]
    assert found.topology.name == "pair"


def test_a_merged_net_keeps_what_is_not_written_again() -> None:
    text = 'import all from "lib.singa"\nnet m { extra = d.x -> e: dense(3), on fc { bias = 2 } }\n'
    graph = job(text, FILES).nets["m"].graph
    assert "e" in graph and "fc" in graph
    assert graph["fc"].parameters["bias"].init is not None


def test_an_updater_of_another_kind_takes_the_place_of_the_imported_one_and_one_of_the_same_merges() -> None:
    files = {"u.singa": "updater sgd { lr = 0.1, momentum = 0.5 }\n"}
    body = DATA + "net n { loss = (d.x -> dense(3), d.y) -> softmax_loss }\ntrain { steps = 3 }\n"
    merged = job('import all from "u.singa"\nupdater sgd { lr = 0.2 }\n' + body, files).trains[0].updater
    assert merged.updater.attributes["momentum"] == 0.5
    assert merged.rate.attributes[next(iter(merged.rate.attributes))] == 0.2
    other = job('import all from "u.singa"\nupdater adam { lr = 0.2 }\n' + body, files).trains[0].updater
    assert other.updater.name == "adam"


def test_an_unnamed_train_section_merges_with_the_imported_one() -> None:
    files = {"t.singa": DATA + "net n { loss = (d.x -> dense(3), d.y) -> softmax_loss }\n" + TRAIN}
    (train,) = job('import all from "t.singa"\ntrain { seed = 5 }\n', files).trains
    assert (train.steps, train.seed) == (10, 5)


def test_what_is_not_in_the_file_is_told_with_the_nearest_name() -> None:
    outcome = resolved('import twoo from "lib.singa"\n' + DATA + "net n { h = d.x -> twoo(3) }\n", FILES)
    (found,) = outcome.diagnostics
    assert (found.code, found.hint) == ("E0107", "did you mean `two`?")


def test_files_that_import_one_another_are_told() -> None:
    files = {"a.singa": 'import q from "b.singa"\np = q\n', "b.singa": 'import p from "a.singa"\nq = p\n'}
    assert codes('import p from "a.singa"\narg k = p\n', files)[0] == "E0106"


def test_nothing_of_a_missing_file_is_called_unknown() -> None:
    assert codes('import all from "gone.singa"\nnet n { h = d.x -> two(3) }\nupdater x { lr = 1 }\n') == ["E0105"]
    assert codes('import two, d from "gone.singa"\nnet n { h = d.x -> two(3) }\n') == ["E0105"]


def test_a_lifted_name_cannot_be_defined_again() -> None:
    assert blamed('import all from "lib.singa"\nhalf = 3\n', FILES) == [("E0104", "half")]


PYTHON = '''
from typing import Annotated, Literal

from singalang_compiler.library.contract import Layer
from singalang_compiler.library.kinds import layer


@layer("shift")
class Shift(Layer):
    """Adds a constant: y = x + by. Shapes: any -> the same."""

    by: Annotated[float, "x > -10"] = 1.0  # what is added
    mode: Literal["add", "take"] = "add"

    parameter_names = ("offset",)

    def shape(self, inputs):
        return inputs[0]
'''


def test_kinds_of_a_python_file_are_read_without_running_it() -> None:
    files = {"mine.py": "raise SystemExit('run')\n" + PYTHON}
    found = resolved('import shift from "mine.py"\n' + DATA + "net n { h = d.x -> s: shift(2, mode = take, offset = 1) }\n", files)
    assert found.diagnostics == ()
    assert found.value is not None
    node = found.value.nets["n"].graph["s"]
    assert node.operation.attributes == {"by": 2.0, "mode": "take"}  # type: ignore[union-attr]
    assert "offset" in node.parameters
    assert found.value.user_kinds[0].cls is None
    assert [source.path for source in found.value.sources] == ["main.singa", "mine.py"]


def test_a_python_kind_is_checked_like_one_of_the_library() -> None:
    files = {"mine.py": PYTHON}
    start = 'import shift from "mine.py"\n' + DATA
    assert blamed(start + "net n { h = d.x -> shift(-20) }\n", files) == [("E0113", "-20")]
    assert blamed(start + "net n { h = d.x -> shift(bye = 2) }\n", files) == [("E0110", "bye")]
    assert blamed(start + "net n { h = d.x -> shift(mode = add) -> shift(mode = ad) }\n", files) == [("E0111", "ad")]
    assert blamed('import shfit from "mine.py"\n', files) == [("E0107", "shfit")]


def test_compiling_runs_the_python_file(tmp_path: Path) -> None:
    (tmp_path / "helper_of_mine.py").write_text("BY = 3.0\n", encoding="utf-8")
    path = str(tmp_path / "mine.py")
    files = {path: "import helper_of_mine\n" + PYTHON}
    main = str(tmp_path / "main.singa")
    program = parse(Source(main, 'import shift from "mine.py"\n' + DATA + "net n { h = d.x -> s: shift(2) }\n")).value
    assert program is not None
    from singalang_grammar.diagnostics import Outcome

    found = resolve(program, Request((), None, True, lambda asked: Outcome(Source(asked, files[asked]))))
    assert found.diagnostics == () and found.value is not None
    instance = found.value.nets["n"].graph["s"].operation.instance()  # type: ignore[union-attr]
    assert instance.by == 2.0
    assert found.value.user_kinds[0].cls is type(instance)


def test_a_python_file_that_fails_is_told_with_its_line() -> None:
    text = 'import shift from "mine.py"\n' + DATA + "net n { h = d.x -> shift(2) }\n"
    (broken,) = resolved(text, {"mine.py": PYTHON + "\n1 / 0\n"}, run_python=True).diagnostics
    assert broken.code == "E0126" and "ZeroDivisionError" in broken.title and f"line {PYTHON.count(chr(10)) + 2}" in broken.title
    (unread,) = resolved(text, {"mine.py": PYTHON.replace("= 1.0", "= max(1, 2)")}).diagnostics
    assert unread.code == "E0126"
    (typed,) = resolved(text, {"mine.py": PYTHON.replace('Literal["add", "take"]', "dict[str, int]")}).diagnostics
    assert typed.code == "E0126" and "dict" in typed.title


def test_text_that_is_not_python_is_a_fault_and_no_exception() -> None:
    for text in ("def (", "\0", "class X(:\n", "(" * 500, "@layer(3)\nclass X: pass\n", "@layer('a b')\nclass X: pass\n"):
        assert isinstance(read_kinds(Source("m.py", text), "m.py"), Fault)
