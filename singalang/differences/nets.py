"""What changed in a net: layers that came, went, or are otherwise, and what follows for those that read them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import zip_longest

from singalang import words
from singalang.differences.attributes import attribute_changes, kind_words
from singalang.differences.found import Line, Part
from singalang.differences.gathering import gathered
from singalang.differences.matching import Matching, family
from singalang.differences.parameters import parameter_changes
from singalang.differences.side import Side
from singalang_compiler.plan import LayerRecord


class Nets:
    """Two nets whose layers are paired. `fields`: by the name of a field before that after."""

    def __init__(self, before: Side, after: Side, matching: Matching, fields: Mapping[str, str]) -> None:
        self.before, self.after, self.matching, self.fields = before, after, matching, fields

    def part(self) -> Part | None:
        """What changed, if anything did."""
        lines = (*self._gone_and_new(), *gathered("~", self._changed()), *gathered(">", self._followed()))
        aside = dict.fromkeys(" -> ".join(_until_moved(old, new)) for old, new in self._renumbered)
        if not lines and not aside:
            return None
        return Part(f"net {self.after.section.net}", lines, tuple(aside))

    def _gone_and_new(self) -> Iterator[Line]:
        for name in self.matching.gone:
            yield Line(sign="-", subject=name, text=_described(self.before.layers[name]), layers=(name,))
        for name in self.matching.new:
            layer = self.after.layers[name]
            text = f"{_described(layer)}, reads {', '.join(layer.inputs)}" if layer.inputs else _described(layer)
            yield Line(sign="+", subject=name, text=text, layers=(name,))

    def _changed(self) -> Iterator[tuple[str, str]]:
        """Names after, and what is otherwise about the layer itself."""
        quiet = {new for _, new in self._renumbered}
        for old, new in self.matching.pairs.items():
            for text in self._changes(self.before.layers[old], self.after.layers[new], told=new not in quiet):
                yield new, text

    def _changes(self, old: LayerRecord, new: LayerRecord, told: bool) -> Iterator[str]:
        if old.name != new.name and told:
            yield f"was called {old.name}" if old.kind == new.kind else f"in place of {old.name}"
        if old.kind != new.kind:
            yield f"{_described(old)} -> {_described(new)}"
        else:
            yield from attribute_changes(old.attributes, new.attributes)
        if reads := self._rewired(old, new):
            yield reads
        yield from parameter_changes(self.before, self.after, old, new, self.matching.pairs)
        if old.phases != new.phases:
            yield f"in the phases {', '.join(old.phases)} -> {', '.join(new.phases)}"

    @cached_property
    def _renumbered(self) -> Sequence[tuple[str, str]]:
        """Pairs whose names moved because other layers that are counted with them came, went, or are called otherwise."""
        moved = [(old, new) for old, new in self.matching.pairs.items() if old != new]
        others = [name for old, new in moved if family(old) != family(new) for name in (old, new)]
        counted = {start for name in (*self.matching.gone, *self.matching.new, *others) for start in _families(name)}
        return [(old, new) for old, new in moved if family(old) == family(new) and family(_until_moved(old, new)[0]) in counted]

    def _rewired(self, old: LayerRecord, new: LayerRecord) -> str | None:
        """What a layer reads instead, unless that is because a layer came between, went from between, or moved."""
        if all(self._same_source(*pair) for pair in zip_longest(old.inputs, new.inputs)):
            return None
        return f"reads {', '.join(old.inputs)} -> {', '.join(new.inputs)}"

    def _same_source(self, old: str | None, new: str | None) -> bool:
        if old is None or new is None:
            return False
        if self._paired(old) == new:
            return True
        if old in self._still and new in self._still_now:
            return False
        earlier = {self._paired(name) for name in self._reached(old, self.before, self._still)}
        return bool(earlier & self._reached(new, self.after, self._still_now))

    def _paired(self, name: str) -> str | None:
        return self.matching.pairs.get(name) or self.fields.get(name)

    @cached_property
    def _still(self) -> frozenset[str]:
        """The names before of layers that both nets have, in the same order."""
        return frozenset(self.matching.pairs) - self.matching.moved

    @cached_property
    def _still_now(self) -> frozenset[str]:
        """The names after of the same."""
        return frozenset(self.matching.pairs[name] for name in self._still)

    def _reached(self, name: str, side: Side, still: frozenset[str]) -> set[str]:
        """The nearest values at or before one that have their places in both nets."""
        found, waiting = set(), [name]
        while waiting:
            one = waiting.pop()
            if one in still or one not in side.layers:
                found.add(one)
            else:
                waiting += side.layers[one].inputs
        return found

    def _followed(self) -> Iterator[tuple[str, str]]:
        """Names after, and what is otherwise though nothing was said of the layer."""
        for old_name, new_name in self.matching.pairs.items():
            old, new = self.before.layers[old_name], self.after.layers[new_name]
            earlier, now = self._input_shapes(old, self.before), self._input_shapes(new, self.after)
            if earlier != now:
                yield new_name, f"its input is now {_shapes(now)}"
            elif old.shape != new.shape and old.attributes == new.attributes and old.kind == new.kind:
                yield new_name, f"its value is now {words.shape(new.shape)}"

    def _input_shapes(self, layer: LayerRecord, side: Side) -> list[tuple[int, ...]]:
        return [side.shapes.get(name, ()) for name in layer.inputs]


def _described(layer: LayerRecord) -> str:
    return kind_words(layer.kind, layer.attributes)


def _shapes(found: Iterable[tuple[int, ...]]) -> str:
    return " and ".join(dict.fromkeys(words.shape(one) for one in found))


def _families(name: str) -> Iterator[str]:
    """The families of a name and of the blocks that it is in."""
    parts = name.split(".")
    return (family(".".join(parts[:end])) for end in range(1, len(parts) + 1))


def _until_moved(old: str, new: str) -> tuple[str, str]:
    """Two names of one family up to the first part in which they differ: `res2` and `res3` of `res2.conv1` and `res3.conv1`."""
    ours, theirs = old.split("."), new.split(".")
    end = next(number for number, (one, other) in enumerate(zip(ours, theirs, strict=True), 1) if one != other)
    return ".".join(ours[:end]), ".".join(theirs[:end])
