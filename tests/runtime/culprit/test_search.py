"""The first layer, parameter or gradient that is not finite is named: the one that NumPy finds in the checkpoints of every step."""

from __future__ import annotations

import shutil
from dataclasses import replace
from math import inf
from pathlib import Path

import numpy as np
import pytest

from singalang_runtime import opening
from singalang_runtime.checkpoint.read import names
from singalang_runtime.culprit.find import find_culprit, find_norms
from singalang_runtime.culprit.records import Culprit, Found, Norms
from singalang_runtime.culprit.table import lines_of
from tests.runtime.conftest import Run
from tests.runtime.culprit.poisoned import Poisoned, Ran
from tests.runtime.recorder import Recorder
from tests.runtime.tiny import Tiny

LOG = Poisoned()
EVERY = "steps = 60, log = every(1), checkpoint = every(1)"


def first_bad(ran: Ran) -> tuple[int, str]:
    """Step, counted from 1, and name of the first layer whose output is not finite, from the parameters after every step."""
    steps = len(names(ran.folder / "run" / "checkpoints", ["train"]))
    for step in range(1, steps + 1):
        for name, value in ran.values(step, ran.tensors(step)).items():
            if not np.isfinite(value).all():
                return step + 1, name
    raise AssertionError("all layers gave finite numbers")


def culprit_of(found: Found) -> Culprit:
    assert found.culprit is not None, found.why
    return found.culprit


