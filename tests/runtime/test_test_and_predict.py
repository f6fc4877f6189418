"""What a trained net is asked afterwards: `singa test`, `singa predict`, `singa runs`."""

from __future__ import annotations

import csv
import io
import shutil
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from safetensors.numpy import load_file

from singalang_compiler.plan import KindRecord, Plan, to_bytes
from singalang_runtime import test as testing
from singalang_runtime.lock import Lock
from singalang_runtime.metrics_file import read_lines
from singalang_runtime.predict import PredictRequest, _likeliest, predict
from singalang_runtime.runs import latest_run, list_runs, show_run
from tests.runtime.conftest import Run
from tests.runtime.tiny import RECORDS, Tiny, every, records

TINY = Tiny(steps=30, acts=(every("checkpoint", 10), every("test", 10)))


def predicted(folder: Path, step: int) -> np.ndarray[Any, Any]:
    tensors = load_file(folder / "checkpoints" / f"step-{step:08d}" / "tensors.safetensors")
    x, _ = records()
    values: np.ndarray[Any, Any] = x @ tensors["parameters/fc.weight"].ravel() + tensors["parameters/fc.bias"]
    return values


def test_a_test_measures_what_the_run_measured(run: Run, tmp_path: Path) -> None:
    run(TINY)
    lines = {line.step: line for line in read_lines(tmp_path / "whole" / "metrics.jsonl") if line.phase == "test"}
    latest = testing.test(testing.TestRequest(run=str(tmp_path / "whole"))).value
    assert latest is not None and latest.line == lines[30] and latest.records == RECORDS
    named = testing.test(testing.TestRequest(run="whole", runs=tmp_path, checkpoint="step-00000010")).value
    assert named is not None and named.line == lines[10]
    path = tmp_path / "whole" / "checkpoints" / "step-00000020"
    placed = testing.test(testing.TestRequest(run=str(path))).value
    assert placed is not None and placed.line == lines[20] and placed.checkpoint == path


def test_the_best_checkpoint_is_that_of_the_best_test(run: Run, tmp_path: Path) -> None:
    run(TINY)
    metrics = tmp_path / "whole" / "metrics.jsonl"
    lines = [line for line in read_lines(metrics) if line.phase == "test"]
    near = {line.step: dict(line.metrics)["near"] for line in lines}
    best = max(near, key=lambda step: (near[step], step))
    report = testing.test(testing.TestRequest(run=str(tmp_path / "whole"), checkpoint="best")).value
    assert report is not None and report.line.step == best
    made_up = [f'{{"train": "train", "phase": "test", "step": {step}, "near": {0.5 + (step == 20)}}}' for step in (10, 20, 30)]
    metrics.write_text("\n".join(made_up) + "\n")
    report = testing.test(testing.TestRequest(run=str(tmp_path / "whole"), checkpoint="best")).value
    assert report is not None and report.line.step == 20


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"run": "nowhere"}, "E0802"),
        ({"run": "whole", "checkpoint": "step-00000011"}, "E0808"),
        ({"run": "whole", "phase": "val"}, "E0905"),
    ],
)
def test_what_cannot_be_tested_is_refused(request_: dict[str, Any], code: str, run: Run, tmp_path: Path) -> None:
    run(TINY)
    outcome = testing.test(testing.TestRequest(runs=tmp_path, **request_))
    assert outcome.value is None and [one.code for one in outcome.diagnostics] == [code]


def test_predictions_are_a_row_for_each_record_in_file_order(run: Run, tmp_path: Path) -> None:
    run(TINY)
    out = io.StringIO()
    outcome = predict(PredictRequest(run=str(tmp_path / "whole"), out=out))
    assert outcome.value is not None and outcome.value.records == RECORDS
    rows = list(csv.reader(io.StringIO(out.getvalue())))
    assert rows[0] == ["record", "value1"] and [int(row[0]) for row in rows[1:]] == list(range(1, RECORDS + 1))
    assert np.allclose([float(row[1]) for row in rows[1:]], predicted(tmp_path / "whole", 30), rtol=1e-6)


@pytest.mark.parametrize("phase", ["train", "test"])
def test_predictions_come_from_another_source_without_labels(phase: Any, run: Run, tmp_path: Path) -> None:
    run(TINY)
    x, _ = records()
    np.savez(tmp_path / "new.npz", x=x[5:8])
    source = KindRecord(kind="npz", attributes={"path": "new.npz", "stored": "f32"})
    out = io.StringIO()
    outcome = predict(PredictRequest(run=str(tmp_path / "whole"), out=out, source=source, data=tmp_path, phase=phase))
    assert outcome.diagnostics == ()
    rows = list(csv.reader(io.StringIO(out.getvalue())))
    assert np.allclose([float(row[1]) for row in rows[1:]], predicted(tmp_path / "whole", 30)[5:8], rtol=1e-6)


