"""Ways to cut a layer among workers that many kinds share."""

from __future__ import annotations

from singalang_compiler.library.tensors import Inputs, Partition


def by_batch(inputs: Inputs) -> Partition:
    """Each worker takes some of the records."""
    return Partition("batch", (0,) * len(inputs), 0)


def along_first_axis(inputs: Inputs) -> tuple[Partition, ...]:
    """By batch, and by the first axis of a record for what never looks across it; parameters are not cut."""
    if any(not tensor.shape for tensor in inputs.tensors):
        return (by_batch(inputs),)
    return by_batch(inputs), Partition("feature", (1,) * len(inputs), 1)


def along_features(inputs: Inputs) -> tuple[Partition, ...]:
    """By batch, and for what works on each element alone by the axes that other kinds are cut along: the channels of images, the
    features and then the steps of sequences."""
    if len(inputs[0].shape) != 2:
        return along_first_axis(inputs)
    return by_batch(inputs), *(Partition("feature", (axis,) * len(inputs), axis) for axis in (2, 1))
