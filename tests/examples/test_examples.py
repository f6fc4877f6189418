"""The programs in `examples/`: laid out canonically, compiled to golden plans, trained.

Golden plans hold hashes of kernels, and kernels are what JAX exported: another version of JAX gives other hashes. The golden plans
are those of the version in constraints.txt; with another they are not compared. `pytest --update` writes them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import jax
import msgspec
import pytest

from singalang import words
from singalang_compiler.pipeline import Request, compile_program, run
from singalang_compiler.plan import Plan, to_bytes
from singalang_compiler.shaped import ShapedNode
from singalang_grammar.diagnostics import Diagnostic, Outcome
from singalang_grammar.format.program import format_program
from singalang_grammar.parse.parser import parse
from singalang_grammar.read import read_source
from singalang_grammar.source import Source
from tests.conftest import GOLDEN, USED, Golden

ROOT = Path(__file__).parents[2]
NAMES = sorted(path.stem for path in (ROOT / "examples").glob("*.singa"))
WHOLE = ("digits_autoencoder", "digits_cnn", "digits_mlp", "digits_resnet", "mnist_mlp")
"""Examples that compile."""
GROUPS = (
    ("digits_autoencoder", "stages"),
    ("digits_cnn", "hybrid"),
    ("digits_mlp", "tests/examples/topologies.singa:auto"),
    ("digits_resnet", "stages"),
)
"""Examples by topologies of several workers: cut by batch and feature, in stages, as the compiler chooses."""
LIBRARIES = ("blocks",)
"""Examples that others import and that train nothing themselves."""


@pytest.fixture(autouse=True)
def at_the_root(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Relative paths are from the root of the repository, so that plans hold no path of a machine. Leaves JAX as it was."""
    monkeypatch.chdir(ROOT)
    config: Any = jax.config  # without types in JAX
    before = config.jax_enable_x64
    yield
    config.update("jax_enable_x64", before)


def path_of(name: str) -> str:
    return f"examples/{name}.singa"


def source_of(name: str) -> Source:
    source = read_source(path_of(name)).value
    assert source is not None
    return source


def test_there_are_fourteen() -> None:
    assert len(NAMES) == 14 and {*WHOLE, *LIBRARIES} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_an_example_parses_and_is_laid_out_canonically(name: str) -> None:
    source = source_of(name)
    parsed = parse(source)
    assert parsed.value is not None and not parsed.diagnostics
    assert format_program(parsed.value) == source.text


@pytest.mark.parametrize("name", WHOLE)
def test_an_example_whose_kinds_are_there_compiles_to_its_golden_plan(
    name: str, golden: Golden, request: pytest.FixtureRequest
) -> None:
    compare_plan(Request(path_of(name)), f"examples/{name}.json", golden, request)


@pytest.mark.parametrize(("name", "topology"), GROUPS)
def test_an_example_for_several_workers_compiles_to_its_golden_plan(
    name: str, topology: str, golden: Golden, request: pytest.FixtureRequest
) -> None:
    file = f"examples/{name}-{topology.rpartition(':')[2]}.json"
    compare_plan(Request(path_of(name), topology=topology), file, golden, request)


def compare_plan(program: Request, file: str, golden: Golden, request: pytest.FixtureRequest) -> None:
    """Compares the plan of a program with a golden one, if that was made with this version of JAX."""
    outcome = compile_program(program)
    assert outcome.value is not None and not outcome.diagnostics
    text = to_bytes(outcome.value.plan).decode()
    assert str(ROOT) not in text
    kept = GOLDEN / file
    if kept.exists() and not request.config.getoption("--update"):
        made_with = json.loads(kept.read_bytes())["jax"]
        if made_with != jax.__version__:
            request.config.stash[USED].add(file)
            pytest.skip(f"the golden plans are of JAX {made_with}, this is {jax.__version__}")
    golden(file, text)


