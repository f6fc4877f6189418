"""Keys of random numbers, made from text. Knows no array library, so that the host makes the same keys as the compiler."""

from __future__ import annotations

import hashlib
import struct


def key_of(text: str) -> tuple[int, int]:
    """Two numbers of 32 bits, no sign: the first eight bytes of the text's SHA-256, little-endian."""
    first, second = struct.unpack("<II", hashlib.sha256(text.encode()).digest()[:8])
    return first, second


def parameter_key(seed: int, name: str) -> tuple[int, int]:
    """The key of a parameter's first value: the same whatever section, worker or order makes it."""
    return key_of(f"{seed}:{name}")


def training_key(seed: int, section: str) -> tuple[int, int]:
    """The key of a train section's random numbers; kernels fold step, layer and purpose into it."""
    return key_of(f"{seed}:train:{section}")
