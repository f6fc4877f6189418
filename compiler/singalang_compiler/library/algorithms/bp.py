"""The algorithm kind `bp`: back-propagation."""

from __future__ import annotations

from collections.abc import Mapping

from singalang_compiler.library.context import Array, Ops
from singalang_compiler.library.contract import Algorithm, NetFunction
from singalang_compiler.library.kinds import algorithm


@algorithm("bp")
class Bp(Algorithm):
    """Back-propagation: the gradient of the objective, all layers in one backward pass. The default.

    Sources: Rumelhart, Hinton and Williams, Learning representations by back-propagating errors, 1986; SINGA v0.3
    reference 8.2.
    """

    def gradients(
        self, net: NetFunction, parameters: Mapping[str, Array], state: Mapping[str, Array], batch: Mapping[str, Array], ops: Ops
    ) -> tuple[Mapping[str, Array], dict[str, Array], dict[str, Array]]:
        def objective(chosen: Mapping[str, Array]) -> tuple[Array, tuple[dict[str, Array], dict[str, Array]]]:
            return net.objective(chosen, state, batch)

        (_, (changed, metrics)), gradients = ops.value_and_grad(objective)(parameters)
        return gradients, changed, metrics
