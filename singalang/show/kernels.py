"""The kernels of a plan: who runs them, what they take and give, what they compute. Adds the details of each."""

from __future__ import annotations

from collections.abc import Iterable

from singalang import words
from singalang.show.details import Details, Link
from singalang.show.markup import Markup, element, joined
from singalang.show.net import Net
from singalang.show.tables import chooser, table
from singalang_compiler.plan import Argument, KernelRecord
from singalang_compiler.plan_group import CallRecord, GroupRecord

_HASH = 10
"""Characters of a kernel's name that are shown."""
_TOLD_LAYERS = 100
"""Layers of a kernel that are named."""


def kernels(net: Net, details: dict[str, Details]) -> Markup:
    """The part of the page on kernels; adds to `details`."""
    rows: list[tuple[Markup | str, ...]] = []
    for role, key in sorted(net.section.kernels.items()):
        record = net.plan.kernels.get(key)
        if record is not None:
            name = net.name("kernel", role)
            details[name] = _kernel_details(role, key, record)
            rows.append((chooser(name, role), "", key[:_HASH], words.short(record.flops), "", words.bytes_(record.bytes)))
    if net.group:
        computed = _layers_by_call(net)
        for owner, call, record_ in _calls(net.group):
            name = net.name("call", f"{owner}/{call}")
            kernel = net.plan.kernels.get(record_.kernel)
            details[name] = _call_details(owner, call, record_, kernel)
            details[name].link("computes", computed.get((owner, call), ()))
            size = words.bytes_(kernel.bytes) if kernel else ""
            cost = words.seconds(record_.compute_s) if record_.compute_s else ""
            rows.append((chooser(name, call), owner, record_.kernel[:_HASH], words.short(record_.flops), cost, size))
    heads = ("kernel", "run by", "name", "flops", "predicted", "file")
    return joined((table("kernels", heads, rows, numbers=(3, 4, 5)), _first_values(net)))


def _calls(group: GroupRecord) -> Iterable[tuple[str, str, CallRecord]]:
    for role in group.roles:
        for call, record in role.calls.items():
            yield role.name, call, record
    for call, record in group.server_calls.items():
        yield "servers", call, record


def _first_values(net: Net) -> Markup | None:
    used = {one.init_kernel for one in net.plan.parameters}
    told = words.count(len(used), "more kernel makes", "more kernels make") + " the first values of the parameters."
    return element("p", told, class_="note") if used else None


def _kernel_details(role: str, key: str, record: KernelRecord) -> Details:
    told = Details(role, f"kernel {key[:_HASH]}")
    told.fact("flops", f"{record.flops:,}")
    told.fact("file", words.bytes_(record.bytes))
    told.listed("takes", (f"{one.name}: {_argument(one)}" for one in record.inputs))
    told.listed("gives", (f"{one.name}: {_argument(one)}" for one in record.outputs))
    return told


def _call_details(owner: str, call: str, record: CallRecord, kernel: KernelRecord | None) -> Details:
    told = Details(call, f"call of {owner}, kernel {record.kernel[:_HASH]}")
    told.fact("flops", f"{record.flops:,}")
    told.fact("predicted", words.seconds(record.compute_s) if record.compute_s else None)
    told.fact("needs while it runs", words.bytes_(record.temporary_bytes) if record.temporary_bytes else None)
    told.fact("file", words.bytes_(kernel.bytes) if kernel else None)
    inputs = kernel.inputs if kernel else ()
    outputs = kernel.outputs if kernel else ()
    for verb, names, arguments in (("takes", record.inputs, inputs), ("gives", record.outputs, outputs)):
        told.listed(verb, (f"{name}: {_argument(one)}" for name, one in zip(names, arguments, strict=False)))
    return told


def _layers_by_call(net: Net) -> dict[tuple[str, str], list[Link]]:
    """By role and call the layers that it computes, as far as they are told."""
    pieces: dict[tuple[int, str], list[Link]] = {}
    for name in net.layers:
        pieces.setdefault((net.stage(name), str(net.levels[name])), []).append((net.name("layer", name), name))
    return {
        (role.name, call): pieces.get((role.stage, call.rpartition("/")[2]), [])[:_TOLD_LAYERS]
        for role in (net.group.roles if net.group else ())
        for call in role.calls
    }


def _argument(one: Argument) -> str:
    return f"{one.dtype} {list(one.shape)}" + (", overwritten" if one.donated else "")
