"""Loading kernels: checked before they are used, donated as their record says."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import jax
import msgspec
import numpy as np
import pytest

from singalang_compiler.lower.lower import Compiled
from singalang_compiler.plan import KernelRecord
from singalang_runtime.kernels import KernelError, check_version, load, put
from tests.compiler.lower.jobs import compiled, job, mlp


@pytest.fixture(scope="module")
def made() -> Compiled:
    return compiled(job(mlp()))


def _step(made: Compiled, folder: Path) -> tuple[Path, KernelRecord]:
    key = made.plan.sections[0].kernels["step"]
    path = folder / f"{key}.stablehlo"
    path.write_bytes(made.kernels[key])
    return path, made.plan.kernels[key]


def _arrays(record: KernelRecord) -> list[Any]:
    return [put(np.zeros(one.shape, one.dtype)) for one in record.inputs]


def test_a_kernel_gives_what_its_record_says_and_takes_what_is_donated(tmp_path: Path, made: Compiled) -> None:
    path, record = _step(made, tmp_path)
    arrays = _arrays(record)
    results = load(path, record)(*arrays)
    assert [(one.shape, one.dtype.name) for one in results] == [(one.shape, one.dtype) for one in record.outputs]
    assert [array.is_deleted() for array in arrays] == [one.donated for one in record.inputs]


def test_only_what_the_record_donates_is_taken(tmp_path: Path, made: Compiled) -> None:
    path, record = _step(made, tmp_path)
    kept = msgspec.structs.replace(record, inputs=tuple(msgspec.structs.replace(one, donated=False) for one in record.inputs))
    arrays = _arrays(record)
    load(path, kept)(*arrays)
    assert not any(array.is_deleted() for array in arrays)


def test_a_kernel_that_is_not_there_or_not_itself_is_refused(tmp_path: Path, made: Compiled) -> None:
    path, record = _step(made, tmp_path)
    content = path.read_bytes()
    path.write_bytes(content[:-1] + b"!")
    assert _problem(path, record) == "altered"
    path.write_bytes(content[: len(content) // 2])
    assert _problem(path, record) == "altered"
    path.unlink()
    assert _problem(path, record) == "missing"
    path.mkdir()
    assert _problem(path, record) == "unreadable"


def test_what_is_no_kernel_is_refused_even_under_its_own_hash(tmp_path: Path, made: Compiled) -> None:
    _, record = _step(made, tmp_path)
    for content in (b"", b"no kernel", b"\0" * 4096):
        path = tmp_path / f"{hashlib.sha256(content).hexdigest()}.stablehlo"
        path.write_bytes(content)
        assert _problem(path, record) == "unreadable"


def _problem(path: Path, record: KernelRecord) -> str:
    with pytest.raises(KernelError) as caught:
        load(path, record)
    assert path.stem in caught.value.text
    return caught.value.problem


@pytest.mark.parametrize("written", ["0.10.0", "0.10.7", "0.9.2", "0.8.1"])
def test_kernels_of_this_jax_and_of_a_little_older_ones_are_taken(written: str) -> None:
    check_version(written, "0.10.2")


@pytest.mark.parametrize("written", ["0.11.0", "0.7.2", "1.10.0"])
def test_kernels_of_newer_and_of_much_older_jax_are_refused(written: str) -> None:
    with pytest.raises(KernelError) as caught:
        check_version(written, "0.10.2")
    assert caught.value.problem == "version" and written in caught.value.text


def test_the_running_jax_understands_what_it_writes(made: Compiled) -> None:
    assert made.plan.jax == jax.__version__
    check_version(made.plan.jax)
