"""The plan as a file: its schema, its hash, and what it says of a job."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import msgspec
import pytest

from singalang_compiler.job import Epochs, Every, Scales
from singalang_compiler.plan import FORMAT, Plan, StepsRecord, has_own_hash, json_schema, json_schema_text, to_bytes
from tests.compiler.lower.jobs import CLASSES, Stage, compiled, data, job, kind, layer, mlp

SCHEMA = Path(__file__).parents[3] / "docs" / "plan.schema.json"


def test_the_published_schema_is_the_one_of_the_records(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--update"):
        SCHEMA.write_text(json_schema_text(), encoding="utf-8", newline="\n")
    assert SCHEMA.read_text(encoding="utf-8") == json_schema_text(), "run pytest --update if the records of plans have changed"


def test_a_plan_follows_the_schema() -> None:
    actions = {"test": Every(Epochs(2.5), 10, 3), "log": Every(50, 50)}
    stages = (mlp()[0], Stage("norm", layer("batchnorm"), ("fc1",)), Stage("fc2", layer("dense", units=3), ("norm",)), mlp()[3])
    rate = kind("schedules", "piecewise", points=((0, 0.1), (60, 0.01)))
    plan = compiled(job(stages, actions=actions, rate=rate, clip=(-1.0, 1.0), steps=Epochs(3.0))).plan
    jsonschema.validate(json.loads(to_bytes(plan)), json_schema())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(json.loads(to_bytes(plan)) | {"sections": 3}, json_schema())


def test_a_plan_reads_back_and_knows_its_hash() -> None:
    text = to_bytes(compiled(job(mlp())).plan)
    plan = msgspec.json.decode(text, type=Plan)
    assert to_bytes(plan) == text
    assert has_own_hash(text)
    assert not has_own_hash(text.replace(b'"seed": 0', b'"seed": 1'))
    assert plan.format == FORMAT


def test_the_bytes_are_canonical() -> None:
    text = to_bytes(compiled(job(mlp())).plan).decode()
    assert text.endswith("}\n") and "\n  " in text
    assert list(json.loads(text)) == sorted(json.loads(text))
    assert '\n    "' in text and "\t" not in text and all(len(line) < 200 for line in text.splitlines())


def test_periodic_actions_stand_in_the_order_of_a_step_and_the_end_has_a_last_test() -> None:
    actions = {"log": Every(5, 5), "test": Every(Epochs(1.0), 7, 3), "checkpoint": Every(9, 9)}
    plan = compiled(job(mlp(), actions=actions)).plan
    program = plan.programs[plan.sections[0].program]
    assert [act.action for act in program.acts] == ["test", "checkpoint", "log"]
    assert program.acts[0].period == StepsRecord(epochs=1.0) and program.acts[0].after == StepsRecord(steps=7)
    assert [(act.action, act.batches) for act in program.end] == [("test", 3), ("checkpoint", None), ("log", None)]


def test_every_kernel_that_is_named_is_there_and_no_other() -> None:
    made = compiled(job(mlp()))
    plan = made.plan
    section = plan.sections[0]
    assert section.predict is not None
    named = {*section.kernels.values(), section.predict.kernel, *(parameter.init_kernel for parameter in plan.parameters)}
    assert named == set(plan.kernels) == set(made.kernels)
    for key, record in plan.kernels.items():
        assert record.bytes == len(made.kernels[key])


def test_steps_give_back_what_is_donated_in_that_order() -> None:
    plan = compiled(job(mlp(), updater=kind("updaters", "adam"))).plan
    for role in ("step", "steps"):
        record = plan.kernels[plan.sections[0].kernels[role]]
        donated = [(one.name, one.shape, one.dtype) for one in record.inputs if one.donated]
        assert donated == [(one.name, one.shape, one.dtype) for one in record.outputs]
    names = [one.name for one in plan.kernels[plan.sections[0].kernels["steps"]].inputs]
    adam = [name for name in names if name.startswith("slots/")]
    assert names == ["parameters/small", *adam, "metrics", "step", "key", "field/d.x", "field/d.y"]
    assert len(adam) == 2


def test_double_precision_is_double_throughout() -> None:
    plan = compiled(job(mlp(), precision="f64")).plan
    record = plan.kernels[plan.sections[0].kernels["step"]]
    dtypes = {one.name: one.dtype for one in record.inputs}
    assert dtypes["parameters/small"] == dtypes["metrics"] == dtypes["field/d.x"] == "float64"
    assert dtypes["step"] == dtypes["field/d.y"] == "int32"
    assert {plan.kernels[parameter.init_kernel].outputs[0].dtype for parameter in plan.parameters} == {"float64"}


def test_scales_in_the_plan_are_those_of_the_net() -> None:
    plan = compiled(job(mlp(), scales={"fc1": Scales(lr_scale=0.0)})).plan
    assert {parameter.lr_scale for parameter in plan.parameters} == {1.0}


def test_the_layers_are_told_with_their_phases() -> None:
    plan = compiled(job((*mlp(), Stage("p", layer("softmax"), ("fc2",), phases=frozenset({"deploy"}))))).plan
    layers = {one.name: one for one in plan.sections[0].layers}
    assert layers["p"].phases == ("deploy",)
    assert set(layers["loss"].phases) == {"train", "test"}
    assert layers["fc1"].parameters == ("fc1.weight", "fc1.bias")
    assert layers["fc1"].forward_flops == 2 * 6 * 5 + 5


def test_data_are_told_by_phase() -> None:
    plan = compiled(job(mlp(), section=data(fields=CLASSES, batch=4, test_batch=6))).plan
    sources = plan.data[0].sources
    assert {phase: source.batch for phase, source in sources.items()} == {"train": 4, "test": 6}
    assert sources["train"].shuffle and not sources["test"].shuffle