@pytest.mark.parametrize("program", [LOG, Poisoned(kind="square", lr="1e8")], ids=["logarithm", "overflow"])
def test_the_layer_is_the_one_that_numpy_finds(program: Poisoned, tmp_path: Path, compiled: Path) -> None:
    looked = replace(program, train=EVERY).trained(tmp_path / "looked", compiled)
    ran = program.trained(tmp_path / "plain", compiled)
    assert [one.code for one in ran.status.diagnostics] == ["E0901"]
    culprit = culprit_of(ran.searched(60))
    assert (culprit.step, culprit.layer) == first_bad(looked) and culprit.cause == "layer"
    values = ran.values(culprit.step - 1, looked.tensors(culprit.step - 1))
    assert culprit.bad == int((~np.isfinite(values["own"])).sum())
    ((source, least, greatest),) = culprit.inputs
    assert source == "fc2" and np.allclose((least, greatest), (values["fc2"].min(), values["fc2"].max()), rtol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("topology", ["batch", "feature", "stages"])
def test_a_group_names_the_same_layer(topology: str, tmp_path: Path, compiled: Path) -> None:
    looked = replace(LOG, train=EVERY, topology=topology).trained(tmp_path / "looked", compiled)
    ran = replace(LOG, topology=topology).trained(tmp_path / "plain", compiled)
    assert [one.code for one in ran.status.diagnostics] == ["E0901"]
    culprit = culprit_of(ran.searched(60))
    assert (culprit.step, culprit.layer) == first_bad(looked)


def test_a_division_by_zero_in_the_first_step_is_found_from_the_beginning(tmp_path: Path, compiled: Path) -> None:
    ran = Poisoned(kind="inverse", weight="0", bias="0").trained(tmp_path / "run", compiled)
    culprit = culprit_of(ran.searched(60))
    assert (culprit.cause, culprit.layer, culprit.kind, culprit.step) == ("layer", "own", "inverse", 1)
    assert culprit.inputs == (("fc2", 0.0, 0.0),) and culprit.bad == 20 * 10


def test_a_gradient_is_to_blame_where_all_layers_gave_finite_numbers(tmp_path: Path, compiled: Path) -> None:
    """The root of 0 is 0, and its slope is not finite."""
    ran = Poisoned(kind="root", weight="0", bias="0").trained(tmp_path / "run", compiled)
    culprit = culprit_of(ran.searched(60))
    assert (culprit.cause, culprit.step, culprit.between) == ("gradient", 1, ("own", "fc3"))
    assert culprit.name in ("fc2.weight", "fc2.bias")


def test_a_parameter_is_to_blame_where_an_update_spoilt_it(tmp_path: Path, compiled: Path) -> None:
    """The rate brings gradients above 1.2 beyond what 32 bits hold; the gradients themselves are finite."""
    ran = Poisoned(kind="square", lr="3e38", bias="50").trained(tmp_path / "run", compiled)
    culprit = culprit_of(ran.searched(60))
    assert (culprit.cause, culprit.step) == ("parameter", 1)
    assert culprit.rate == pytest.approx(3e38) and culprit.gradient is not None and 1 < culprit.gradient < 1e30


def test_no_checkpoint_is_made_of_parameters_that_are_not_finite(tmp_path: Path, compiled: Path) -> None:
    """The loss of the first step, after which they are spoilt, is finite still."""
    program = Poisoned(kind="root", weight="0", bias="0", train="steps = 60, checkpoint = every(1)")
    ran = program.trained(tmp_path / "run", compiled)
    assert [one.code for one in ran.status.diagnostics] == ["E0901"]
    assert "became not finite by step 1" in ran.status.diagnostics[0].title
    assert not names(tmp_path / "run" / "run" / "checkpoints", ["train"])
    assert culprit_of(ran.searched(1)).cause == "gradient"


def test_data_are_to_blame_that_are_not_finite(tmp_path: Path, compiled: Path) -> None:
    """0 / 0 where the data are normalised."""
    ran = Poisoned(kind="square", std="1e-42").trained(tmp_path / "run", compiled)
    culprit = culprit_of(ran.searched(60))
    assert (culprit.cause, culprit.name, culprit.step) == ("data", "digits.image", 1)


def test_a_search_from_a_checkpoint_finds_what_one_from_the_beginning_does(tmp_path: Path, compiled: Path) -> None:
    ran = replace(LOG, train="steps = 60, checkpoint = every(2)").trained(tmp_path / "run", compiled)
    assert names(tmp_path / "run" / "run" / "checkpoints", ["train"])
    found = ran.searched(60)
    shutil.rmtree(tmp_path / "run" / "run" / "checkpoints")
    assert found == ran.searched(60) and found.culprit is not None


def test_steps_of_earlier_sections_are_done_again_where_no_checkpoint_tells_what_they_learned(
    tmp_path: Path, compiled: Path
) -> None:
    two = replace(LOG, train="steps = 4, checkpoint = every(4) }\ntrain second { steps = 60, log = every(60)")
    ran = two.trained(tmp_path / "two", compiled)
    assert [found.code for found in ran.status.diagnostics] == ["E0901"]
    assert names(ran.folder / "run" / "checkpoints", [section.name for section in ran.plan.sections])
    found = ran.searched(60, section=1)
    shutil.rmtree(ran.folder / "run" / "checkpoints")
    assert culprit_of(found).layer == "own" and ran.searched(60, section=1) == found


def test_nothing_is_named_where_all_is_finite(tmp_path: Path, compiled: Path) -> None:
    ran = replace(LOG, lr="0.001").trained(tmp_path / "run", compiled)
    assert ran.status.code == 0
    found = ran.searched(60)
    assert found.culprit is None and found.why is not None and not found.bounded


def test_a_search_that_takes_too_long_says_so(tmp_path: Path, compiled: Path) -> None:
    ran = replace(LOG, train="steps = 600, checkpoint = every(600)").trained(tmp_path / "run", compiled)
    found = ran.searched(600, limit_s=1e-9)
    assert found.culprit is None and found.bounded and "longer" in str(found.why)


def test_a_search_for_which_memory_is_lacking_says_so(tmp_path: Path, compiled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = LOG.trained(tmp_path / "run", compiled)
    monkeypatch.setattr(opening, "local_bytes", lambda plan: 1 << 60)
    found = ran.searched(60)
    assert found.culprit is None and found.bounded and "memory" in str(found.why)
    assert ran.searched(60, limit_s=inf).culprit is not None


def test_what_keeps_a_search_from_looking_is_told(tmp_path: Path, compiled: Path) -> None:
    ran = LOG.trained(tmp_path / "run", compiled)
    (ran.folder / "run" / "run.json").unlink()
    found = ran.searched(60)
    assert found.culprit is None and found.why is not None and "run" in found.why


def test_a_run_tells_who_was_the_first_in_a_process_of_its_own(tmp_path: Path, compiled: Path) -> None:
    ran = LOG.trained(tmp_path / "run", compiled, told=True)
    (told,) = ran.status.diagnostics
    culprit = culprit_of(ran.searched(60))
    assert told.code == "E0901" and "layer `own` (logarithm) was the first" in told.title
    assert f"step {culprit.step}: " in str(told.where) and "`fc2`" in str(told.where) and "logarithm" in str(told.hint)


def test_a_process_that_is_asked_to_leave_or_has_no_time_ends(tmp_path: Path, compiled: Path) -> None:
    ran = LOG.trained(tmp_path / "run", compiled)
    assert find_culprit(ran.folder / "run", 0, 60, asked=lambda: True).why == "it was told to leave"
    assert find_culprit(ran.folder / "run", 0, 60, limit_s=-15.0).bounded


def test_a_plan_without_the_kernel_that_measures_steps_is_told_of(run: Run, tmp_path: Path) -> None:
    status = run(Tiny(poison=45))
    assert [found.code for found in status.diagnostics] == ["E0901"] and "`singac` makes it now" in str(status.diagnostics[0].hint)


def test_norms_are_told_at_every_log_line_and_change_no_number(tmp_path: Path, compiled: Path) -> None:
    calm = replace(LOG, lr="0.01", train="steps = 12, log = every(10), checkpoint = every(1)")
    recorder = Recorder()
    loud = calm.trained(tmp_path / "loud", compiled, reporter=recorder, debug=True)
    quiet = calm.trained(tmp_path / "quiet", compiled)
    assert (loud.status.code, quiet.status.code) == (0, 0)
    for name in ("metrics.jsonl", "checkpoints/step-00000012/tensors.safetensors"):
        assert (loud.folder / "run" / name).read_bytes() == (quiet.folder / "run" / name).read_bytes()
    notes = [one[1] for one in recorder.told if isinstance(one, tuple) and one[0] == "note"]
    told = find_norms(loud.folder / "run", "step-00000010", data=loud.folder)
    assert isinstance(told, Norms) and tuple(notes[: len(notes) // 2]) == lines_of(told)
    values = loud.values(10, loud.tensors(10))
    for layer in told.layers[:-1]:
        assert layer.output.most == pytest.approx(float(np.abs(values[layer.name]).max()), rel=1e-4)
        assert layer.output.rms == pytest.approx(float(np.sqrt((values[layer.name].astype(np.float64) ** 2).mean())), rel=1e-4)
    before, after = loud.tensors(10), loud.tensors(11)
    for name, size in told.gradients.items():  # what the next update did, by plain descent
        gradient = (before[name].astype(np.float64) - after[name]) / 0.01
        assert size.most == pytest.approx(float(np.abs(gradient).max()), rel=1e-2, abs=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("topology", ["batch", "stages"])
def test_several_processes_name_the_layer_that_one_names_and_tell_its_norms(topology: str, tmp_path: Path, compiled: Path) -> None:
    program = replace(LOG, topology=topology, train="steps = 60, checkpoint = every(2)")
    recorder = Recorder()
    many = program.trained(tmp_path / "many", compiled, reporter=recorder, debug=True, told=True, local=False)
    local = program.trained(tmp_path / "local", compiled)
    culprit = culprit_of(local.searched(60))
    (told,) = many.status.diagnostics
    assert told.code == "E0901" and "layer `own` (logarithm) was the first" in told.title
    assert f"step {culprit.step}: " in str(told.where)
    notes = [one[1] for one in recorder.told if isinstance(one, tuple) and one[0] == "note"]
    norms = find_norms(local.folder / "run", "step-00000002", data=local.folder)
    assert isinstance(norms, Norms) and set(lines_of(norms)) <= set(notes)
