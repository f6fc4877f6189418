"""The machine that a plan is made for: speeds and sizes, from a calibration or from the built-in reference."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from singalang_compiler.codes.e0591_machine_file import MachineFile
from singalang_grammar.diagnostics import Outcome


class Machine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Speeds of one machine. The defaults are the built-in reference machine: 2 cores of a 2024 server CPU, measured.

    Of one core at 32-bit precision: `matmul_flops_s` and `conv_flops_s`; `product_element_s`, seconds for each element of the
    operands and the result of a product; `loop_flops_s`, what layers do that are neither. `memory_bytes_s` is that of streaming
    through memory by one core, of which all together are `memory_scaling` times as fast, and `near_bytes_s` that of arrays that lie
    in a cache. Seconds for each element: `simple_s` (sums, products, comparisons), `power_s` (exponentials, logarithms), `root_s`
    (quotients, roots), `place_s` (slices, padding), `transposed_s`, `updated_s` (arrays of which a part is set), `summed_s` (read
    by sums over axes), `row_summed_s` (where each row becomes one), `drawn_s` (random numbers). `routine_s`: for each loop, sum or
    product of a kernel.

    `product_scaling` and `loop_scaling`: how many times faster all cores of one process are than one. `crowding`: how much longer
    kernels take if every core has a process that works. `dispatch_s` is the price of handing one kernel to the device by the loop
    of one worker, and `call_s` that of a call by a worker of a group, which has it prepared.

    `link_bytes_s` and `link_latency_s` are those of a message from one process to another on this machine: through shared memory,
    where the sender copies it in and the receiver reads it; the receiver spins until it is there. `wake_s`: the latency where it
    sleeps, as it does where there are more processes than cores. `copy_bytes_s` is the speed of copying, clearing and adding long
    arrays outside kernels, `cache_copy_bytes_s` that of arrays of at most `cache_bytes`, and `copy_call_s` the price of each such
    call. `act_s`: an instruction of a worker or server.
    `process_bytes`: memory of a process that has JAX and no array yet.
    """

    name: str = "reference"
    cores: int = 2
    matmul_flops_s: float = 2.4e11
    product_element_s: float = 1.0e-10
    conv_flops_s: float = 2.2e11
    loop_flops_s: float = 2.0e10
    memory_bytes_s: float = 1.2e11
    memory_scaling: float = 1.7
    near_bytes_s: float = 5.0e11
    simple_s: float = 1.25e-11
    power_s: float = 4.1e-10
    root_s: float = 1.0e-10
    place_s: float = 1.0e-11
    transposed_s: float = 1.4e-10
    updated_s: float = 6.5e-11
    summed_s: float = 4.4e-11
    row_summed_s: float = 1.0e-10
    drawn_s: float = 2.2e-9
    routine_s: float = 9.0e-7
    product_scaling: float = 1.9
    loop_scaling: float = 1.5
    crowding: float = 1.02
    memory_bytes: int = 24 * 2**30
    process_bytes: int = 170 * 2**20
    dispatch_s: float = 5.0e-5
    call_s: float = 3.0e-6
    copy_bytes_s: float = 3.0e10
    cache_copy_bytes_s: float = 1.0e11
    cache_bytes: int = 2**20
    copy_call_s: float = 2.0e-7
    act_s: float = 2.0e-7
    link_bytes_s: float = 3.0e10
    link_latency_s: float = 3.0e-7
    wake_s: float = 5.0e-5

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
