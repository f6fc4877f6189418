"""`singa diff`: what two plans do otherwise. The edits of `tests/planner` say which layers are named."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from singalang.differences.attributes import attribute_changes
from singalang.differences.compare import compare
from singalang.differences.found import Difference
from singalang.differences.matching import family, match
from singalang.differences.printing import printed
from singalang.layout import Screen, plain
from singalang_compiler.plan import KindRecord, LayerRecord, Plan, SourceFile, to_bytes
from tests.commands.group_plans import read, write_plans
from tests.commands.shell import PROGRAM, Shell
from tests.conftest import Golden


@pytest.fixture(scope="module")
def plans(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with plans of one program for one worker, for two, and in two stages."""
    folder = tmp_path_factory.mktemp("plans")
    write_plans(folder, "laptop", "pair", "cut", "staged")
    return folder


def told(found: Difference, width: int = 80) -> str:
    return "\n".join(printed(found, Screen(width, plain))) + "\n"


def with_section(plan: Plan, **changes: Any) -> Plan:
    """The plan with its first train section otherwise."""
    return structs.replace(plan, sections=(structs.replace(plan.sections[0], **changes), *plan.sections[1:]))


def with_layer(plan: Plan, name: str, **changes: Any) -> Plan:
    """The plan with a layer otherwise."""
    layers = tuple(structs.replace(one, **changes) if one.name == name else one for one in plan.sections[0].layers)
    return with_section(plan, layers=layers)


def test_a_plan_does_not_differ_from_itself(shell: Shell, plans: Path) -> None:
    said = shell("singa", "diff", plans / "cut.json", plans / "cut.json")
    assert (said.code, said.out, said.err) == (0, "no difference\n", "")
    shutil.copy(plans / "cut.json", shell.folder / "copy.json")
    assert shell("singa", "diff", plans / "cut.json", "copy.json").code == 0


def test_a_difference_is_told_and_makes_an_exit_code_of_1(shell: Shell, plans: Path) -> None:
    said = shell("singa", "diff", plans / "pair.json", plans / "cut.json")
    assert (said.code, said.err) == (1, "")
    assert said.out == told(compare(read(plans, "pair"), read(plans, "cut")))
    assert "  ~ fc1: cut by batch -> cut by feature (the program says so)\n" in said.out


@pytest.mark.parametrize("form", ["text", "json"])
def test_plans_that_cannot_be_read_make_an_exit_code_of_2(shell: Shell, plans: Path, form: str) -> None:
    shell.write("broken.json", '{"format": "1.1"}')
    said = shell("singa", "diff", "none.json", "broken.json", "--diagnostics", form)
    assert said.code == 2 and all(code in said.out + said.err for code in ("E0701", "E0702"))
    said = shell("singa", "diff", plans / "cut.json", "none.json", "--diagnostics", form)
    assert said.code == 2 and "E0701" in said.out + said.err and "E0702" not in said.out + said.err
    assert bool(said.out) == (form == "json")


def test_programs_get_differences_as_json(shell: Shell, plans: Path) -> None:
    said = shell("singa", "diff", plans / "laptop.json", plans / "cut.json", "--json")
    found = json.loads(said.out)
    assert said.code == 1
    lines = [line for part in found["parts"] for line in part["lines"]]
    assert {name for line in lines for name in line["layers"]} == {"fc1", "relu1", "out", "loss"}
    costs = {cost["label"]: cost for cost in found["costs"]}
    assert (costs["processes"]["before"], costs["processes"]["after"]) == (1, 2)
    assert found["notes"] == ["the topology is called laptop -> cut"]
    same = shell("singa", "diff", plans / "cut.json", plans / "cut.json", "--json")
    assert (same.code, json.loads(same.out)) == (0, {"parts": [], "costs": [], "notes": []})


