"""`singac`: tables, stages, settings and mistakes."""

from __future__ import annotations

import json
import os
from pathlib import Path

import jsonschema
import pytest

from singalang_compiler.pipeline import STAGES
from tests.commands.shell import PROGRAM, Shell
from tests.conftest import Golden

SCHEMA = Path(__file__).parents[2] / "docs" / "plan.schema.json"
OWN_LAYER = '''
from __future__ import annotations

from pathlib import Path

from singalang import Layer, layer

Path("executed").touch()


@layer("square")
class Square(Layer):
    """Squares what comes in."""

    power: float = 2.0

    def shape(self, inputs):
        return inputs[0]

    def forward(self, inputs, ctx):
        return inputs[0] ** self.power
'''


def with_own_layer(shell: Shell, attribute: str = "") -> None:
    shell.write("square.py", OWN_LAYER)
    text = PROGRAM.replace("-> relu ->", f"-> square({attribute}) ->")
    shell.write("first.singa", 'import square from "square.py"\n' + text)


def test_compiling_prints_the_net_and_what_it_will_cost(shell: Shell, golden: Golden) -> None:
    shell.write("first.singa")
    told = shell("singac", "first.singa")
    assert told.code == 0 and not told.err
    assert max(map(len, told.out.splitlines())) <= 80
    golden("commands/table.txt", "\n".join(line.rstrip() for line in told.out.splitlines()) + "\n")


def test_a_plan_follows_its_schema_and_has_its_kernels_beside_it(shell: Shell) -> None:
    shell.write("first.singa")
    assert shell("singac", "first.singa").code == 0
    plan = json.loads((shell.folder / "plan.json").read_bytes())
    jsonschema.validate(plan, json.loads(SCHEMA.read_bytes()))
    kernels = {path.name for path in (shell.folder / "plan.kernels").iterdir()}
    assert kernels == {f"{key}.stablehlo" for key in plan["kernels"]}


def test_the_output_may_lie_in_a_folder_that_is_still_to_be_made(shell: Shell) -> None:
    shell.write("first.singa")
    told = shell("singac", "first.singa", "-o", "new/deep/first.json")
    assert told.code == 0 and "run it: singa exec new/deep/first.json" in told.out
    assert (shell.folder / "new/deep/first.json").exists() and any((shell.folder / "new/deep/first.kernels").iterdir())
    assert not (shell.folder / "plan.json").exists()


def test_an_output_that_is_a_folder_is_refused(shell: Shell) -> None:
    shell.write("first.singa")
    (shell.folder / "plan.json").mkdir()
    told = shell("singac", "first.singa")
    assert told.code == 1
    assert "error[E0790]: the plan cannot be written: is a directory" in told.err


def test_an_output_that_is_no_plain_file_is_refused_and_left_alone(shell: Shell) -> None:
    shell.write("first.singa")
    os.mkfifo("pipe")
    told = shell("singac", "first.singa", "-o", "pipe")
    assert told.code == 1 and "error[E0790]: the plan cannot be written: is no plain file" in told.err
    assert Path("pipe").is_fifo()


def test_checking_writes_nothing_and_says_that_all_is_well(shell: Shell) -> None:
    shell.write("first.singa")
    told = shell("singac", "first.singa", "--check")
    assert (told.code, told.out, told.err) == (0, "", "first.singa: no mistakes\n")
    assert [path.name for path in shell.folder.iterdir()] == ["first.singa"]


def test_mistakes_are_told_on_stderr_with_where_to_read_more(shell: Shell, golden: Golden) -> None:
    shell.write("first.singa", PROGRAM.replace("-> relu ->", "-> rleu ->").replace("steps      = 40", "stpes = 40"))
    for more in ([], ["--check"]):
        told = shell("singac", "first.singa", *more)
        assert told.code == 1 and not told.out
        golden("commands/mistakes.txt", told.err)
    assert not (shell.folder / "plan.json").exists()


def test_a_warning_is_told_and_the_plan_written(shell: Shell) -> None:
    shell.write("first.singa", "spare = 3\n" + PROGRAM)
    checked, compiled = shell("singac", "first.singa", "--check"), shell("singac", "first.singa")
    assert checked.code == compiled.code == 0
    assert checked.err == compiled.err and checked.err.startswith("warning[E0108]") and "no mistakes" not in checked.err
    assert (shell.folder / "plan.json").exists()


