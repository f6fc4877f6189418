"""The `on` rules of a net: which attributes they give to which layer. Knows selectors and not how layers are made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from singalang_compiler.codes.e0110_unknown_field import UnknownField
from singalang_compiler.codes.e0128_misplaced import Misplaced
from singalang_compiler.codes.e0132_automatic_name import AutomaticName
from singalang_compiler.codes.e0201_unknown_layer import UnknownLayer
from singalang_compiler.codes.e0207_nothing_selected import NothingSelected
from singalang_compiler.codes.e0208_rule_without_effect import RuleWithoutEffect
from singalang_compiler.graph import Node
from singalang_compiler.resolve.scopes import Place
from singalang_compiler.resolve.selection import LayerNames, between, match, named, written
from singalang_grammar.source import Span
from singalang_grammar.tree import Bind, KindSelector, NameSelector, On, Path, RangeSelector, Selector


@dataclass(frozen=True, slots=True)
class Rule:
    """One `on` rule. Its names are looked up under `prefix`, that of the block instance in whose body it stands."""

    on: On
    binds: tuple[Bind, ...]
    place: Place
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class Level:
    """What one rule sets for one layer."""

    binds: tuple[Bind, ...]
    place: Place


def rule_of(on: On, place: Place, prefix: str = "") -> Rule:
    """A rule; reports what is in it besides fields."""
    binds = []
    for item in on.body:
        if isinstance(item, Bind):
            binds.append(item)
        else:
            place.session.report(Misplaced("this", "in a rule", item.span, "a rule sets attributes: `on NAME { weight = ... }`"))
    return Rule(on, tuple(binds), place, prefix)


class NetRules:
    """The rules of a net in order, weakest first. `ranges` says what each range stands for, once the net is known."""

    def __init__(self, rules: Iterable[Rule], ranges: Mapping[int, frozenset[str]], above: NetRules | None = None) -> None:
        self._rules = list(rules)
        self._ranges = ranges
        self._above = above  # of the net or block in which a block is used: stronger
        self._hit: set[int] = set()
        self._taken: set[int] = set()
        self._tried: dict[int, tuple[str, ...]] = {}

    def levels(self, layer: LayerNames, known: tuple[str, ...]) -> list[Level]:
        """What the rules set for a layer that has the attributes `known`, weakest first."""
        found = []
        for rule in self._rules:
            exactly = self._matched(rule, layer)
            if exactly is not None:
                binds = tuple(bind for bind in rule.binds if self._takes(bind, layer, known, exactly, rule))
                found.append(Level(binds, rule.place))
        return found + self._above.levels(layer, known) if self._above else found

    def _matched(self, rule: Rule, layer: LayerNames) -> bool | None:
        """Whether a rule means a layer exactly; None where it does not mean it."""
        exactly = None
        for selector in rule.on.selectors:
            meant = match(selector, _relative(layer, rule.prefix), self._ranges.get(id(selector), frozenset()))
            if meant is not None:
                self._hit.add(id(selector))
                exactly = bool(exactly) or meant.exactly
        return exactly

    def _takes(self, bind: Bind, layer: LayerNames, known: tuple[str, ...], exactly: bool, rule: Rule) -> bool:
        name = bind.name.text
        if name in known:
            self._taken.add(id(bind))
            return True
        self._tried[id(bind)] = (*self._tried.get(id(bind), ()), *known)[:60]
        if exactly:
            self._taken.add(id(bind))
            rule.place.session.report(UnknownField(layer.kind, name, bind.name.span, known, "attribute"))
        return False

    def finish(self, layers: Mapping[str, LayerNames], poisoned: bool) -> None:
        """Reports selectors that meant no layer and attributes that no layer took."""
        for rule in self._rules:
            missed = [selector for selector in rule.on.selectors if id(selector) not in self._hit]
            for selector in missed:
                report_missed(selector, rule.place, layers, poisoned)
            if poisoned or len(missed) == len(rule.on.selectors):
                continue
            for bind in rule.binds:
                if id(bind) not in self._taken:
                    known = self._tried.get(id(bind), ())
                    rule.place.session.report(RuleWithoutEffect(bind.name.text, bind.name.span, known))

    def warn(self, automatic: Mapping[str, Span]) -> None:
        """Warns of rules that mean layers by names that were made."""
        for rule in self._rules:
            for selector in rule.on.selectors:
                warn_automatic(selector, rule.place, automatic)

    def range_members(self, layers: Mapping[str, LayerNames], nodes: Mapping[str, Node]) -> dict[int, frozenset[str]]:
        """What each range of the rules stands for in a net that is whole."""
        found = {}
        for rule in self._rules:
            for selector in rule.on.selectors:
                if isinstance(selector, RangeSelector):
                    ends = [named(rule.prefix + path.text, layers.values()) for path in (selector.first, selector.last)]
                    found[id(selector)] = between(ends[0], ends[1], nodes)
        return found


def _relative(layer: LayerNames, prefix: str) -> LayerNames:
    if not prefix:
        return layer
    names = [name[len(prefix) :] for name in (*layer.aliases, *layer.groups) if name.startswith(prefix)]
    if not layer.name.startswith(prefix):
        return LayerNames("", "")
    return LayerNames(layer.name[len(prefix) :], layer.kind, tuple(names), tuple(names), layer.blocks)


def report_missed(selector: Selector, place: Place, layers: Mapping[str, LayerNames], poisoned: bool) -> None:
    """Says why a selector means no layer; silent where layers are missing because of another mistake."""
    session = place.session
    if isinstance(selector, KindSelector) and selector.kind is not None and not _is_kind(selector.kind.text, place):
        name = selector.kind
        if not place.visible.is_lost(name.text) and not session.is_broken(name.text, name.span):
            session.report(UnknownLayer(name.text, name.span, tuple(place.visible.kind_names("layers"))))
        return
    if poisoned:
        return
    known = sorted({name for layer in layers.values() for name in (layer.name, *layer.aliases, *layer.groups)})
    if isinstance(selector, RangeSelector):
        for path in (selector.first, selector.last):
            if not named(path.text, layers.values()):
                session.report(NothingSelected(path.text, path.span, tuple(known)))
                return
        reason = f"no path leads from `{selector.first.text}` to `{selector.last.text}`"
        session.report(NothingSelected(written(selector), selector.span, (), reason))
        return
    session.report(NothingSelected(written(selector), selector.span, tuple(known)))


def _is_kind(name: str, place: Place) -> bool:
    return (
        any(place.visible.kind(family, name) for family in ("layers", "metrics", "sinks")) or place.visible.block(name) is not None
    )


def warn_automatic(selector: Selector, place: Place, automatic: Mapping[str, Span]) -> None:
    """Warns of a selector that names a layer by a name that was made."""
    paths: tuple[Path, ...] = ()
    if isinstance(selector, NameSelector):
        paths = (selector.path,)
    elif isinstance(selector, RangeSelector):
        paths = (selector.first, selector.last)
    for path in paths:
        defined = automatic.get(path.text)
        if defined is not None:
            place.session.report(AutomaticName(path.text, path.span, defined))
