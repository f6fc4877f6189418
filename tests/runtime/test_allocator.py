"""Settings of the allocator, each in a process of its own: they are made once, before JAX."""

from __future__ import annotations

import subprocess
import sys
from ctypes import CDLL

import pytest

GLIBC = sys.platform == "linux" and hasattr(CDLL(None), "gnu_get_libc_version")
FAULTS = """
import ctypes, resource, sys
from singalang_runtime.allocator import keep_large_blocks
if sys.argv[1] == "kept":
    assert keep_large_blocks()
library = ctypes.CDLL(None)
library.malloc.restype = ctypes.c_void_p
library.malloc.argtypes = [ctypes.c_size_t]
library.free.argtypes = [ctypes.c_void_p]
def use():
    block = library.malloc(64 << 20)
    ctypes.memset(block, 1, 64 << 20)
    library.free(block)
use()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(4):
    use()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def _run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, timeout=120)


@pytest.mark.skipif(not GLIBC, reason="glibc alone has these settings")
def test_large_blocks_are_kept_and_not_faulted_in_again() -> None:
    kept, given_back = int(_run(FAULTS, "kept").stdout), int(_run(FAULTS, "default").stdout)
    assert kept < given_back / 10


def test_it_comes_before_jax() -> None:
    done = _run("import jax; from singalang_runtime.allocator import keep_large_blocks; keep_large_blocks()")
    assert "AssertionError: the allocator is set before JAX is imported" in done.stderr


def test_a_c_library_without_these_settings_is_left_alone() -> None:
    program = """
import ctypes
class Other:
    def __init__(self, name): pass
ctypes.CDLL = Other
from singalang_runtime.allocator import keep_large_blocks
print(keep_large_blocks())
"""
    assert _run(program).stdout == "False\n"