@pytest.mark.parametrize("more", [[], ["--check"], ["--emit", "shapes"]])
def test_mistakes_as_json_are_all_that_is_on_stdout(shell: Shell, more: list[str]) -> None:
    shell.write("first.singa", PROGRAM.replace("-> relu ->", "-> rleu ->"))
    told = shell("singac", "first.singa", "--diagnostics", "json", *more)
    text = told.out if "--emit" not in more else told.out[: told.out.index("\n]") + 2]
    [record] = json.loads(text)
    assert told.code == 1 and not told.err
    assert (record["code"], record["file"], record["start"]) == ("E0201", "first.singa", {"line": 13, "column": 46})
    assert record["hint"] == "did you mean `relu`?"


@pytest.mark.parametrize("more", [[], ["--check"]])
def test_no_mistakes_as_json_are_an_empty_list(shell: Shell, more: list[str]) -> None:
    shell.write("first.singa")
    told = shell("singac", "first.singa", "--diagnostics", "json", *more)
    assert (told.code, json.loads(told.out), told.err) == (0, [], "")


@pytest.mark.parametrize("stage", [stage.name for stage in STAGES])
def test_what_stands_after_a_stage_can_be_seen(shell: Shell, golden: Golden, stage: str) -> None:
    shell.write("first.singa")
    told = shell("singac", "first.singa", "--emit", stage)
    assert told.code == 0 and not told.err
    assert [path.name for path in shell.folder.iterdir()] == ["first.singa"]
    if stage == "read":
        assert told.out == PROGRAM
    elif stage == "plan":
        shell("singac", "first.singa")
        assert told.out == (shell.folder / "plan.json").read_text(encoding="utf-8")
    else:
        golden(f"commands/emit/{stage}.txt", told.out)


def test_what_is_whole_of_a_broken_program_can_be_seen(shell: Shell) -> None:
    shell.write("first.singa", PROGRAM.replace("-> relu ->", "-> rleu ->"))
    told = shell("singac", "first.singa", "--emit", "parse")
    assert told.code == 0 and "rleu" in told.out
    told = shell("singac", "first.singa", "--emit", "resolve")
    assert told.code == 1 and "error[E0201]" in told.err


def settings_of(shell: Shell, *settings: str) -> dict[str, object]:
    words = [word for setting in settings for word in ("--set", setting)]
    told = shell("singac", "first.singa", *words)
    assert told.code == 0, told.err
    plan = json.loads((shell.folder / "plan.json").read_bytes())
    return {"steps": plan["sections"][0]["steps"]["steps"], "batch": plan["sections"][0]["batch"], "settings": plan["settings"]}


def test_settings_reach_args_and_fields_and_stand_in_the_plan(shell: Shell) -> None:
    shell.write("first.singa", "arg batch = 32\n" + PROGRAM.replace("digits(batch = 32)", "digits(batch = batch)"))
    seen = settings_of(shell, "batch=16", "train.steps=7")
    assert seen == {"steps": 7, "batch": 16, "settings": {"batch": "16", "train.steps": "7"}}


@pytest.mark.parametrize(
    ("setting", "code"),
    [
        ("train.stpes=7", "E0110"),
        ("nothing=7", "E0122"),
        ("train.steps=", "E0112"),
        ("train.steps", "E0131"),
        ("train.steps=ten", "E0101"),
        ("train.steps=-1", "E0113"),
    ],
)
def test_a_wrong_setting_is_a_mistake(shell: Shell, setting: str, code: str) -> None:
    shell.write("first.singa")
    told = shell("singac", "first.singa", "--set", setting)
    assert told.code == 1 and f"error[{code}]" in told.err
    assert not (shell.folder / "plan.json").exists()


def test_a_topology_is_chosen_by_name(shell: Shell) -> None:
    shell.write("first.singa")
    assert shell("singac", "first.singa", "--topology", "laptop").code == 0
    pair = shell("singac", "first.singa", "--topology", "pair", "--check")
    assert (pair.code, pair.err) == (0, "first.singa: no mistakes\n")
    assert shell("singac", "first.singa", "--topology", "pair").code == 0
    typo = shell("singac", "first.singa", "--topology", "labtop")
    assert typo.code == 1 and "did you mean `laptop`?" in typo.err


def test_what_is_only_approximate_beside_one_worker_is_told(shell: Shell) -> None:
    shell.write("local.singa", PROGRAM.replace("dense(16) -> relu", "dense(16) -> batchnorm(over = local) -> relu"))
    for topology, told in (("pair", True), ("laptop", False)):
        done = shell("singac", "local.singa", "--topology", topology)
        assert done.code == 0 and ("approximate  batchnorm1: " in done.out) == told


