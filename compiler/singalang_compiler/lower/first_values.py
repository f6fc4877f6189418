"""Kernels that make the first values of parameters: one for each initialiser, shape and fans, whatever parameters share it."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from singalang_compiler.library.context import Array
from singalang_compiler.library.ops_jax.ops import JaxOps
from singalang_compiler.lower import arguments
from singalang_compiler.lower.blaming import checked
from singalang_compiler.lower.exporting import Groups, Kernels, Signature
from singalang_compiler.lower.keying import whole_key
from singalang_compiler.lower.records import kind_record
from singalang_compiler.lower.section import Section
from singalang_compiler.partition.learning import every_node
from singalang_compiler.plan import ParameterRecord
from singalang_compiler.shaped import ParameterUse, ShapedJob


def parameter_records(shaped: ShapedJob, sections: Sequence[Section], kernels: Kernels) -> tuple[ParameterRecord, ...]:
    """The parameters of all nets that are trained, with the kernels of their first values added to `kernels`.

    A parameter has the precision of the first section that uses it. Scales are those that the net says.
    """
    users = _users(shaped)
    made: dict[tuple[object, ...], str] = {}
    records: list[ParameterRecord] = []
    for name, use in shaped.parameters.items():
        ops = next((section.ops for section in sections if name in section.uses), None)
        if ops is None:
            continue
        init = kind_record(use.init)
        same = (init.kind, repr(init.attributes), use.init.kind.origin, use.shape, use.fan_in, use.fan_out, ops.precision)
        if same not in made:
            made[same] = _add(use, ops, kernels)
        records.append(
            ParameterRecord(
                name=name,
                shape=use.shape,
                init=init,
                init_kernel=made[same],
                lr_scale=use.lr_scale,
                wd_scale=use.wd_scale,
                layers=users[name],
            )
        )
    return tuple(records)


def _add(use: ParameterUse, ops: JaxOps, kernels: Kernels) -> str:
    initialiser = use.init.instance()
    size = prod(use.shape)

    def values(groups: Groups) -> tuple[Array, ...]:
        made = initialiser.values(whole_key(groups["key"][0]), use.shape, use.fan_in, use.fan_out, ops)
        return (ops.cast(checked(use.init.kind, f"the first value of `{use.name}`", made, use.shape)).reshape(size),)

    role = f"init/{use.init.name}"
    return kernels.add(role, Signature({"key": arguments.key()}), values, ("values",), size, ops.precision == "f64")


def _users(shaped: ShapedJob) -> dict[str, tuple[str, ...]]:
    """For each parameter the layers that use it."""
    users: dict[str, tuple[str, ...]] = {}
    for net in shaped.nets.values():
        prefix = f"{net.net.name}." if len(shaped.nets) > 1 else ""
        for node in every_node(net):
            for link in node.parameters.values():
                users[link.name] = (*users.get(link.name, ()), prefix + node.node.name)
    return users
