"""The machine that a plan is made for: speeds and sizes, from a calibration or from the built-in reference."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from singalang_compiler.codes.e0591_machine_file import MachineFile
from singalang_grammar.diagnostics import Outcome


class Machine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Speeds of one machine. The defaults are the built-in reference machine: 2 cores of a 2024 server CPU, measured.

    `matmul_flops_s` and `conv_flops_s` are of one core at 32-bit precision; `memory_bytes_s` is that of streaming through
    memory; `dispatch_s` is the price of handing one kernel to the device.

    `link_bytes_s` and `link_latency_s` are those of a message from one process to another on this machine: through shared memory,
    where the sender copies it in and the receiver out, each at `link_bytes_s`, and the receiver spins until it is there.
    `copy_bytes_s` is the speed of copying, clearing and adding long arrays outside kernels.
    """

    name: str = "reference"
    cores: int = 2
    matmul_flops_s: float = 1.9e11
    conv_flops_s: float = 1.3e11
    memory_bytes_s: float = 1.0e10
    memory_bytes: int = 24 * 2**30
    dispatch_s: float = 5.0e-5
    copy_bytes_s: float = 1.9e10
    link_bytes_s: float = 1.7e10
    link_latency_s: float = 1.0e-6

    @property
    def sha256(self) -> str:
        """Hash of the content."""
        return hashlib.sha256(msgspec.json.encode(self, order="sorted")).hexdigest()


def read_machine(path: str) -> Outcome[Machine]:
    """The machine that a calibration file describes; fields left out are the reference machine's."""
    try:
        return Outcome(msgspec.json.decode(Path(path).read_bytes(), type=Machine))
    except OSError as fault:
        return Outcome(None, (MachineFile(path, fault.strerror or "cannot be read").diagnostic(),))
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        return Outcome(None, (MachineFile(path, str(fault)).diagnostic(),))
