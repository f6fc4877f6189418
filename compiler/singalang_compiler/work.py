"""What a kernel does, counted: the sums and products, the elements that loops pass over, by how dear they are. Knows no kernel."""

from __future__ import annotations

from typing import NamedTuple

from singalang_compiler.machine import Machine


class Work(NamedTuple):
    """Amounts of work. A machine has a price for each (`Machine`).

    `product_flops`, `product_elements`: of products of matrices the sums and products, and the elements of operands and results.
    `conv_flops`: of convolutions. `near_bytes`: what loops and sums read and write, `far_bytes` of arrays too large for a cache.
    `simple`: sums, products, comparisons and choices of elements; `powers`: exponentials, logarithms and the like; `roots`:
    quotients and roots; `places`: elements of slices, padding and joined arrays; `transposed`: elements whose axes change order;
    `updated`: elements of arrays of which a part is set; `summed`: elements that sums and maxima over axes read, `row_summed` where
    each row becomes one; `drawn`: random numbers; `unknown`: elements of what nothing is known of; `routines`: how many loops, sums
    and products there are.
    """

    product_flops: float = 0.0
    product_elements: float = 0.0
    conv_flops: float = 0.0
    near_bytes: float = 0.0
    far_bytes: float = 0.0
    simple: float = 0.0
    powers: float = 0.0
    roots: float = 0.0
    places: float = 0.0
    transposed: float = 0.0
    updated: float = 0.0
    summed: float = 0.0
    row_summed: float = 0.0
    routines: float = 0.0
    drawn: float = 0.0
    unknown: float = 0.0


class Share(NamedTuple):
    """What of a machine a process has: so many cores, while so many processes work."""

    cores: int = 1
    processes: int = 1

    @staticmethod
    def of(machine: Machine, processes: int) -> Share:
        """The share of each of so many processes: they divide the cores evenly, and each has one at least."""
        return Share(max(1, machine.cores // processes), processes)


class Price(NamedTuple):
    """What work costs in a process of a machine."""

    machine: Machine
    share: Share

    def seconds(self, work: Work, double: bool) -> float:
        """Seconds of a kernel with this work; `double`: numbers have 64 bits."""
        return seconds_of(work, self.machine, 8 if double else 4, self.share)


def seconds_of(work: Work, machine: Machine, element_bytes: int, share: Share) -> float:
    """Seconds that a kernel with this work takes, the call left out. At 64 bits a machine does half as much a second."""
    wide = element_bytes / 4
    busy = min(share.processes * share.cores, machine.cores)
    slower = machine.crowding if busy > share.cores else 1.0
    flops_s = work.product_flops / machine.matmul_flops_s + work.conv_flops / machine.conv_flops_s
    products_s = (flops_s + work.product_elements * machine.product_element_s) * wide
    far_s = work.far_bytes / machine.memory_bytes_s * max(1.0, busy / share.cores / machine.memory_scaling)
    loops_s = _elements_s(work, machine) * wide + work.near_bytes / machine.near_bytes_s + far_s
    products = faster(machine.product_scaling, machine, share.cores)
    done_s = products_s / products + loops_s / faster(machine.loop_scaling, machine, share.cores)
    return slower * (done_s + work.routines * machine.routine_s)


def _elements_s(work: Work, machine: Machine) -> float:
    return (
        work.simple * machine.simple_s
        + work.powers * machine.power_s
        + work.roots * machine.root_s
        + work.places * machine.place_s
        + work.transposed * machine.transposed_s
        + work.updated * machine.updated_s
        + work.summed * machine.summed_s
        + work.row_summed * machine.row_summed_s
        + work.drawn * machine.drawn_s
        + work.unknown * machine.power_s
    )


def faster(scaling: float, machine: Machine, cores: int) -> float:
    """How much faster than one so many cores of a process are, if all cores of the machine are `scaling` times as fast."""
    more = max(1, machine.cores - 1)
    return 1 + (scaling - 1) * min(cores - 1, more) / more
