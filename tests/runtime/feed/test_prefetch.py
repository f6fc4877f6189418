"""Work done ahead in a thread."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from singalang_runtime.feed.prefetch import Prefetcher


def test_results_come_in_order() -> None:
    with Prefetcher(lambda item: item * item, range(500)) as ahead:
        assert list(ahead) == [item * item for item in range(500)]


@pytest.mark.parametrize("depth", [1, 2, 5])
def test_no_more_is_made_ahead_than_may_wait(depth: int) -> None:
    made: list[int] = []
    enough = threading.Event()

    def make(item: int) -> int:
        made.append(item)
        if len(made) == depth + 1:
            enough.set()
        assert len(made) <= taken + depth + 1, "one at hand, and `depth` in the queue"
        return item

    taken = 0
    with Prefetcher(make, range(50), depth) as ahead:
        assert enough.wait(10)
        for _ in range(50):
            taken += 1
            next(ahead)
        assert next(ahead, None) is None


def test_a_fault_comes_after_the_results_before_it() -> None:
    def make(item: int) -> int:
        if item == 3:
            raise KeyError("three")
        return item

    with Prefetcher(make, range(10)) as ahead:
        assert [next(ahead), next(ahead), next(ahead)] == [0, 1, 2]
        for _ in range(2):
            with pytest.raises(KeyError, match="three"):
                next(ahead)


def test_a_fault_in_the_items_comes_too() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise OSError("gone")

    with Prefetcher(str, items()) as ahead:
        assert next(ahead) == "1"
        with pytest.raises(OSError, match="gone"):
            next(ahead)


def test_closing_ends_the_thread_whatever_it_does() -> None:
    before = threading.active_count()
    for taken in (0, 1, 10):
        ahead = Prefetcher(lambda item: item, range(10**9))
        for _ in range(taken):
            next(ahead)
        ahead.close()
        ahead.close()
        assert next(ahead, None) is None
    finished = Prefetcher(lambda item: item, range(3))
    assert list(finished) == [0, 1, 2]
    finished.close()
    assert threading.active_count() == before


def test_an_exception_of_the_taker_ends_the_thread() -> None:
    before = threading.active_count()
    with pytest.raises(ZeroDivisionError), Prefetcher(lambda item: item, range(10**9)) as ahead:
        raise ZeroDivisionError(next(ahead))
    assert threading.active_count() == before
