"""The source `digits`: real handwritten digits that come with singalang."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from singalang_compiler.library.contract import Records, Source, Wanted
from singalang_compiler.library.kinds import source
from singalang_compiler.library.reading.columns import ArrayRecords, Binding
from singalang_compiler.library.reading.files import read_whole
from singalang_compiler.library.reading.idx_format import decode_idx
from singalang_compiler.library.tensors import TensorSpec

_IMAGES, _LABELS = "digits-images.idx3.gz", "digits-labels.idx1.gz"
_TEST_EVERY = 5


@source("digits")
class Digits(Source):
    """1,797 handwritten digits of 8x8 pixels, 0 to 16, and their classes, 0 to 9; shipped with singalang.

    The test part is the 5th, 10th, 15th, ... record of each class in file order: 355 records. The training part is the
    other 1,442.
    Source: E. Alpaydin and C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning Repository, 1998
    (CC BY 4.0), test part.
    """

    splits: ClassVar[bool] = True

    def storage(self, field: TensorSpec) -> str:
        """Bytes for pixels."""
        return "uint8" if field.dtype == "float" else "int32"

    def open(self, folder: Path, split: str, wanted: Sequence[Wanted]) -> Records:
        """Unpacks the digits; `folder` is of no account."""
        import numpy as np

        here = Path(__file__).parent
        images = decode_idx(read_whole(here, _IMAGES), _IMAGES)
        labels = decode_idx(read_whole(here, _LABELS), _LABELS)
        for_test = np.zeros(len(labels), bool)
        for digit in range(10):
            for_test[np.flatnonzero(labels == digit)[_TEST_EVERY - 1 :: _TEST_EVERY]] = True
        chosen = np.flatnonzero({"train": ~for_test, "test": for_test}.get(split, np.ones_like(for_test)))
        binding = Binding.of(wanted)
        binding.check(images[0].size, "digits", "an image has 8x8 pixels: declare it as `f32[64]` or `f32[1, 8, 8]`")
        pixels = images[chosen].reshape(len(chosen), -1)
        fields = binding.fields(wanted, pixels, labels[chosen], lambda number: f"digits, record {chosen[number] + 1}")
        return ArrayRecords(fields, len(chosen))
