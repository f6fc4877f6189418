"""NumPy's archives: a zip of `.npy` files, read without ever unpickling and without trusting a length before it is checked."""

from __future__ import annotations

import warnings
import zipfile
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from singalang_compiler.library.contract import SourceError
from singalang_compiler.library.reading.files import find_file
from singalang_grammar.diagnostics import did_you_mean

if TYPE_CHECKING:
    import numpy as np

_DAMAGED = "the file is damaged, or not a `.npz` archive"


@dataclass(frozen=True, slots=True)
class NpzFile:
    """An archive on disk, as the user calls it, and the names of its arrays."""

    found: Path
    path: str
    names: tuple[str, ...]

    @classmethod
    def of(cls, folder: Path, path: str) -> NpzFile:
        """The archive that the user calls `path`. Raises SourceError (`missing`, `corrupt`)."""
        found = find_file(folder, path)
        try:
            with zipfile.ZipFile(found) as archive:
                names = tuple(name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy"))
        except Exception:  # whatever the reader of a foreign format raises
            raise SourceError("corrupt", _DAMAGED, where=path, hint="copy the file again") from None
        return cls(found, path, names)

    def array(self, name: str) -> np.ndarray[Any, Any]:
        """The array of this name, which has at least one axis. Raises SourceError (`column`, `corrupt`, `value`)."""
        if name not in self.names:
            hint = did_you_mean(name, self.names) or f"it holds {', '.join(f'`{known}`' for known in self.names[:12]) or 'none'}"
            raise SourceError("column", f"the file has no array `{name}`", where=self.path, hint=hint)
        try:
            with warnings.catch_warnings(), zipfile.ZipFile(self.found) as archive, archive.open(f"{name}.npy") as stream:
                warnings.simplefilter("ignore")
                return self._read(name, stream, archive.getinfo(f"{name}.npy").file_size)
        except SourceError:
            raise
        except Exception:  # whatever the readers of foreign formats raise
            where = f"{self.path}, array `{name}`"
            raise SourceError("corrupt", "the array is damaged", where=where, hint="copy the file again") from None

    def _read(self, name: str, stream: IO[bytes], size: int) -> np.ndarray[Any, Any]:
        import numpy as np

        where = f"{self.path}, array `{name}`"
        version = np.lib.format.read_magic(stream)
        if version == (1, 0):
            shape, fortran, dtype = np.lib.format.read_array_header_1_0(stream)
        else:
            shape, fortran, dtype = np.lib.format.read_array_header_2_0(stream)
        if dtype.kind not in "biuf":
            hint = "save real or whole numbers; pickled objects and texts are not read"
            raise SourceError("value", f"the array is of type {dtype}, not of numbers", where=where, hint=hint)
        if not shape:
            raise SourceError("shape", "the array is a single number, without an axis that counts records", where=where)
        if prod(shape) * dtype.itemsize != size - stream.tell():
            raise ValueError("another length than the header says")
        flat = np.frombuffer(stream.read(), dtype)
        return flat.reshape(shape, order="F" if fortran else "C")
