"""`singa calibrate`: a file that `singac` takes, and what is told where it cannot be written."""

from __future__ import annotations

from pathlib import Path

import pytest

from singalang_compiler.machine import Machine, read_machine
from tests.commands.shell import Shell


@pytest.mark.slow
def test_a_machine_is_measured_and_predictions_are_made_for_it(shell: Shell) -> None:
    told = shell("singa", "calibrate", "-o", "here.json", "--name", "here")
    assert told.code == 0 and "measuring kernels on one core" in told.err
    machine = read_machine("here.json").value
    assert machine is not None and machine.name == "here" and machine != Machine(name="here")
    shell.write("first.singa")
    assert shell("singac", "first.singa", "--machine", "here.json").code == 0


@pytest.mark.parametrize(("path", "why"), [("missing/machine.json", "no such file"), (".", "is a directory")])
def test_a_file_that_cannot_be_written_is_told_before_anything_is_measured(shell: Shell, path: str, why: str) -> None:
    told = shell("singa", "calibrate", "-o", path)
    assert told.code == 1 and "E0814" in told.err and why in told.err.lower() and "measuring" not in told.err
    assert not any(Path().glob("*.tmp"))
