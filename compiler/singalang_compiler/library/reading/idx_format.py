"""The IDX format of the MNIST files: two zero bytes, a byte of type, a byte of rank, big-endian u32 lengths, the values."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

from singalang_compiler.library.contract import SourceError

if TYPE_CHECKING:
    import numpy as np

_DTYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_MOST_AXES = 32  # NumPy's own bound, in its older versions


def decode_idx(content: bytes, path: str) -> np.ndarray[Any, Any]:
    """The array in the content of an IDX file; its first axis counts the records. Raises SourceError (`corrupt`, `empty`)."""
    import numpy as np

    if len(content) < 4:
        raise _corrupt(path, "the file ends within its first four bytes")
    if content[:2] != b"\0\0" or content[2] not in _DTYPES or not content[3]:
        raise _corrupt(path, f"the file begins with the bytes {content[:4].hex(' ')}, which no IDX file does")
    dtype = np.dtype(_DTYPES[content[2]])
    start = 4 + 4 * content[3]
    if len(content) < start:
        raise _corrupt(path, "the file ends within its list of lengths")
    shape = tuple(int.from_bytes(content[at : at + 4], "big") for at in range(4, start, 4))
    size = prod(shape) * dtype.itemsize
    if len(content) != start + size:
        lengths = " x ".join(str(length) for length in shape)
        raise _corrupt(path, f"{lengths} values should follow in {size} bytes, but there are {len(content) - start} bytes")
    if not shape[0]:
        raise SourceError("empty", "the file holds no record", where=path)
    if not size or len(shape) > _MOST_AXES:
        raise _corrupt(path, "the file says that its records have no values" if not size else f"its values have {len(shape)} axes")
    return np.frombuffer(content, dtype, offset=start).reshape(shape)


def _corrupt(path: str, text: str) -> SourceError:
    return SourceError("corrupt", text, where=path, hint="copy the file again, and see that it is an IDX file, packed or not")
