"""Runs a case through JAX: value, gradients, metrics and new state, as NumPy arrays with images as declared."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal
from zlib import crc32

import jax
import numpy as np

from singalang_compiler.library import kinds
from singalang_compiler.library.context import Array
from singalang_compiler.library.ops_jax.context import LayerContext
from singalang_compiler.library.ops_jax.ops import JaxOps
from tests.library.layers.case import Call, Case, Numbers

Layout = Literal["declared", "channels_last"]
F64 = JaxOps("f64")


@contextmanager
def precision(ops: JaxOps) -> Iterator[None]:
    """JAX's 64-bit mode where the operations need it."""
    with jax.enable_x64(ops.precision == "f64"):
        yield


class DrawingContext(LayerContext):
    """A context whose random numbers are those that the formula knows."""

    known: Callable[[str], Array]

    def drawn(self, name: str, shape: tuple[int, ...]) -> Array:
        found = self.ops.cast(self.known(name))
        assert found.shape == (self.weights.shape[0], *shape)
        return found


def draws(name: str, shape: tuple[int, ...]) -> Numbers:
    """The random numbers that go by a name, not too near the bounds that layers compare them with."""
    return np.random.default_rng(crc32(name.encode())).integers(0, 64, shape) / 64 + 1 / 128


def layer_of(kind: str, case: Case) -> Any:
    """The layer of a case."""
    found = kinds.find("layers", kind)
    assert found is not None and found.cls is not None
    return found.cls(**case.attributes)


def call_of(kind: str, case: Case, dtype: type = np.float64) -> Call:
    """The arrays of a case, drawn from its name, rounded to a dtype."""
    layer = layer_of(kind, case)
    random = np.random.default_rng(crc32(f"{kind}/{case.name}".encode()))
    inputs = tuple(_input(spec.classes, (case.batch, *spec.shape), case.drawn, random) for spec in case.inputs)
    wanted = layer.parameters(case.given)
    parameters = {name: random.normal(size=wanted[name].shape) for name in sorted(wanted) if name not in case.absent}
    state = {name: random.uniform(0.5, 2, size=kept.shape) for name, kept in sorted(layer.state(case.given).items())}
    weights = np.ones(case.batch) if case.weights is None else np.array(case.weights)

    def rounded(x: Numbers) -> Numbers:
        return x.astype(dtype).astype(np.float64) if x.dtype.kind == "f" else x

    return Call(
        layer,
        tuple(rounded(x) for x in inputs),
        {name: rounded(x) for name, x in parameters.items()},
        {name: rounded(x) for name, x in state.items()},
        case.training,
        weights,
        lambda name: draws(name, inputs[0].shape),
    )