def test_several_groups_are_checked_but_not_compiled(shell: Shell) -> None:
    shell.write("first.singa", PROGRAM + "\ntopology far { preset = diloco, workers = groups(2, size = 1) }\n")
    assert shell("singac", "first.singa", "--topology", "far", "--check").code == 0
    far = shell("singac", "first.singa", "--topology", "far")
    assert far.code == 1 and "error[E0590]" in far.err
    assert "compile it with one of `--topology laptop`, `--topology pair`" in far.err


def test_a_topology_may_lie_in_another_file(shell: Shell) -> None:
    shell.write("first.singa")
    shell.write("clusters.singa", "topology one { workers = groups(1, size = 1) }\n")
    assert shell("singac", "first.singa", "--topology", "clusters.singa:one").code == 0
    assert shell("singac", "first.singa", "--topology", "clusters.singa:two").code == 1


def test_a_plan_may_be_made_for_several_platforms(shell: Shell) -> None:
    shell.write("first.singa")
    assert shell("singac", "first.singa", "--platforms", "cpu, cuda").code == 0
    assert json.loads((shell.folder / "plan.json").read_bytes())["platforms"] == ["cpu", "cuda"]


def test_times_are_predicted_for_the_machine_that_is_given(shell: Shell) -> None:
    shell.write("first.singa")
    shell.write("slow.json", '{"name": "slow", "matmul_flops_s": 1e6, "dispatch_s": 2}')
    told = shell("singac", "first.singa", "--machine", "slow.json")
    assert told.code == 0 and "(machine: slow)" in told.out
    plan = json.loads((shell.folder / "plan.json").read_bytes())
    assert plan["machine"] == "slow" and plan["estimate"]["step_s"] > 0.1


@pytest.mark.parametrize("text", [None, "not JSON", '{"nmae": "slow"}', '{"matmul_flops_s": "fast"}'])
def test_a_machine_file_that_cannot_be_used_is_a_mistake(shell: Shell, text: str | None) -> None:
    shell.write("first.singa")
    if text is not None:
        shell.write("slow.json", text)
    told = shell("singac", "first.singa", "--machine", "slow.json")
    assert told.code == 1 and "error[E0591]" in told.err and "slow.json" in told.err


@pytest.mark.parametrize(("name", "code"), [("missing.singa", "E0030"), (".", "E0031"), ("latin.singa", "E0032")])
def test_files_that_are_no_programs(shell: Shell, name: str, code: str) -> None:
    (shell.folder / "latin.singa").write_bytes("# \xe9\n".encode("latin-1"))
    told = shell("singac", name)
    assert told.code == 1 and told.err.startswith(f"error[{code}]")


def test_a_plan_given_to_the_compiler_is_sent_to_exec(shell: Shell) -> None:
    assert "run it with `singa exec plan.json`" in shell("singac", "plan.json").err


def test_checking_reads_a_users_layer_and_never_runs_it(shell: Shell) -> None:
    with_own_layer(shell, "power = 3")
    assert shell("singac", "first.singa", "--check").code == 0
    assert not (shell.folder / "executed").exists()
    with_own_layer(shell, "pwoer = 3")
    told = shell("singac", "first.singa", "--check")
    assert told.code == 1 and "error[E0110]" in told.err and "did you mean `power`?" in told.err
    assert not (shell.folder / "executed").exists()


def test_a_users_layer_is_compiled_and_trained(shell: Shell) -> None:
    with_own_layer(shell)
    told = shell("singac", "first.singa")
    assert told.code == 0 and "square1" in told.out
    assert (shell.folder / "executed").exists()
    (shell.folder / "square.py").unlink()  # the plan needs no Python of the user's
    told = shell("singa", "exec", "plan.json", "--quiet")
    assert (told.code, told.out, told.err) == (0, "", "")
    lines = [json.loads(line) for line in (shell.folder / "runs/first-1/metrics.jsonl").read_text().splitlines()]
    losses = [line["loss"] for line in lines if line["phase"] == "train"]
    assert losses[-1] < losses[0]


def test_compiling_twice_gives_the_same_bytes(shell: Shell) -> None:
    seen = []
    for name in ("one", "two"):
        shell.write("first.singa")
        assert shell("singac", "first.singa", "-o", f"{name}/plan.json").code == 0
        files = sorted((shell.folder / name).rglob("*"))
        seen.append({path.relative_to(shell.folder / name): path.read_bytes() for path in files if path.is_file()})
    assert seen[0] == seen[1]
