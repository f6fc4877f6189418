"""`singa test`, `singa predict` and `singa runs`: what comes after training."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.commands.shell import Shell
from tests.conftest import Golden


def digits() -> tuple[np.ndarray, np.ndarray]:
    """Images and labels of the test part, read here with NumPy alone."""
    import gzip

    folder = Path(__file__).parents[2] / "compiler/singalang_compiler/library/sources"
    images = np.frombuffer(gzip.decompress((folder / "digits-images.idx3.gz").read_bytes())[16:], np.uint8).reshape(-1, 64)
    labels = np.frombuffer(gzip.decompress((folder / "digits-labels.idx1.gz").read_bytes())[8:], np.uint8)
    kept = [index for kind in range(10) for index in np.flatnonzero(labels == kind)[4::5]]
    return images[np.sort(kept)], labels[np.sort(kept)]


def rows(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


def measured(run: str, phase: str) -> dict[str, float]:
    lines = [json.loads(line) for line in (Path(run) / "metrics.jsonl").read_text().splitlines()]
    return {name: value for line in lines if line["phase"] == phase for name, value in line.items()}


def test_a_test_repeats_what_the_run_measured_last(trained: Shell) -> None:
    told = trained("singa", "test", "plan.json", "--json")
    assert told.code == 0 and not told.err
    line = json.loads(told.out)
    last = measured("runs/first-1", "test")
    assert {name: line[name] for name in last} == last
    assert line["records"] == 355 and line["checkpoint"] == "runs/first-1/checkpoints/step-00000040"


def test_a_test_in_words(trained: Shell) -> None:
    last = measured("runs/first-1", "test")
    told = trained("singa", "test", "--from", "first-1")
    assert told.code == 0
    assert told.out.startswith(f"test  loss {last['loss']:.4f}  accuracy {last['accuracy']:.1%}  (355 records, ")


@pytest.mark.parametrize("named", ["runs/first-1", "first-1", "runs/first-1/checkpoints/step-00000020"])
def test_a_run_may_be_named_in_three_ways(trained: Shell, named: str) -> None:
    line = json.loads(trained("singa", "test", "--from", named, "--json").out)
    assert line["step"] == (20 if named.endswith("20") else 40)


@pytest.mark.parametrize(("named", "step"), [("best", 40), ("step-00000020", 20)])
def test_a_checkpoint_may_be_chosen(trained: Shell, named: str, step: int) -> None:
    line = json.loads(trained("singa", "test", "plan.json", "--checkpoint", named, "--json").out)
    assert line["step"] == step


def test_validation_data_and_a_part_of_the_data_may_be_measured(trained: Shell) -> None:
    told = trained("singa", "test", "plan.json", "--phase", "val", "--json")
    assert json.loads(told.out)["phase"] == "val"
    told = trained("singa", "test", "plan.json", "--batches", "2", "--json")
    assert json.loads(told.out)["records"] == 200


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--from", "nowhere"), "E0802"),
        (("plan.json", "--checkpoint", "step-7"), "E0808"),
        (("other.json",), "E0813"),
        (("missing.json",), "E0701"),
        (("first.singa",), "E0702"),
    ],
)
@pytest.mark.parametrize("command", ["test", "predict"])
def test_runs_and_checkpoints_that_are_not_there(trained: Shell, command: str, words: tuple[str, ...], code: str) -> None:
    plan = json.loads(Path("plan.json").read_text())
    assert plan["name"] == "first"
    shutil.copy("first.singa", "other.singa")
    if words[0] == "other.json":
        assert trained("singac", "other.singa", "-o", "other.json").code == 0
    told = trained("singa", command, *words)
    assert told.code == 1 and not told.out
    assert told.err.startswith(f"error[{code}]"), told.err


def test_predictions_are_a_row_for_each_record(trained: Shell) -> None:
    told = trained("singa", "predict", "plan.json")
    assert told.code == 0 and not told.err
    head, *found = rows(told.out)
    assert head == ["record", "class1", "probability1"]
    assert [int(row[0]) for row in found] == list(range(1, 356))
    _, labels = digits()
    right = np.mean([int(row[1]) == label for row, label in zip(found, labels, strict=True)])
    assert right == pytest.approx(measured("runs/first-1", "test")["accuracy"], abs=1e-6)


def test_the_likeliest_classes_come_first_and_their_chances_add_up(trained: Shell) -> None:
    told = trained("singa", "predict", "plan.json", "--top-k", "10", "-o", "out.csv")
    assert (told.code, told.out, told.err) == (0, "", "wrote 355 rows to out.csv\n")
    head, *found = rows(Path("out.csv").read_text())
    assert head[-2:] == ["class10", "probability10"]
    for row in found:
        chances = [float(chance) for chance in row[2::2]]
        assert sorted(row[1::2]) == [str(kind) for kind in range(10)]
        assert chances == sorted(chances, reverse=True) and sum(chances) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("form", ["csv", "npz", "csv without labels"])
def test_records_may_come_from_another_file(trained: Shell, form: str) -> None:
    images, labels = digits()
    wanted = rows(trained("singa", "predict", "plan.json").out)
    if form == "npz":
        np.savez("new.npz", image=images[:7])
        source = 'npz("new.npz")'
    else:
        lines = np.column_stack([labels, images]) if form == "csv" else images
        np.savetxt("new.csv", lines[:7], fmt="%d", delimiter=",")
        source = 'csv("new.csv")'
    told = trained("singa", "predict", "plan.json", "--data", source)
    assert told.code == 0, told.err
    found = rows(told.out)
    assert len(found) == 8
    assert [row[1] for row in found] == [row[1] for row in wanted[:8]]


def test_a_folder_for_the_data_may_be_given(trained: Shell) -> None:
    images, _ = digits()
    Path("elsewhere").mkdir()
    np.savez("elsewhere/new.npz", image=images[:3])
    assert trained("singa", "predict", "plan.json", "--data", 'npz("new.npz")').code == 1
    told = trained("singa", "predict", "plan.json", "--data", 'npz("new.npz")', "--root", "elsewhere")
    assert told.code == 0 and len(rows(told.out)) == 4


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ('csv("missing.csv")', "E0601"),
        ('csv("wide.csv")', "E0603"),
        ('npz("unlike.npz")', "E0606"),
        ('cvs("new.csv")', "E0103"),
        ('csv("new.csv"', "E0005"),
        ("new.csv", "E0"),
        ("csv(7)", "E0112"),
        ("", "E0"),
    ],
)
def test_a_wrong_source_is_told_and_nothing_is_lost(trained: Shell, source: str, code: str) -> None:
    np.savez("unlike.npz", picture=np.zeros((3, 64), np.uint8))
    Path("wide.csv").write_text(",".join(["1"] * 70) + "\n")
    Path("out.csv").write_text("precious\n")
    told = trained("singa", "predict", "plan.json", "--data", source, "-o", "out.csv")
    assert told.code == 1 and f"error[{code}" in told.err, told.err
    assert Path("out.csv").read_text() == "precious\n"
    assert not list(Path().glob(".*.tmp"))


@pytest.mark.parametrize("output", ["missing/out.csv", "runs"])
def test_predictions_that_cannot_be_written(trained: Shell, output: str) -> None:
    told = trained("singa", "predict", "plan.json", "-o", output)
    assert told.code == 1 and f"error[E0814]: `{output}` cannot be written" in told.err


def test_predictions_may_go_where_no_file_is(trained: Shell) -> None:
    told = trained("singa", "predict", "plan.json", "-o", "/dev/null")
    assert told.code == 0 and Path("/dev/null").is_char_device()


def test_mistakes_as_json(trained: Shell) -> None:
    for words in (("test", "--from", "nowhere"), ("predict", "--from", "nowhere"), ("runs", "nowhere")):
        told = trained("singa", *words, "--diagnostics", "json")
        assert told.code == 1 and not told.err
        assert [one["code"] for one in json.loads(told.out)] == ["E0802"]


def test_runs_are_listed_with_their_last_test(trained: Shell) -> None:
    assert trained("singa", "exec", "plan.json", "-q", "--until", "20").code == 0
    told = trained("singa", "runs")
    assert told.code == 0
    head, *lines = told.out.splitlines()
    assert head.split() == ["run", "job", "status", "started", "step", "last"]
    assert lines[0].split()[:3] == ["first-1", "first", "finished"]
    assert any(line.split()[:3] == ["first-2", "first", "stopped"] for line in lines)
    assert max(map(len, told.out.splitlines())) <= 80


def test_runs_as_json(trained: Shell) -> None:
    told = trained("singa", "runs", "--json")
    [run] = json.loads(told.out)
    assert (run["run"], run["job"], run["status"], run["step"]) == ("runs/first-1", "first", "finished", 40)
    assert {line["phase"] for line in run["last"]} == {"train", "val", "test"}
    one = json.loads(trained("singa", "runs", "first-1", "--json").out)
    assert one["checkpoints"] == ["step-00000020", "step-00000040"]
    assert {name: one[name] for name in run} == run


def test_one_run_is_shown(trained: Shell) -> None:
    told = trained("singa", "runs", "first-1")
    assert told.code == 0
    for part in ("runs/first-1", "finished", "step-00000020 step-00000040", "accuracy"):
        assert part in told.out


def test_where_nothing_was_run_there_are_no_runs(shell: Shell) -> None:
    told = shell("singa", "runs")
    assert (told.code, told.out, told.err) == (0, "", "no runs in runs\n")
    assert shell("singa", "runs", "--json").out == "[]\n"


def test_runs_may_lie_elsewhere(trained: Shell, golden: Golden) -> None:
    Path("runs").rename("attic")
    assert "first-1" in trained("singa", "runs", "--folder", "attic").out
    told = trained("singa", "runs", "frist-1", "--folder", "attic")
    assert told.code == 1
    golden("commands/no_run.txt", told.err)
