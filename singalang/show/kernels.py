"""The kernels of a plan: who runs them, what they take and give, what they compute. Adds the details of each."""

from __future__ import annotations

from collections.abc import Iterable

from singalang.show import words
from singalang.show.details import Details
from singalang.show.markup import Markup, element, joined
from singalang.show.net import Net
from singalang.show.tables import chooser, table
from singalang_compiler.plan import Argument, KernelRecord
from singalang_compiler.plan_group import CallRecord, GroupRecord

_HASH = 10
"""Characters of a kernel's name that are shown."""


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
        for owner, call, record_ in _calls(net.group):
            name = net.name("call", f"{owner}/{call}")
            kernel = net.plan.kernels.get(record_.kernel)
            details[name] = _call_details(owner, call, record_, kernel)
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
    told.facts.extend((f"takes {one.name}", _argument(one)) for one in record.inputs)
    told.facts.extend((f"gives {one.name}", _argument(one)) for one in record.outputs)
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
        known = [_argument(one) for one in arguments] if len(arguments) == len(names) else [""] * len(names)
        told.facts.extend((f"{verb} {name}", text or "an array") for name, text in zip(names, known, strict=True))
    return told


def _argument(one: Argument) -> str:
    return f"{one.dtype} {list(one.shape)}" + (", overwritten" if one.donated else "")
