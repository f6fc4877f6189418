"""Work done ahead in a thread: results wait in a short queue, faults travel to whoever takes them. Knows no data."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from threading import Condition, Thread
from types import TracebackType
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Prefetcher(Generic[Item, Result]):
    """Calls `make` for each item in a thread, at most `depth` results ahead, and yields the results in order.

    An exception in `make`, or in the items, is raised to the taker after the results before it. Close it, or use it in a `with`:
    then the thread has ended, whether all was taken or not.
    """

    def __init__(self, make: Callable[[Item], Result], items: Iterable[Item], depth: int = 2) -> None:
        assert depth >= 1
        self._make = make
        self._items = iter(items)
        self._depth = depth
        self._ready: deque[Result] = deque()
        self._fault: BaseException | None = None
        self._finished = self._closed = False
        self._changed = Condition()
        self._thread = Thread(target=self._work, name="feed", daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[Result]:
        """Itself."""
        return self

    def __next__(self) -> Result:
        """The next result; waits for it."""
        with self._changed:
            self._changed.wait_for(lambda: self._ready or self._finished or self._closed)
            if self._ready:
                result = self._ready.popleft()
                self._changed.notify_all()
                return result
            if self._fault is not None:
                raise self._fault
            raise StopIteration

    def close(self) -> None:
        """Stops after the item at hand, drops what was not taken and waits for the thread. May be called again."""
        with self._changed:
            self._closed = True
            self._ready.clear()
            self._changed.notify_all()
        self._thread.join()

    def __enter__(self) -> Prefetcher[Item, Result]:
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _work(self) -> None:
        try:
            for item in self._items:
                result = self._make(item)
                with self._changed:
                    self._changed.wait_for(lambda: len(self._ready) < self._depth or self._closed)
                    if self._closed:
                        return
                    self._ready.append(result)
                    self._changed.notify_all()
        except BaseException as fault:  # raised again where the result is wanted
            self._fault = fault
        finally:
            with self._changed:
                self._finished = True
                self._changed.notify_all()
