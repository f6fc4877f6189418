"""Keys of random numbers: fixed for ever, as checkpoints and plans of other machines rely on them."""

from __future__ import annotations

import hashlib

from singalang_compiler.keys import key_of, parameter_key, training_key


def test_a_key_is_the_first_eight_bytes_of_the_hash_in_little_endian() -> None:
    digest = hashlib.sha256(b"0:fc1.weight").digest()
    first = digest[0] + (digest[1] << 8) + (digest[2] << 16) + (digest[3] << 24)
    second = digest[4] + (digest[5] << 8) + (digest[6] << 16) + (digest[7] << 24)
    assert key_of("0:fc1.weight") == (first, second)
    assert key_of("0:fc1.weight") == (3338520631, 3084066078)


def test_seed_name_and_purpose_all_count() -> None:
    keys = [parameter_key(0, "a"), parameter_key(1, "a"), parameter_key(0, "b"), training_key(0, "a"), training_key(1, "a")]
    assert len(set(keys)) == len(keys)
    assert parameter_key(0, "a") == key_of("0:a")
    assert training_key(0, "a") == key_of("0:train:a")
