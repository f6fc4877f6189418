"""`singa exec`, with --local and without: plans of several workers and servers, and what becomes of their runs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.commands.shell import Shell


def measured(run: str) -> list[dict[str, float]]:
    return [json.loads(line) for line in (Path(run) / "metrics.jsonl").read_text().splitlines()]


def test_a_plan_of_two_workers_runs_in_one_process_and_is_asked_as_any_other(trained: Shell) -> None:
    assert trained("singac", "first.singa", "--topology", "pair", "-o", "pair.json").code == 0
    told = trained("singa", "exec", "pair.json", "--local", "--run", "runs/pair")
    assert told.code == 0 and not told.err
    assert "the work of 2 processes is done in this one" in told.out
    alone, pair = measured("runs/first-1"), measured("runs/pair")
    assert [(line["phase"], line["step"]) for line in alone] == [(line["phase"], line["step"]) for line in pair]
    assert all(abs(one["loss"] - other["loss"]) < 1e-4 for one, other in zip(alone, pair, strict=True))
    tested = trained("singa", "test", "pair.json", "--from", "runs/pair")
    assert tested.code == 0 and f"{pair[-1]['loss']:.4f}" in tested.out
    assert trained("singa", "predict", "pair.json", "--from", "runs/pair", "-o", "told.csv").code == 0
    assert len(Path("told.csv").read_text().splitlines()) > 100


def test_a_group_stops_and_goes_on(trained: Shell) -> None:
    assert trained("singac", "first.singa", "--topology", "pair", "-o", "pair.json").code == 0
    assert trained("singa", "exec", "pair.json", "--local", "-q", "--run", "whole").code == 0
    told = trained("singa", "exec", "pair.json", "--local", "--run", "parts", "--until", "17")
    assert told.code == 0 and "stopped at step 17" in told.out
    hint = re.search(r"to go on: (.*)", told.out)
    assert hint is not None and hint[1] == "singa exec --resume --run parts --local"
    other = trained("singa", "exec", "plan.json", "--resume", "--run", "parts")
    assert other.code == 1 and "error[E0809]" in other.err and "`singa exec --resume --run parts`" in other.err
    assert trained(*hint[1].split()).code == 0
    for name in ("metrics.jsonl", "checkpoints/step-00000040/tensors.safetensors"):
        assert (Path("whole") / name).read_bytes() == (Path("parts") / name).read_bytes()


def test_local_changes_nothing_for_a_plan_of_one_process(trained: Shell) -> None:
    assert trained("singa", "exec", "plan.json", "--local", "-q", "--run", "mine").code == 0
    assert (Path("mine") / "metrics.jsonl").read_bytes() == Path("runs/first-1/metrics.jsonl").read_bytes()


@pytest.mark.slow
def test_processes_of_their_own_leave_what_one_process_leaves(trained: Shell) -> None:
    assert trained("singac", "first.singa", "--topology", "pair", "-o", "pair.json").code == 0
    assert trained("singa", "exec", "pair.json", "--local", "-q", "--run", "local").code == 0
    told = trained("singa", "exec", "pair.json", "--run", "apart", "--until", "17")
    assert told.code == 0 and "stopped at step 17" in told.out and not told.err
    assert trained("singa", "exec", "--resume", "--run", "apart", "-q").code == 0
    for name in ("metrics.jsonl", "checkpoints/step-00000040/tensors.safetensors"):
        assert (Path("local") / name).read_bytes() == (Path("apart") / name).read_bytes()
    score = json.loads((Path("apart") / "scorecard.json").read_bytes())["sections"][0]
    assert {link: one["ratio"] for link, one in score["link_step_bytes"].items() if one["predicted"]} == {
        "gradients": 1.0,
        "values": 1.0,
    }