def test_costs_stand_before_and_after_with_signs_and_factors(plans: Path, golden: Golden) -> None:
    plan = read(plans, "laptop")
    memory = {name: 4 * size for name, size in plan.estimate.memory_bytes.items()}
    estimate = structs.replace(plan.estimate, total_s=0.5 * (plan.estimate.total_s or 0), memory_bytes=memory, flops_per_step=0)
    slower = structs.replace(with_section(plan, step_s=1.18 * plan.sections[0].step_s), estimate=estimate)
    rows = {line.split("  ")[0]: line for line in told(compare(plan, slower)).splitlines()}
    assert rows["a step"].endswith("+18 %") and rows["in all"].endswith("-50 %")
    assert rows["memory of the largest process"].endswith("4 times") and rows["flops a step"].endswith("-100 %")
    assert "parameters" not in rows, "what is the same is not told"


@pytest.mark.parametrize(("before", "after"), [("laptop", "cut"), ("cut", "staged"), ("staged", "laptop")])
def test_between_topologies_who_does_what_is_told(plans: Path, before: str, after: str, golden: Golden) -> None:
    found = compare(read(plans, before), read(plans, after))
    golden(f"commands/diff/{before}_to_{after}.txt", told(Difference(found.parts, (), found.notes)))
    assert found.costs


def test_text_and_names_that_change_nothing_are_no_difference(plans: Path) -> None:
    plan = read(plans, "cut")
    other = structs.replace(plan, name="second", sources=(SourceFile(path="second.singa", sha256="0" * 64),))
    found = compare(plan, other)
    assert not found.anything and told(found) == "no difference\n(the job is called first -> second)\n"


def test_another_compiler_or_machine_is_told(plans: Path) -> None:
    plan = read(plans, "laptop")
    other = structs.replace(plan, jax="9.9", machine_sha256="f" * 64, platforms=("cpu", "cuda"))
    text = told(compare(plan, other))
    assert "made by: singalang" in text and "JAX 9.9" in text and "(ffffffff)" in text
    assert "platforms: [cpu] -> [cpu, cuda]" in text


def test_what_only_kernels_show_is_not_passed_over(plans: Path) -> None:
    plan = read(plans, "laptop")
    other = with_section(plan, kernels=plan.sections[0].kernels | {"step": "0" * 64})
    assert told(compare(plan, other)) == "the plan\n  ~ the kernels compute something else\n"
    mine = structs.replace(other, sources=(*plan.sources, SourceFile(path="own.py", sha256="1" * 64)))
    assert "the kernels compute something else: own.py has changed" in told(compare(plan, mine))
    turned = with_section(other, layers=plan.sections[0].layers[::-1])
    assert "the kernels compute something else, as layers stand in another order" in told(compare(plan, turned))


def test_kernels_are_not_told_of_beside_what_explains_them(plans: Path) -> None:
    plan = read(plans, "laptop")
    other = with_section(plan, kernels={}, seed=3)
    assert told(compare(plan, other)) == "training\n  ~ seed: 0 -> 3\n"


def test_how_a_net_is_trained_is_told_setting_by_setting(plans: Path, golden: Golden) -> None:
    plan = read(plans, "laptop")
    program = plan.programs["train"]
    other = with_section(
        plan,
        algorithm=KindRecord(kind="cd", attributes={"k": 1}),
        rate=KindRecord(kind="step", attributes={"rate": 0.1, "every": 60}),
        clip=(-1.0, 1.0),
        clip_norm=5.0,
        start="runs/first-1",
        metrics=("loss",),
        precision="bf16",
    )
    other = structs.replace(
        other, programs={"train": structs.replace(program, acts=program.acts[1:], end=program.end[:1])}, approximations=("rough",)
    )
    golden("commands/diff/training.txt", told(compare(plan, other)))


