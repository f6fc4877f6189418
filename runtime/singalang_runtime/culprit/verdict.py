"""Who was the first to give what is not finite. Pure: sizes in, a culprit out."""

from __future__ import annotations

from singalang_runtime.culprit.records import Cause, Culprit, Layer, Norms, Size


def verdict(norms: Norms, before: Norms | None) -> Culprit | None:
    """The culprit of a step, None where all is finite; `before` are the sizes of the step before, if that was looked at.

    Data come first; then layers in topological order, each after its own parameters; then gradients, from the loss backwards.
    """
    for name, size in norms.fields.items():
        if size.bad:
            return _culprit("data", name, None, norms, size)
    for layer in norms.layers:
        spoilt = next((name for name in layer.parameters if norms.parameters[name].bad), None)
        if spoilt is not None:
            return _spoilt(spoilt, layer, norms, before)
        if layer.output.bad:
            return _culprit("layer", layer.name, layer, norms, layer.output)
    return _gradient(norms)


def _spoilt(name: str, layer: Layer, norms: Norms, before: Norms | None) -> Culprit:
    """A parameter whose value is not finite: an update made it so."""
    updated = before or norms
    gradient = before.gradients[name].most if before is not None and name in before.gradients else None
    return Culprit(
        cause="parameter",
        name=name,
        layer=layer.name,
        kind=layer.kind,
        step=max(norms.step, 1),
        bad=norms.parameters[name].bad,
        rate=updated.rate,
        gradient=gradient,
    )


def _gradient(norms: Norms) -> Culprit | None:
    """The bad gradient that is nearest to the loss."""
    for layer in reversed(norms.layers):
        name = next((name for name in layer.parameters if name in norms.gradients and norms.gradients[name].bad), None)
        if name is not None:
            found = _culprit("gradient", name, layer, norms, norms.gradients[name])
            return _with_between(found, layer, norms)
    return None


def _with_between(culprit: Culprit, layer: Layer, norms: Norms) -> Culprit:
    """The culprit with the layers that its gradient came back through: those after it up to the next ones with parameters."""
    reached = {layer.name}
    between = []
    for other in norms.layers:
        if not reached.isdisjoint(other.inputs) and other.name != layer.name:
            between.append(other.name)
            if not other.parameters:
                reached.add(other.name)
    return Culprit(**{name: getattr(culprit, name) for name in culprit.__struct_fields__} | {"between": tuple(between)})


def _culprit(cause: Cause, name: str, layer: Layer | None, norms: Norms, size: Size) -> Culprit:
    sizes = norms.fields | {one.name: one.output for one in norms.layers}
    inputs = (
        tuple((source, sizes[source].least, sizes[source].greatest) for source in layer.inputs if source in sizes) if layer else ()
    )
    return Culprit(
        cause=cause,
        name=name,
        layer=layer.name if layer else None,
        kind=layer.kind if layer else None,
        step=norms.step + 1,
        bad=size.bad,
        inputs=inputs,
        rate=norms.rate,
    )
