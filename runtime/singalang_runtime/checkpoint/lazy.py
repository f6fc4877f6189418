"""Tensors that lie in files, each read when it is asked for: a process needs no memory for those of others."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from safetensors import safe_open

from singalang_runtime.checkpoint.manifest import Manifest

Array: TypeAlias = np.ndarray[Any, Any]


class TensorFiles(Mapping[str, Array]):
    """The tensors by key in some files, those of `keys` alone where it is given; in `dtype` where it is given.

    Files are opened at once and stay open, so that they may be removed meanwhile. May raise OSError and SafetensorError.
    """

    def __init__(
        self, paths: Sequence[Path], keys: Collection[str] | None = None, dtype: np.dtype[np.floating] | None = None
    ) -> None:
        self._files: dict[str, Any] = {}
        self._dtype = dtype
        for path in paths:
            file: Any = safe_open(path, framework="numpy")
            self._files |= {key: file for key in file.keys() if keys is None or key in keys}  # noqa: SIM118 (no mapping)

    @staticmethod
    def of_checkpoint(
        folder: Path, manifest: Manifest, keys: Collection[str] | None = None, dtype: np.dtype[np.floating] | None = None
    ) -> TensorFiles:
        """Those of a checkpoint, which was checked."""
        return TensorFiles([folder / name for name in sorted(manifest.files)], keys, dtype)

    def __getitem__(self, key: str) -> Array:
        """A tensor, read now."""
        tensor: Array = self._files[key].get_tensor(key)
        return tensor if self._dtype is None else tensor.astype(self._dtype, copy=False)

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)


class FirstOf(Mapping[str, Array]):
    """Tensors from several mappings; the first that has a key counts."""

    def __init__(self, *mappings: Mapping[str, Array]) -> None:
        self._mappings = mappings

    def __getitem__(self, key: str) -> Array:
        """A tensor."""
        for mapping in self._mappings:
            if key in mapping:
                return mapping[key]
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(key for mapping in self._mappings for key in mapping))

    def __len__(self) -> int:
        return sum(1 for _ in self)