def test_of_classes_the_likeliest_come_first() -> None:
    row = np.array([0.1, 0.4, 0.1, 0.4], np.float32)
    assert _likeliest(row, 3) == [1, "0.4", 3, "0.4", 0, "0.1"]


def test_classes_are_predicted_with_their_probabilities(run: Run, tmp_path: Path) -> None:
    """The tiny net's one output taken for one class: what counts is the form."""
    run(TINY)
    path = tmp_path / "whole" / "plan.json"
    plan = msgspec.json.decode(path.read_bytes(), type=Plan)
    [section] = plan.sections
    assert section.predict is not None
    changed = msgspec.structs.replace(section, predict=msgspec.structs.replace(section.predict, classes=1))
    path.write_bytes(to_bytes(msgspec.structs.replace(plan, sections=(changed,))))
    out = io.StringIO()
    assert predict(PredictRequest(run=str(tmp_path / "whole"), out=out, top_k=5)).value is not None
    rows = list(csv.reader(io.StringIO(out.getvalue())))
    assert rows[0] == ["record", "class1", "probability1"] and {row[1] for row in rows[1:]} == {"0"}


def test_a_net_that_predicts_nothing(run: Run, tmp_path: Path) -> None:
    run(TINY)
    path = tmp_path / "whole" / "plan.json"
    plan = msgspec.json.decode(path.read_bytes(), type=Plan)
    changed = msgspec.structs.replace(plan.sections[0], predict=None)
    path.write_bytes(to_bytes(msgspec.structs.replace(plan, sections=(changed,))))
    outcome = predict(PredictRequest(run=str(tmp_path / "whole"), out=io.StringIO()))
    assert [one.code for one in outcome.diagnostics] == ["E0907"]


def test_data_that_are_missing_when_predicting(run: Run, tmp_path: Path) -> None:
    run(TINY)
    outcome = predict(PredictRequest(run=str(tmp_path / "whole"), out=io.StringIO(), data=tmp_path / "elsewhere"))
    assert [one.code for one in outcome.diagnostics] == ["E0601"]


def test_a_checkpoint_of_another_model_predicts_nothing(run: Run, tmp_path: Path) -> None:
    run(TINY)
    run(Tiny(steps=40, acts=(), width=2), "narrow")
    shutil.copytree(tmp_path / "narrow" / "checkpoints" / "step-00000040", tmp_path / "whole" / "checkpoints" / "step-00000040")
    outcome = predict(PredictRequest(run=str(tmp_path / "whole"), out=io.StringIO()))
    assert [one.code for one in outcome.diagnostics] == ["E0807"]


def test_runs_are_listed_with_what_became_of_them(run: Run, tmp_path: Path) -> None:
    run(TINY, "runs/a-2")
    run(TINY, "runs/a-10", until=10)
    run(Tiny(poison=3, name="bad"), "runs/bad-1")
    (tmp_path / "runs" / "no-run").mkdir()
    views = {view.path.name: view for view in list_runs(tmp_path / "runs")}
    assert {name: view.status for name, view in views.items()} == {"a-2": "finished", "a-10": "stopped", "bad-1": "failed"}
    assert views["bad-1"].state.code == "E0901" and views["a-2"].lines[-1].step == 30
    assert latest_run(tmp_path / "runs", "tiny") == tmp_path / "runs" / "a-10"
    assert list_runs(tmp_path / "none") == () and latest_run(tmp_path / "runs", "other") is None


def test_a_run_whose_process_is_gone_was_killed(run: Run, tmp_path: Path) -> None:
    run(TINY)
    state = tmp_path / "whole" / "run.json"
    state.write_text(state.read_text().replace('"finished"', '"running"'))
    details = show_run("whole", tmp_path).value
    assert details is not None and details.view.status == "killed"
    assert details.checkpoints == ("step-00000010", "step-00000020", "step-00000030")
    lock = Lock.take(tmp_path / "whole" / "lock")
    assert lock is not None
    details = show_run(str(tmp_path / "whole"), Path("runs")).value
    assert details is not None and details.view.status == "running"
    lock.release()
    assert [one.code for one in show_run("other", tmp_path).diagnostics] == ["E0802"]
