"""Windows that slide over images: their sizes as a program gives them, and the size of what they make."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from singalang_compiler.library.context import Pair
from singalang_compiler.library.tensors import ShapeError

Size: TypeAlias = int | Pair
"""An attribute that is one number for both axes, or (height, width)."""


def pair(size: Size) -> Pair:
    """Height and width."""
    return size if isinstance(size, tuple) else (size, size)


def output_size(image: Pair, kernel: Pair, stride: Pair, pad: Pair) -> Pair:
    """Height and width of the output: (size + 2 pad - kernel) // stride + 1, rounded down. Raises ShapeError.

    Source: SINGA v0.3 reference 5.2 (Caffe rounds pools up).
    """
    room = image[0] + 2 * pad[0] - kernel[0], image[1] + 2 * pad[1] - kernel[1]
    if min(room) < 0:
        sides = f" with `pad = {as_written(pad)}`" if pad != (0, 0) else ""
        raise ShapeError(
            f"a kernel of {times(kernel)} does not fit into an image of {times(image)}{sides}",
            hint="make the kernel smaller or the padding larger, or take out a pool or stride before it",
            input=0,
        )
    return room[0] // stride[0] + 1, room[1] // stride[1] + 1


@dataclass(frozen=True, slots=True)
class Pool:
    """The windows of a pool over images of one size."""

    image: Pair
    kernel: Pair
    stride: Pair
    pad: Pair

    @classmethod
    def of(cls, kernel: Size | Literal["global"], stride: Size | None, pad: Size, image: Pair) -> Pool:
        """The windows that a program asks for. Without a stride they lie side by side. Raises ShapeError."""
        if kernel == "global":
            if stride is not None or pair(pad) != (0, 0):
                raise ShapeError("`global` is one window, the whole image", hint="leave out `stride` and `pad`")
            return cls(image, image, image, (0, 0))
        size, sides = pair(kernel), pair(pad)
        if sides[0] >= size[0] or sides[1] >= size[1]:
            raise ShapeError(
                f"`pad = {as_written(sides)}` with a kernel of {times(size)} makes windows that hold nothing but padding",
                hint="`pad` must be smaller than the kernel",
            )
        return cls(image, size, size if stride is None else pair(stride), sides)

    @property
    def output_size(self) -> Pair:
        """Height and width of the output. Raises ShapeError."""
        return output_size(self.image, self.kernel, self.stride, self.pad)


def times(size: Pair) -> str:
    """A size for people: `3x5`."""
    return f"{size[0]}x{size[1]}"


def as_written(size: Pair) -> str:
    """A size as a program gives it."""
    return str(size[0]) if size[0] == size[1] else str(size)