@pytest.mark.parametrize("path", sorted((GOLDEN / "examples").glob("*.json")), ids=lambda path: path.stem)
def test_every_decision_in_a_golden_plan_has_a_reason_and_none_is_missing(path: Path) -> None:
    plan = msgspec.json.decode(path.read_bytes(), type=Plan)
    assert all(words.REASONS[one.reason] for one in plan.decisions)
    assert all(one.step_s is not None or one.why for decision in plan.decisions for one in decision.rejected)
    decided = [one.about for one in plan.decisions]
    assert len(decided) == len(set(decided))
    wanted = {"processes", "operations"} | {f"{section.name}.dispatch" for section in plan.sections}
    for section in plan.sections:
        if section.group:
            layers = [layer.name for layer in section.layers if "train" in layer.phases]
            endings = ("partition", "stage") if section.group.stages > 1 else ("partition",)
            wanted |= {f"{section.name}.{layer}.{ending}" for layer in layers for ending in endings}
            wanted |= {f"{section.name}.{name}.stored" for name in section.parameter_names} | {f"{section.name}.servers"}
    assert set(decided) == wanted


def told(diagnostic: Diagnostic) -> str:
    """A code, the file and line, and what the program says there."""
    assert diagnostic.primary is not None
    span = diagnostic.primary.span
    line, _ = span.source.line_column(span.start)
    return f"{diagnostic.code} {Path(span.source.path).name}:{line} {span.source.text[span.start : span.end]}"


def test_the_other_examples_lack_exactly_the_kinds_and_the_file_that_are_still_to_come(golden: Golden) -> None:
    lines = []
    for name in NAMES:
        if name not in WHOLE:
            found = compile_program(Request(path_of(name))).diagnostics
            lines += [f"{name}:", *(f"  {told(one)}" for one in found)]
    golden("examples/unknown.txt", "\n".join(lines) + "\n")


@pytest.mark.parametrize("name", [name for name in NAMES if name not in WHOLE])
def test_nothing_but_kinds_and_a_file_is_missing(name: str) -> None:
    found = compile_program(Request(path_of(name))).diagnostics
    assert {one.code for one in found} <= {"E0103", "E0105", "E0201"} and found


def shaped(name: str, net: str, text: str, settings: tuple[str, ...] = ()) -> dict[str, ShapedNode]:
    """The layers that a net trains with, by name, of an example whose text may have been changed."""

    def read(path: str) -> Outcome[Source]:
        return Outcome(Source(path, text)) if path == path_of(name) else read_source(path)

    outcome = run(Request(path_of(name), settings, check=True, read=read), "shapes")
    assert outcome.value is not None
    return {node.node.name: node for node in outcome.value.nets[net].phases["train"]}


def shape_of(nodes: dict[str, ShapedNode], name: str) -> tuple[int, ...]:
    spec = nodes[name].spec
    assert spec is not None
    return spec.shape


def layers(nodes: dict[str, ShapedNode]) -> list[ShapedNode]:
    return [node for node in nodes.values() if node.node.inputs]


def test_alexnet_has_24_layers_and_fc6_sees_256_maps_of_6_by_6() -> None:
    text = source_of("alexnet").text
    assert "f32[3, 256, 256]" in text and "    -> crop(227, mirror = true)\n" in text
    without_crop = text.replace("f32[3, 256, 256]", "f32[3, 227, 227]").replace("    -> crop(227, mirror = true)\n", "")
    nodes = shaped("alexnet", "alexnet", without_crop)
    assert len(layers(nodes)) + 1 == 24
    [source] = nodes["fc6"].node.inputs
    assert shape_of(nodes, source) == (256, 6, 6)


def test_pools_of_the_cifar_net_round_down() -> None:
    nodes = shaped("cifar10_cnn", "convnet", source_of("cifar10_cnn").text)
    [source] = nodes["ip1"].node.inputs
    assert shape_of(nodes, source) == (64, 3, 3)


