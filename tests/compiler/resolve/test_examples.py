from __future__ import annotations

from pathlib import Path

import pytest

from singalang_compiler.graph import Node
from singalang_compiler.job import Job
from singalang_compiler.resolve.program import resolve
from singalang_compiler.resolve.request import Request
from singalang_grammar.diagnostics import Outcome
from singalang_grammar.parse.parser import parse
from singalang_grammar.read import read_source
from singalang_grammar.source import Source

EXAMPLES = Path(__file__).parents[3] / "examples"
NAMES = sorted(path.name for path in EXAMPLES.glob("*.singa"))
UNKNOWN = {"E0103", "E0201", "E0105"}


def read_example(path: str) -> Outcome[Source]:
    found = read_source(str(EXAMPLES / path))
    return Outcome(Source(path, found.value.text)) if found.value else Outcome(None)


def example(name: str, settings: tuple[str, ...] = (), topology: str | None = None) -> Outcome[Job]:
    source = read_example(name).value
    assert source is not None
    program = parse(source).value
    assert program is not None
    return resolve(program, Request(settings, topology, read=read_example))


def good(name: str, settings: tuple[str, ...] = (), topology: str | None = None) -> Job:
    outcome = example(name, settings, topology)
    assert not outcome.diagnostics
    assert outcome.value is not None
    return outcome.value


def kinds(name: str, net: str, settings: tuple[str, ...] = ()) -> list[str]:
    value = example(name, settings).value
    assert value is not None
    return [node.kind for node in value.nets[net].graph.in_order]


@pytest.mark.parametrize("name", NAMES)
def test_an_example_is_right_but_for_kinds_and_files_that_are_not_there_yet(name: str) -> None:
    assert {one.code for one in example(name).diagnostics} <= UNKNOWN


def test_fourteen_examples_are_checked() -> None:
    assert len(NAMES) == 14


@pytest.mark.parametrize("name", ["digits_mlp.singa", "digits_cnn.singa", "digits_resnet.singa", "mnist_mlp.singa"])
def test_an_example_whose_kinds_are_there_has_no_mistake_and_no_warning(name: str) -> None:
    good(name)


def test_rnnlm_lacks_its_python_file_and_its_kinds_are_not_called_unknown() -> None:
    diagnostics = example("rnnlm.singa").diagnostics
    assert [one.code for one in diagnostics].count("E0105") == 1
    titles = " ".join(one.title for one in diagnostics)
    assert not any(kind in titles for kind in ("word_records", "recurrent", "class_loss"))


@pytest.mark.parametrize(("depth", "count"), [(20, 22), (110, 112)])
def test_resnet_has_the_layers_that_its_depth_says(depth: int, count: int) -> None:
    made = kinds("resnet.singa", "resnet", (f"depth={depth}",))
    assert made.count("conv") + made.count("dense") == count


def test_labels_in_nested_loops_run_on() -> None:
    graph = good("digits_resnet.singa", ("depth=14",)).nets["resnet"].graph
    instances = {name.split(".")[0] for name in (node.name for node in graph.in_order) if name.startswith("res")}
    assert instances == {f"res{number}" for number in range(1, 7)}
    assert "res1.conv_bn1.conv1" in graph
    assert "stem.conv1" in graph


def test_topology_hybrid_cuts_ip1_alone() -> None:
    value = example("cifar10_hybrid.singa").value
    assert value is not None
    topology = value.topologies["hybrid"]
    assert {key[1]: placing.partition for key, placing in topology.placing.items()} == {"ip1": "feature"}


def test_topology_pipeline_splits_the_net_between_two_layers() -> None:
    value = example("cifar10_hybrid.singa", (), "pipeline").value
    assert value is not None
    assert value.topology.name == "pipeline"
    graph = value.nets["convnet"].graph
    stages = {name: placing.stage for (_, name), placing in value.topology.placing.items()}
    assert stages["conv1"] == stages["lrn2"] == 0
    assert stages["conv3"] == stages["loss"] == 1
    crossing = {
        source for node in graph.in_order for source in node.inputs if stages.get(node.name) == 1 and stages.get(source) == 0
    }
    assert crossing == {"lrn2"}


def test_an_option_takes_layers_out() -> None:
    made = [node.kind for node in good("digits_mlp.singa", ("drop=0",)).nets["mlp"].graph.in_order]
    assert "dropout" not in made


def test_rules_of_the_cifar_net_merge_field_by_field() -> None:
    value = example("cifar10_cnn.singa").value
    assert value is not None
    node: Node = value.nets["convnet"].graph["conv3"]
    bias, weight = node.parameters["bias"], node.parameters["weight"]
    assert bias.init is not None and bias.init.attributes == {"value": 0.0}
    assert (bias.lr_scale, bias.wd_scale) == (1.0, None)
    assert weight.init is not None and weight.init.attributes["std"] == 0.01
    conv1 = value.nets["convnet"].graph["conv1"].parameters["weight"].init
    assert conv1 is not None and conv1.attributes["std"] == 1e-4
    ip1 = value.nets["convnet"].graph["ip1"].parameters
    assert (ip1["weight"].wd_scale, ip1["bias"].wd_scale, ip1["bias"].lr_scale) == (250.0, 0.0, 2.0)