def test_train_sections_come_and_go(plans: Path) -> None:
    plan = read(plans, "laptop")
    again = structs.replace(plan.sections[0], name="again")
    twice = structs.replace(plan, sections=(plan.sections[0], again))
    assert "  + train again: net mlp, 40 steps, adam" in told(compare(plan, twice))
    assert "  - train again: net mlp, 40 steps, adam" in told(compare(twice, plan))
    seeded = structs.replace(twice, sections=(plan.sections[0], structs.replace(again, seed=5)))
    assert "training again\n  ~ seed: 0 -> 5\n" in told(compare(twice, seeded))


def test_what_a_section_scales_is_told_for_each_section_of_the_same_net(plans: Path) -> None:
    plan = read(plans, "laptop")
    twice = structs.replace(plan, sections=(plan.sections[0], structs.replace(plan.sections[0], name="again")))
    slower = {"fc1.weight": (0.5, 1.0), "fc1.bias": (0.5, 1.0), "out.bias": (1.0, 0.0)}
    other = structs.replace(twice, sections=(twice.sections[0], structs.replace(twice.sections[1], scales=slower)))
    found = compare(twice, other)
    assert found.layers == ("fc1", "out")
    assert told(found) == ("training again\n  ~ fc1: learning rate times 1 -> 0.5\n  ~ out: weight decay of `bias` times 1 -> 0\n")


def test_data_are_told_field_by_field_and_source_by_source(plans: Path, golden: Golden) -> None:
    plan = read(plans, "laptop")
    [data] = plan.data
    image, label = data.fields
    sources = {
        "train": structs.replace(data.sources["train"], source=KindRecord(kind="npz", attributes={"path": "a.npz"}), shuffle=False),
        "val": data.sources["val"],
    }
    other = structs.replace(
        data,
        fields=(structs.replace(image, mean=1.0, std_file="std.npy", storage="float32"), structs.replace(label, classes=26)),
        sources=sources,
        records=100,
    )
    golden("commands/diff/data.txt", told(compare(plan, structs.replace(plan, data=(other,)))))
    gone = structs.replace(plan, data=(*plan.data, structs.replace(data, name="letters")))
    assert "data\n  + data letters\n" in told(compare(plan, gone))


def test_a_data_section_with_another_name_affects_no_layer(plans: Path) -> None:
    plan = read(plans, "laptop")
    layers = tuple(
        structs.replace(one, inputs=tuple(name.replace("digits.", "pictures.") for name in one.inputs))
        for one in plan.sections[0].layers
    )
    [data] = plan.data
    other = structs.replace(with_section(plan, layers=layers), data=(structs.replace(data, name="pictures"),))
    found = compare(plan, other)
    assert not found.layers and "pictures: was called digits" in told(found)


def test_layers_that_are_rewired_are_told_with_what_they_read(plans: Path) -> None:
    plan = read(plans, "laptop")
    found = compare(plan, with_layer(plan, "out", inputs=("fc1",)))
    assert found.layers == ("out",) and "~ out: reads relu1 -> fc1" in told(found)


def test_values_that_differ_are_never_told_alike() -> None:
    assert list(attribute_changes({"ratio": 0.1}, {"ratio": 0.1000000001})) == ["ratio 0.1 -> 0.1000000001"]
    assert list(attribute_changes({"a": 1}, {"a": None, "b": True})) == ["a 1 -> not given", "b not given -> true"]


def test_names_are_wrapped_at_any_width_and_colours_change_nothing_else(plans: Path) -> None:
    found = compare(read(plans, "laptop"), read(plans, "staged"))
    for width in (60, 80, 120):
        assert all(len(line) <= width for line in told(found, width).splitlines())
    coloured = "\n".join(printed(found, Screen(80, click.style))) + "\n"
    assert coloured != told(found) and click.unstyle(coloured) == told(found)


KINDS = ("relu", "dense", "dropout", "conv", "tanh")


