"""What layers expect of their inputs: checks that several kinds share, so that one mistake has one wording."""

from __future__ import annotations

from singalang_compiler.library.tensors import Inputs, Shape, ShapeError


def numbers(inputs: Inputs) -> None:
    """Checks that every input holds numbers to compute with. Raises ShapeError."""
    for place, tensor in enumerate(inputs.tensors):
        if tensor.classes is not None:
            text = f"a class label, {tensor}, where numbers to compute with are needed"
            raise ShapeError(text, hint="class labels go into losses and metrics; feed this layer an `f32` value", input=place)
        if tensor.dtype != "float":
            raise ShapeError("whole numbers where `f32` numbers are needed", hint="declare the field as `f32`", input=place)


def image(inputs: Inputs) -> tuple[int, int, int]:
    """Channels, height and width of the only input. Raises ShapeError where it is no image."""
    numbers(inputs)
    hint: str | None = None
    match inputs[0].shape:
        case channels, height, width:
            return channels, height, width
        case height, width:
            hint = f"give it an axis for the channels: [1, {height}, {width}]"
        case (size,):
            hint = f"declare the field as an image: [1, {_sides(size)}]"
    raise ShapeError(f"needs an image [channels, height, width], not {inputs[0]}", hint=hint, input=0)


def _sides(size: int) -> str:
    side = round(size**0.5)
    return f"{side}, {side}" if side * side == size else "height, width"


def one_shape(inputs: Inputs, hint: str) -> Shape:
    """The shape that all inputs have. Raises ShapeError where they differ."""
    numbers(inputs)
    first = inputs[0]
    for place, tensor in enumerate(inputs.tensors):
        if tensor.shape != first.shape:
            raise ShapeError(f"{first} and {tensor}", hint=hint, input=place)
    return first.shape


def some_axis(inputs: Inputs) -> Shape:
    """The shape of the only input, which must be no single number. Raises ShapeError."""
    numbers(inputs)
    if not inputs[0].shape:
        raise ShapeError("one number a record, where a list of numbers is needed", hint="declare the field as `f32[1]`", input=0)
    return inputs[0].shape