def _input(classes: int | None, shape: tuple[int, ...], drawn: str, random: np.random.Generator) -> Numbers:
    if classes is not None:
        return random.integers(0, classes, shape).astype(np.int32)
    match drawn:
        case "apart":
            size = int(np.prod(shape))
            return ((random.permutation(size) - size // 2 + 0.5) * (4 / size if size < 80 else 0.05)).reshape(shape)
        case "ties":
            return random.integers(-1, 3, shape) / 2
    return random.normal(size=shape)


@dataclass
class Outcome:
    """What a layer made of a call."""

    value: Numbers
    inputs: tuple[Numbers | None, ...]
    parameters: dict[str, Numbers]
    metrics: dict[str, Numbers] = field(default_factory=dict)
    state: dict[str, Numbers] = field(default_factory=dict)


def outcome(call: Call, ops: JaxOps, layout: Layout, g: Numbers) -> Outcome:
    """Value, and gradients of the sum of g times the value."""
    with precision(ops):
        function, floats, parameters = _bound(call, ops, layout)

        def all_of(floats: Any, parameters: Any, g: Array) -> Any:
            value, pull, reported = jax.vjp(function, floats, parameters, has_aux=True)
            return value, pull(g), reported

        value, (dfloats, dparameters), (metrics, state) = jax.jit(all_of)(floats, parameters, ops.cast(g))
        return Outcome(
            np.asarray(value),
            tuple(np.asarray(dfloats[place]) if place in dfloats else None for place in range(len(call.inputs))),
            _arrays(dparameters),
            _arrays(metrics),
            _arrays(state),
        )


def forms(call: Call, precision_: Literal["f32", "f64"]) -> tuple[JaxOps, ...]:
    """The forms of the operations: one where the layer is the same program in both."""
    both = JaxOps(precision_), JaxOps(precision_, "cpu")
    with precision(both[0]):
        programs = [
            str(jax.make_jaxpr(function)(*given)) for function, *given in (_bound(call, ops, layouts(call)[0]) for ops in both)
        ]
    return both[:1] if programs[0] == programs[1] else both


def value(call: Call, ops: JaxOps) -> Callable[[tuple[Numbers, ...], Mapping[str, Numbers]], Numbers]:
    """The layer as a function of its inputs and parameters."""
    with precision(ops):
        compiled = jax.jit(_bound(call, ops, layouts(call)[0])[0])

    def apply(inputs: tuple[Numbers, ...], parameters: Mapping[str, Numbers]) -> Numbers:
        with precision(ops):
            return np.asarray(compiled(_floats(inputs, ops), parameters)[0])

    return apply


def evaluated(call: Call) -> Numbers:
    """The value of a call in 64 bits."""
    with precision(F64):
        function, floats, parameters = _bound(call, F64, layouts(call)[0])
        return np.asarray(jax.jit(function)(floats, parameters)[0])


def in_test_phase(call: Call, method: Literal["forward", "predict"]) -> Numbers:
    """What a method makes of a call in a phase without training, where nothing may be drawn; `predict` sees no labels."""
    with precision(F64):
        inputs = call.inputs[:1] if method == "predict" else call.inputs
        last = layouts(call)[0] == "channels_last"
        context = LayerContext(F64, F64.cast(call.weights), _cast(call.parameters), _cast(call.state))
        made = getattr(call.layer, method)(tuple(_channels_last(_array(x)) if last else _array(x) for x in inputs), context)
        return np.asarray(_declared(made) if last and made.ndim == 4 else made)


def _bound(call: Call, ops: JaxOps, layout: Layout) -> tuple[Callable[..., Any], dict[int, Any], dict[str, Any]]:
    """The layer as a function of its inputs and parameters to (value, (metrics, new state)), and these."""
    floats = _floats(call.inputs, ops)
    parameters = {name: ops.cast(x) for name, x in call.parameters.items()}

    def function(floats: Mapping[int, Array], parameters: Mapping[str, Array]) -> Any:
        inputs = tuple(floats.get(place, x) for place, x in enumerate(call.inputs))
        context = context_of(call, ops, layout, parameters)
        value = forward(call.layer, inputs, context, layout)
        return value, (context.metrics, context.new_state)

    return function, floats, parameters


def context_of(call: Call, ops: JaxOps, layout: Layout, parameters: Mapping[str, Array]) -> DrawingContext:
    """What the layer is given besides its inputs."""
    state = {name: ops.cast(x) for name, x in call.state.items()}
    context = DrawingContext(ops, ops.cast(call.weights), parameters, state, call.training)
    context.known = lambda name: _channels_last(call.draws(name)) if layout == "channels_last" else call.draws(name)
    return context


def forward(layer: Any, inputs: tuple[Array, ...], context: LayerContext, layout: Layout) -> Array:
    """The layer's output; images are as declared on both sides."""
    value = layer.forward(arriving(inputs, layout), context)
    return _declared(value) if layout == "channels_last" and value.ndim == 4 else value


def arriving(inputs: tuple[Array, ...], layout: Layout) -> tuple[Array, ...]:
    """The inputs as they lie when a layer of this layout gets them."""
    return tuple(_channels_last(x) for x in inputs) if layout == "channels_last" else inputs


def _floats(inputs: tuple[Numbers, ...], ops: JaxOps) -> dict[int, Array]:
    return {place: ops.cast(x) for place, x in enumerate(inputs) if x.dtype.kind == "f"}


def layouts(call: Call) -> tuple[Layout, ...]:
    """The layouts in which the layer's arrays may arrive."""
    if call.layer.layout != "any":
        return (call.layer.layout,)
    return ("declared", "channels_last") if call.inputs[0].ndim == 4 else ("declared",)


def _channels_last(x: Any) -> Any:
    return x.transpose(0, 2, 3, 1) if x.ndim == 4 else x


def _declared(x: Any) -> Any:
    return x.transpose(0, 3, 1, 2)


def _array(x: Numbers) -> Array:
    return F64.cast(x) if x.dtype.kind == "f" else F64.np.asarray(x)


def _cast(found: Mapping[str, Numbers]) -> dict[str, Array]:
    return {name: F64.cast(x) for name, x in found.items()}


def _arrays(found: Mapping[str, Array]) -> dict[str, Numbers]:
    return {name: np.asarray(x) for name, x in found.items()}


def assert_close(found: Numbers, wanted: Numbers, tolerance: float, what: str) -> None:
    """Compares to a share of the largest entry wanted; an array of zeros must be zeros to that number."""
    assert found.shape == wanted.shape, f"{what}: shape {found.shape}, wanted {wanted.shape}"
    largest = float(np.abs(wanted).max(initial=0)) or 1.0
    error = float(np.abs(found - wanted).max(initial=0)) / largest
    assert error <= tolerance, f"{what}: {error:.2e} of the largest entry, allowed {tolerance:.0e}"