def chain(kinds: Sequence[tuple[str, int]]) -> tuple[LayerRecord, ...]:
    """Layers one after the other, without labels: each is called after its kind and its number among those."""
    layers: list[LayerRecord] = []
    for kind, size in kinds:
        name = f"{kind}{sum(layer.kind == kind for layer in layers) + 1}"
        inputs = (layers[-1].name if layers else "digits.image",)
        layers.append(LayerRecord(name=name, kind=kind, attributes={"size": size}, inputs=inputs, shape=(4,)))
    return tuple(layers)


chains = st.lists(st.tuples(st.sampled_from(KINDS), st.integers(1, 3)), min_size=1, max_size=14)


@given(chains, st.sampled_from(KINDS), st.data())
def test_whatever_layer_comes_or_goes_only_one_is_unpaired_and_pairs_are_alike(
    kinds: list[tuple[str, int]], kind: str, data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(kinds)))
    before, after = chain(kinds), chain([*kinds[:place], (kind, 9), *kinds[place:]])
    there, back = match(before, after), match(after, before)
    assert there.new == (after[place].name,) == back.gone and not there.gone and not back.new
    wanted = {one.name: other.name for one, other in zip(before, [*after[:place], *after[place + 1 :]], strict=True)}
    assert there.pairs == wanted and back.pairs == {new: old for old, new in wanted.items()}


@given(chains, chains)
def test_nets_are_paired_once_in_order_whatever_they_are(one: list[tuple[str, int]], other: list[tuple[str, int]]) -> None:
    before, after = chain(one), chain(other)
    found = match(before, after)
    assert len(set(found.pairs.values())) == len(found.pairs)
    assert {*found.pairs, *found.gone} == {layer.name for layer in before}
    assert {*found.pairs.values(), *found.new} == {layer.name for layer in after}
    order = {layer.name: place for place, layer in enumerate(after)}
    places = [order[found.pairs[layer.name]] for layer in before if layer.name in found.pairs and layer.name not in found.moved]
    assert places == sorted(places)


def test_labels_say_which_layer_is_which_even_if_its_kind_is_another() -> None:
    before = chain([("dense", 1), ("relu", 1), ("dense", 2)])
    labelled = (before[0], structs.replace(before[1], name="act"), structs.replace(before[2], inputs=("act",)))
    other = (labelled[0], structs.replace(labelled[1], kind="tanh"), labelled[2])
    assert match(labelled, other).pairs["act"] == "act"


def test_layers_that_are_all_wider_are_the_same_layers() -> None:
    before, after = (
        chain([("dense", 512), ("dense", 256), ("dense", 128)]),
        chain([("dense", 1024), ("dense", 512), ("dense", 256)]),
    )
    assert match(before, after).pairs == {"dense1": "dense1", "dense2": "dense2", "dense3": "dense3"}


def test_families_leave_numbers_out() -> None:
    assert family("res2.conv_bn1.conv1") == "res.conv_bn.conv"


def test_a_thousand_layers_are_compared_with_a_thousand_others(plans: Path) -> None:
    plan = read(plans, "laptop")
    kinds = [(KINDS[number % 5], number % 3) for number in range(1000)]
    one, other = (
        with_section(plan, layers=chain(kinds)),
        with_section(plan, layers=chain([("relu", 7), *kinds[:500], *kinds[503:]])),
    )
    found = compare(one, other)
    signs = [line.sign for part in found.parts for line in part.lines]
    assert signs.count("+") == 1 and signs.count("-") == 3 and "~" not in signs


def test_the_program_of_the_shell_compiles_to_equal_plans_twice(shell: Shell) -> None:
    shell.write("one.singa", PROGRAM)
    shell.write("two.singa", PROGRAM.replace("\n\n", "\n# nothing\n\n"))
    for name in ("one", "two"):
        assert shell("singac", f"{name}.singa", "-o", f"{name}.json").code == 0
    said = shell("singa", "diff", "one.json", "two.json")
    assert (said.code, said.out) == (0, "no difference\n(the job is called one -> two)\n")
    assert to_bytes(read(shell.folder, "one")) != to_bytes(read(shell.folder, "two"))
