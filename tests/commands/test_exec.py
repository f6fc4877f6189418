"""`singa exec`: runs, runs that go on, and plans that cannot be run."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path
from subprocess import PIPE

import pytest

from tests.commands.shell import PROGRAM, Shell, environment, installed
from tests.conftest import Golden


def measured(run: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def without_times(text: str) -> str:
    """The lines of a run with what differs from run to run taken out."""
    text = re.sub(r"[\d.]+[kMG]? records/s", "N records/s", text)
    return re.sub(r"after [\d.]+ s", "after N s", text)


def test_a_run_tells_what_it_measures_and_where_it_lies(trained: Shell, golden: Golden) -> None:
    told = trained("singa", "exec", "plan.json")
    assert told.code == 0 and not told.err
    golden("commands/exec.txt", without_times(re.sub(r"(loss|accuracy) [\d.]+%?", r"\1 N", told.out)))
    assert {"plan.json", "metrics.jsonl", "scorecard.json", "checkpoints"} <= {path.name for path in Path("runs/first-2").iterdir()}


def test_equal_runs_measure_equal_numbers(trained: Shell) -> None:
    assert trained("singa", "exec", "plan.json", "-q").code == 0
    assert measured(Path("runs/first-1")) == measured(Path("runs/first-2"))


def test_the_run_folder_can_be_named_and_is_not_taken_twice(trained: Shell) -> None:
    assert trained("singa", "exec", "plan.json", "-q", "--run", "deep/mine").code == 0
    assert measured(Path("deep/mine"))[-1]["phase"] == "test"
    before = (Path("deep/mine") / "metrics.jsonl").read_bytes()
    told = trained("singa", "exec", "plan.json", "-q", "--run", "deep/mine")
    assert told.code == 1 and "error[E0803]" in told.err
    assert (Path("deep/mine") / "metrics.jsonl").read_bytes() == before


def test_quiet_says_nothing(trained: Shell) -> None:
    told = trained("singa", "exec", "plan.json", "--quiet")
    assert (told.code, told.out, told.err) == (0, "", "")


def test_stopping_and_going_on_gives_the_run_that_was_not_stopped(trained: Shell) -> None:
    told = trained("singa", "exec", "plan.json", "--run", "two", "--until", "20")
    assert told.code == 0
    assert "stopped at step 20" in told.out and "to go on: singa exec --resume --run two" in told.out
    told = trained("singa", "exec", "--resume", "--run", "two")
    assert told.code == 0 and "goes on from step-00000020" in told.out
    whole, parts = (Path(run) / "checkpoints/step-00000040/tensors.safetensors" for run in ("runs/first-1", "two"))
    assert whole.read_bytes() == parts.read_bytes()
    assert measured(Path("runs/first-1")) == measured(Path("two"))
    told = trained("singa", "exec", "--resume", "--run", "two")
    assert told.code == 0 and "has finished already" in told.out


def test_the_last_run_of_a_plan_goes_on_where_none_is_named(trained: Shell) -> None:
    assert trained("singa", "exec", "plan.json", "--until", "20").code == 0
    told = trained("singa", "exec", "plan.json", "--resume")
    assert told.code == 0 and "runs/first-2" in told.out and "finished at step 40" in told.out


def test_a_run_of_another_plan_does_not_go_on(trained: Shell) -> None:
    assert trained("singac", "first.singa", "-o", "other.json", "--set", "train.steps=60").code == 0
    told = trained("singa", "exec", "other.json", "--resume", "--run", "runs/first-1")
    assert told.code == 1 and "error[E0809]" in told.err


def test_nothing_to_resume(shell: Shell) -> None:
    told = shell("singa", "exec", "--resume")
    assert told.code == 1 and "error[E0909]" in told.err


@pytest.mark.parametrize(
    ("broken", "code"),
    [
        ("missing", "E0701"),
        ("a folder", "E0701"),
        ("a program", "E0702"),
        ("cut short", "E0702"),
        ("another format", "E0703"),
        ("edited", "E0704"),
        ("a kernel missing", "E0705"),
        ("all kernels missing", "E0705"),
        ("a kernel altered", "E0706"),
    ],
)
def test_plans_that_cannot_be_run(trained: Shell, broken: str, code: str) -> None:
    plan, kernels = trained.folder / "plan.json", trained.folder / "plan.kernels"
    text = plan.read_text()
    named = "plan.json"
    match broken:
        case "missing":
            plan.unlink()
        case "a folder":
            named = "runs"
        case "a program":
            named = "first.singa"
        case "cut short":
            plan.write_text(text[:1000])
        case "another format":
            plan.write_text(text.replace('"format": "1.', '"format": "7.'))
        case "edited":
            plan.write_text(text.replace('"seed": 0', '"seed": 1'))
        case "a kernel missing":
            min(kernels.iterdir()).unlink()
        case "all kernels missing":
            shutil.rmtree(kernels)
        case _:
            kernel = max(kernels.iterdir())
            kernel.write_bytes(kernel.read_bytes() + b" ")
    told = trained("singa", "exec", named, "--run", "new")
    assert told.code == 1 and told.err.startswith(f"error[{code}]") and not told.out
    assert not (trained.folder / "new").exists(), "nothing was begun"


def test_mistakes_as_json_are_all_that_is_on_stdout(trained: Shell) -> None:
    (trained.folder / "plan.json").unlink()
    told = trained("singa", "exec", "plan.json", "--diagnostics", "json")
    assert told.code == 1 and not told.err
    assert [one["code"] for one in json.loads(told.out)] == ["E0701"]


def test_a_run_without_mistakes_is_an_empty_list_in_json(trained: Shell) -> None:
    told = trained("singa", "exec", "plan.json", "--diagnostics", "json")
    assert (told.code, json.loads(told.out), told.err) == (0, [], "")


CSV = """
data digits { image: f32[64], label: class(10), train = csv("train.csv", batch = 4), test = csv("test.csv", batch = 4) }
net mlp { loss = (digits.image -> dense(10), digits.label) -> softmax_loss }
updater sgd { lr = 0.01 }
train { steps = 4 }
"""


def write_csv(folder: Path, name: str, last: str = "1") -> None:
    lines = [",".join(["3", *("5" for _ in range(63)), last]) + "\n" for _ in range(8)]
    (folder / name).write_text("".join(lines))


def test_data_are_looked_for_in_the_folder_that_is_given(shell: Shell) -> None:
    shell.write("first.singa", CSV)
    assert shell("singac", "first.singa").code == 0
    told = shell("singa", "exec", "plan.json")
    assert told.code == 1 and told.err.count("error[E0601]") == 2 and "`train.csv`" in told.err
    assert not Path("runs").exists()
    elsewhere = shell.folder / "elsewhere"
    elsewhere.mkdir()
    for name in ("train.csv", "test.csv"):
        write_csv(elsewhere, name)
    assert shell("singa", "exec", "plan.json", "--data", "elsewhere", "-q").code == 0


def test_a_bad_value_is_told_with_file_and_line(shell: Shell) -> None:
    shell.write("first.singa", CSV)
    for name in ("train.csv", "test.csv"):
        write_csv(shell.folder, name)
    path = shell.folder / "train.csv"
    path.write_text(path.read_text().replace("3,5,5", "3,5,five", 1))
    assert shell("singac", "first.singa").code == 0
    told = shell("singa", "exec", "plan.json")
    assert told.code == 1
    assert "error[E0604]: `five` is not a number\n --> train.csv, line 1\n" in told.err


def test_a_loss_that_is_not_finite_fails_the_job(shell: Shell) -> None:
    shell.write("first.singa", PROGRAM.replace("adam { lr = 0.01 }", "sgd { lr = 1e30 }"))
    assert shell("singac", "first.singa").code == 0
    told = shell("singa", "exec", "plan.json")
    assert told.code == 3 and "error[E0901]" in told.err and "failed at step" in told.out
    assert json.loads((Path("runs/first-1") / "run.json").read_text())["status"] == "failed"


def test_compiled_kernels_are_kept_unless_told_otherwise(trained: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "kept"))
    assert trained("singa", "exec", "plan.json", "-q", "--no-cache").code == 0
    assert not (tmp_path / "kept").exists()


@pytest.mark.slow
@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_writes_a_checkpoint_and_leaves(trained: Shell, caches: Path, sent: signal.Signals, code: int) -> None:
    assert trained("singac", "first.singa", "-o", "long.json", "--set", "train.steps=100M", "--set", "train.log=none").code == 0
    words = [installed("singa"), "exec", "long.json", "--run", "long"]
    env = environment(caches)
    with subprocess.Popen(words, stdout=PIPE, stderr=PIPE, text=True, env=env, cwd=trained.folder) as running:
        deadline = time.monotonic() + 120
        while not any(Path("long/checkpoints").glob("step-*")) and time.monotonic() < deadline:
            time.sleep(0.05)
        running.send_signal(sent)
        out, err = running.communicate(timeout=60)
    assert running.returncode == code, err
    assert "interrupted at step" in out and "to go on: singa exec --resume --run long" in out and not err
    assert json.loads(Path("long/run.json").read_text())["status"] == "interrupted"
    told = trained("singa", "runs", "long", "--folder", ".")
    assert told.code == 0 and "interrupted" in told.out


@pytest.mark.slow
def test_two_processes_do_not_share_a_run_folder(trained: Shell, caches: Path) -> None:
    assert trained("singac", "first.singa", "-o", "long.json", "--set", "train.steps=100M").code == 0
    words = [installed("singa"), "exec", "long.json", "--run", "long", "-q"]
    with subprocess.Popen(words, env=environment(caches), cwd=trained.folder) as running:
        deadline = time.monotonic() + 120
        while not any(Path("long/checkpoints").glob("step-*")) and time.monotonic() < deadline:
            time.sleep(0.05)
        told = trained("singa", "exec", "--resume", "--run", "long")
        seen = trained("singa", "runs", "--folder", ".")
        running.send_signal(signal.SIGINT)
        running.wait(60)
    assert told.code == 1 and f"in use by process {running.pid}" in told.err
    assert "running" in seen.out
