"""Evaluation and prediction as functions of arrays: forward passes that change nothing."""

from __future__ import annotations

from collections.abc import Mapping

import jax.numpy as jnp

from singalang_compiler.library.context import Array
from singalang_compiler.library.ops_jax.context import LayerContext
from singalang_compiler.lower import arguments
from singalang_compiler.lower.buffers import shaped, unpack
from singalang_compiler.lower.exporting import Groups, Signature
from singalang_compiler.lower.keying import whole_key
from singalang_compiler.lower.layouts import declared, inputs_in
from singalang_compiler.lower.network import BoundNet, linked, run
from singalang_compiler.lower.nodes import configured
from singalang_compiler.lower.normalising import normalised
from singalang_compiler.lower.section import Section


def evaluate_signature(section: Section, phase: str) -> Signature:
    """The arguments of the kernel `evaluate/<phase>`."""
    return Signature(
        {
            "parameters": arguments.parameters(section, donated=False),
            "state": arguments.state(section, donated=False),
            "metrics": arguments.metrics(section),
            "key": arguments.key(),
            "weights": arguments.weights(section, phase),
            "fields": arguments.fields(section, phase),
            "normalisers": arguments.normalisers(section, phase),
        }
    )


def evaluate_function(section: Section, phase: str, groups: Groups) -> tuple[Array, ...]:
    """The rows of metrics with those of one batch added."""
    parameters, state = _tensors(section, groups)
    (metrics,), (key,), (weights,) = groups["metrics"], groups["key"], groups["weights"]
    net = BoundNet(section.phase(phase), {}, weights, whole_key(key))
    _, (_, pairs) = net.objective(parameters, state, _batch(section, phase, groups))
    return (metrics + rows(section, pairs),)


def rows(section: Section, pairs: Mapping[str, Array]) -> Array:
    """The pairs (weighted sum, weight) of a batch as rows; metrics that the phase does not report have weight 0."""
    nothing = jnp.zeros(2, section.dtype)
    return jnp.stack([pairs.get(row.name, nothing) for row in section.rows]).astype(section.dtype)


def predict_signature(section: Section) -> Signature:
    """The arguments of the kernel `predict`."""
    return Signature(
        {
            "parameters": arguments.parameters(section, donated=False),
            "state": arguments.state(section, donated=False),
            "fields": arguments.fields(section, "deploy"),
            "normalisers": arguments.normalisers(section, "deploy"),
        }
    )


def predict_function(section: Section, groups: Groups) -> tuple[Array, ...]:
    """What the net says of each record of a batch: (batch, ...)."""
    deployed = section.net.deployed
    assert deployed is not None, f"net {section.net.net.name} predicts nothing"
    parameters, state = _tensors(section, groups)
    net = section.phase("deploy")
    weights = jnp.ones(section.batch("deploy"), section.dtype)
    values = run(net, parameters, state, _batch(section, "deploy", groups), weights, None).values
    if deployed.loss is None:
        return (declared(values[deployed.output]),)
    loss = next(node for node in section.net.phases["train"] if node.node.name == deployed.loss)
    own = {name: linked(parameters, link) for name, link in loss.parameters.items()}
    context = LayerContext(net.ops, weights, own)
    inputs = tuple(values[name] for name in loss.node.inputs if name in values)
    layout = configured(loss).kind.constants["layout"]
    return (loss.instance.predict(inputs_in(layout, inputs), context),)


def _tensors(section: Section, groups: Groups) -> tuple[dict[str, Array], dict[str, Array]]:
    parameters = shaped(unpack(section.parameters, groups["parameters"]), section.parameter_shapes)
    return parameters, shaped(unpack(section.state, groups["state"]), section.state_shapes)


def _batch(section: Section, phase: str, groups: Groups) -> dict[str, Array]:
    names = [argument.name for argument in arguments.normalisers(section, phase)]
    return normalised(section, phase, groups["fields"], dict(zip(names, groups["normalisers"], strict=True)))