@pytest.mark.parametrize(("depth", "count"), [(20, 22), (110, 112)])
def test_a_resnet_has_as_many_layers_with_weights_as_its_depth_says(depth: int, count: int) -> None:
    text = source_of("resnet").text.replace("updater nesterov {", "updater sgd {")
    nodes = shaped("resnet", "resnet", text, (f"depth={depth}",))
    with_weights = [node for node in nodes.values() if node.node.kind in ("conv", "dense")]
    assert len(with_weights) == count
    assert shape_of(nodes, "fc") == (10,) and shape_of(nodes, "loss") == ()


def test_the_mlps_have_the_parameters_of_their_widths() -> None:
    for name, widths in (("digits_mlp", (64, 128, 64, 10)), ("mnist_mlp", (784, 2500, 2000, 1500, 1000, 500, 10))):
        plan = json.loads((GOLDEN / "examples" / f"{name}.json").read_bytes())
        shapes = [tuple(one["shape"]) for one in plan["parameters"]]
        assert sorted(shape for shape in shapes if len(shape) == 2) == sorted(pairwise(widths))
        assert sorted(shape for shape in shapes if len(shape) == 1) == sorted((width,) for width in widths[1:])


def installed(command: str) -> str:
    return str(Path(sys.executable).with_name(command))


def process(*words: str, cwd: Path, **env: str) -> str:
    """What a command prints that must go well."""
    given = os.environ | {"XDG_CACHE_HOME": str(cwd / "cache"), **env}
    done = subprocess.run(words, cwd=cwd, env=given, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("name", ["digits_mlp", "digits_resnet"])
def test_two_folders_and_two_processes_give_equal_plans_and_kernels(name: str, tmp_path: Path) -> None:
    seen = []
    for folder, seed in (("one", "1"), ("deeper/two", "2")):
        copy = tmp_path / folder / "examples"
        copy.mkdir(parents=True)
        for needed in (name, "blocks"):
            (copy / f"{needed}.singa").write_text(source_of(needed).text, encoding="utf-8")
        process(installed("singac"), f"examples/{name}.singa", cwd=copy.parent, PYTHONHASHSEED=seed)
        files = [copy.parent / "plan.json", *sorted((copy.parent / "plan.kernels").iterdir())]
        seen.append([(path.name, path.read_bytes()) for path in files])
    assert seen[0] == seen[1]


@pytest.mark.slow
def test_digits_mlp_as_committed_learns_to_tell_97_digits_in_100(tmp_path: Path) -> None:
    process(installed("singac"), str(ROOT / "examples/digits_mlp.singa"), cwd=tmp_path)
    process(installed("singa"), "exec", "plan.json", "--run", "run", cwd=tmp_path)
    lines = [json.loads(line) for line in (tmp_path / "run/metrics.jsonl").read_text().splitlines()]
    tests = [line for line in lines if line["phase"] == "test"]
    assert tests[-1]["step"] == 2000 and tests[-1]["accuracy"] >= 0.97
    assert lines[-1] == tests[-1], "the last line is the last test"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["digits_cnn", "digits_resnet"])
def test_the_convolutional_examples_run(name: str, tmp_path: Path) -> None:
    settings = [word for field in ("steps=20", "log=every(5)", "test=every(10)") for word in ("--set", f"train.{field}")]
    process(installed("singac"), str(ROOT / f"examples/{name}.singa"), *settings, cwd=tmp_path)
    process(installed("singa"), "exec", "plan.json", "--run", "run", cwd=tmp_path)
    lines = [json.loads(line) for line in (tmp_path / "run/metrics.jsonl").read_text().splitlines()]
    losses = [line["loss"] for line in lines if line["phase"] == "train"]
    assert [line["step"] for line in lines if line["phase"] == "train"] == [5, 10, 15, 20]
    assert losses[-1] < losses[0]
