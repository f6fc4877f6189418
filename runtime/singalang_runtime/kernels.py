"""Kernels as the runtime uses them: read, checked, compiled, called. The one module of the runtime that knows JAX."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import Any, Literal, TypeAlias

import jax
from jax import export

from singalang_compiler.plan import KernelRecord

Array: TypeAlias = Any
"""An array on the device, or a NumPy array that is brought there."""

NEWER_MINORS = 2
"""How many minor versions JAX may be newer than the one that made a kernel. JAX promises to read kernels for six months, which
is the time of two minor versions; it promises nothing for kernels newer than itself."""


class KernelError(Exception):
    """A kernel that cannot be used: `problem` is `missing` (no file), `altered` (not the bytes the plan names), `version` (made
    by a JAX that this one does not understand) or `unreadable`."""

    def __init__(self, problem: Literal["missing", "altered", "version", "unreadable"], text: str) -> None:
        super().__init__(text)
        self.problem = problem
        self.text = text


@dataclass(frozen=True)
class Kernel:
    """A loaded kernel: called with arrays in the order of its record, it gives a tuple of arrays in that order.

    Arrays given for donated arguments are gone after the call. It is compiled at the first call, or read from the cache.
    `call` does the same with one Python call less: for loops.
    """

    record: KernelRecord
    call: Any = field(repr=False)

    def __call__(self, *arrays: Array) -> tuple[Array, ...]:
        """Runs the kernel; returns before it has finished."""
        results: tuple[Array, ...] = self.call(*arrays)
        return results


@dataclass(frozen=True)
class Compiled:
    """A kernel that was compiled, called as it is. While it runs it needs `temporary_bytes` besides its arguments and results, as
    XLA says; `result_bytes` are those of the results that overwrite no argument."""

    record: KernelRecord
    call: Any = field(repr=False)
    temporary_bytes: int
    result_bytes: int


def compiled(kernel: Kernel) -> Compiled:
    """A kernel, compiled now or read from the cache. Calling it takes as long as calling the kernel does."""
    shapes = [jax.ShapeDtypeStruct(argument.shape, argument.dtype) for argument in kernel.record.inputs]  # type: ignore[no-untyped-call]
    program = kernel.call.lower(*shapes).compile()
    memory = program.memory_analysis()
    if memory is None:  # a platform that does not say
        return Compiled(kernel.record, program, 0, 0)
    results = sum(prod(one.shape) * jax.numpy.dtype(one.dtype).itemsize for one in kernel.record.outputs)
    return Compiled(kernel.record, program, memory.temp_size_in_bytes, results - memory.alias_size_in_bytes)


def configure(*, cache: Path | None, double: bool, synchronous: bool = False) -> None:
    """Settings of the process, made once before the first kernel: the folder of compiled kernels and 64-bit numbers.

    `synchronous`: on a CPU a kernel has finished when its call returns, so that what it read may be written to.
    """
    update: Any = jax.config.update  # without types in JAX
    update("jax_enable_x64", double)
    if synchronous:
        update("jax_cpu_enable_async_dispatch", False)
    if cache is not None:
        update("jax_compilation_cache_dir", str(cache))
        update("jax_persistent_cache_min_compile_time_secs", 0.0)
        update("jax_persistent_cache_min_entry_size_bytes", -1)


def forget_called() -> None:
    """Gives the memory back of kernels that were compiled by calling them; called again, they are compiled again. Those that
    `compiled` gave stay."""
    jax.clear_caches()  # type: ignore[no-untyped-call]


def check_version(written: str, running: str | None = None) -> None:
    """Raises KernelError where this JAX is not known to understand kernels that version `written` made."""
    now = running or jax.__version__
    then_major, then_minor = _major_minor(written)
    major, minor = _major_minor(now)
    if major != then_major or not then_minor <= minor <= then_minor + NEWER_MINORS:
        raise KernelError("version", f"the kernels were made by JAX {written}, and this is JAX {now}")


DeviceFailed = jax.errors.JaxRuntimeError
"""What is raised where the device cannot run a kernel, at the call or where a result is read."""


def backend() -> str:
    """Name of the platform that kernels run on here: `cpu`, `cuda`, `rocm` or `tpu`."""
    return jax.default_backend().replace("gpu", "cuda")


def put(array: Array) -> Array:
    """A NumPy array on the device: a kernel whose donated arguments are all from here or from kernels compiles once, not twice."""
    return jax.device_put(array, jax.devices()[0])


def on_host() -> bool:
    """Whether kernels read the memory that NumPy writes."""
    return jax.default_backend() == "cpu"


def asynchronous() -> bool:
    """Whether a kernel may still run when its call has returned."""
    return not on_host() or bool(jax.config.read("jax_cpu_enable_async_dispatch"))  # type: ignore[no-untyped-call]


def held_as(dtype: Any) -> Any:
    """The NumPy type in which the device holds numbers of one: those of 64 bits take 32 unless the job computes in doubles."""
    return jax.dtypes.canonicalize_dtype(dtype)


def seen(array: Array) -> Array:
    """The memory of a NumPy array as an array of the device, without a copy. Whoever writes there knows that no kernel reads it."""
    view = jax.dlpack.from_dlpack(array)
    assert view.unsafe_buffer_pointer() == array.ctypes.data, "JAX copied memory that is not aligned"
    return view


def finish(arrays: Sequence[Array]) -> None:
    """Waits for the kernels that make these arrays; of one that was donated since, a later kernel's arrays tell."""
    jax.block_until_ready([array for array in arrays if not array.is_deleted()])  # type: ignore[no-untyped-call]


def load(path: Path, record: KernelRecord) -> Kernel:
    """The kernel in the file `<sha256>.stablehlo`. Raises KernelError. `configure` and `check_version` come first."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise KernelError("missing", f"no file `{path.name}`") from None
    except OSError as failure:
        raise KernelError("unreadable", f"`{path.name}` cannot be read: {failure.strerror}") from None
    if hashlib.sha256(content).hexdigest() != path.stem:
        raise KernelError("altered", f"the content of `{path.name}` does not have the hash in its name")
    try:
        exported = export.deserialize(bytearray(content))
    except Exception as failure:  # whatever the reader of a foreign format raises
        raise KernelError(
            "unreadable", f"`{path.name}` is not a kernel that JAX {jax.__version__} understands: {failure}"
        ) from None
    donated = tuple(place for place, argument in enumerate(record.inputs) if argument.donated)
    return Kernel(record, jax.jit(exported.call, donate_argnums=donated))


def _major_minor(version: str) -> tuple[int, int]:
    major, minor, *_ = version.split(".")
    return int(major), int(minor)
