"""The value of an expression, in a place. Layers are left to the place's maker, types to `fitting`."""

from __future__ import annotations

from dataclasses import replace

from singalang_compiler.codes.e0103_unknown_kind import UnknownKind
from singalang_compiler.codes.e0111_unknown_word import UnknownWord
from singalang_compiler.codes.e0112_wrong_type import WrongType
from singalang_compiler.codes.e0119_no_result import NoResult
from singalang_compiler.codes.e0120_wrong_operands import WrongOperands
from singalang_compiler.codes.e0125_too_large import TooLarge
from singalang_compiler.codes.e0128_misplaced import Misplaced
from singalang_compiler.codes.e0129_out_of_range import OutOfRange
from singalang_compiler.codes.e0130_wrong_call import WrongCall
from singalang_compiler.codes.e0133_no_member import NoMember
from singalang_compiler.library.attributes import FAMILIES
from singalang_compiler.resolve.naming import is_unknown_name, is_wished_kind, unknown_name_value, wins, wished_kinds, wished_word
from singalang_compiler.resolve.numbers import number_value
from singalang_compiler.resolve.operators import FUNCTIONS, Undefined, Unsuited, binary, negative
from singalang_compiler.resolve.scopes import ABSENT, Place, is_poison, refuse_hidden
from singalang_compiler.resolve.session import DEPTH, ELEMENTS
from singalang_compiler.resolve.values import (
    POISON,
    Deferred,
    FieldValue,
    HolderValue,
    LayerValue,
    Poison,
    Value,
    Word,
    described,
)
from singalang_compiler.resolve.wishes import NOTHING, Want
from singalang_grammar.literals import text_of
from singalang_grammar.tree import (
    Binary,
    Call,
    Chain,
    Comprehension,
    Conditional,
    Constant,
    Expr,
    Ident,
    Index,
    List,
    Member,
    Name,
    Number,
    Paren,
    String,
    Tuple,
    Unary,
)


def evaluate(expr: Expr, place: Place, want: Want | None = None, binding: Ident | None = None) -> Value:
    """The value of an expression, POISON where it has none and that was reported.

    `want` is the type that the value should have: it decides what bare words mean, and is not checked here. `binding` is
    the name that the value gets, for the layer that it may be the output of.
    """
    session = place.session
    session.spend(1, expr.span)
    if session.depth >= DEPTH:
        return session.report(TooLarge("expressions stand too deep in one another", "name the parts", expr.span))
    session.depth += 1
    try:
        return _evaluated(expr, place, want, binding)
    finally:
        session.depth -= 1


def _evaluated(expr: Expr, place: Place, want: Want | None, binding: Ident | None) -> Value:
    match expr:
        case Name():
            return _name(expr, place, want)
        case Number():
            return number_value(expr, place.session)
        case String():
            return text_of(expr.raw)
        case Constant(value=value):
            return value
        case Call():
            return _call(expr, place, want)
        case Chain():
            if place.maker is None:
                return place.session.report(Misplaced("a chain", "outside a net", expr.span, "write it in a `net` or `block`"))
            return place.maker.chain(expr, place, binding)
        case Binary():
            return _binary(expr, place, binding)
        case Member():
            return _member(expr, place, want)
        case Paren(value=inner):
            return evaluate(inner, place, want, binding)
        case List(items=items) | Tuple(items=items):
            return _list(expr, items, place, want)
        case Conditional():
            return _conditional(expr, place, want, binding)
        case Index():
            return _index(expr, place)
        case Unary():
            return _unary(expr, place, binding)
        case Comprehension():
            return _comprehension(expr, place, want)


def _name(expr: Name, place: Place, want: Want | None) -> Value:
    wishes = want.wishes if want else NOTHING
    if expr.text in wishes.words:
        return Word(expr.text, wishes.words)
    if wishes.names:
        return Word(expr.text)
    if wins(expr.text, place, wishes):
        return Deferred(expr, place)
    found = place.scope.find(expr.text, expr.span)
    if found is not ABSENT:
        return found
    if is_wished_kind(expr.text, place, want):
        return Deferred(expr, place)
    return unknown_name_value(expr, place, want)


def _call(expr: Call, place: Place, want: Want | None) -> Value:
    callee = expr.callee
    if not isinstance(callee, Name):
        value = evaluate(callee, place)
        if is_poison(value):
            return POISON
        return place.session.report(WrongCall(callee.span.text, f"this is {described(value)}", expr.callee.span))
    if callee.text == "param" or is_wished_kind(callee.text, place, want):
        return Deferred(expr, place)
    if callee.text in FUNCTIONS:
        return _function(callee, expr, place)
    if any(place.visible.kind(family, callee.text) for family in FAMILIES.values()):
        return Deferred(expr, place)
    if place.visible.is_lost(callee.text) or place.session.is_broken(callee.text, callee.span):
        return POISON
    found = place.scope.find(callee.text, callee.span)
    if found is not ABSENT:
        return (
            POISON if is_poison(found) else place.session.report(WrongCall(callee.text, f"this is {described(found)}", callee.span))
        )
    known = wished_kinds(place, want) or tuple(FUNCTIONS)
    return place.session.report(UnknownKind(wished_word(want), callee.text, callee.span, known))


def _function(callee: Name, expr: Call, place: Place) -> Value:
    least, most, function = FUNCTIONS[callee.text]
    named = next((argument for argument in expr.arguments if argument.name), None)
    if named is not None:
        return place.session.report(WrongCall(callee.text, "it takes no argument by name", named.span))
    values = tuple([evaluate(argument.value, place) for argument in expr.arguments])  # a list: no frame of C
    if any(is_poison(value) for value in values):
        return POISON
    count = len(values)
    if count < least or (most is not None and count > most):
        wanted = f"{least}" if most == least else f"at least {least}"
        text = f"it takes {wanted} argument{'' if wanted == '1' else 's'} and is given {count}"
        return place.session.report(WrongCall(callee.text, text, expr.span))
    place.session.spend(sum(len(value) for value in values if isinstance(value, tuple)) // 20, expr.span)
    try:
        return function(values)
    except Undefined as fault:
        return place.session.report(NoResult(str(fault), expr.span))
    except Unsuited as fault:
        return place.session.report(_wrong_operands(callee.text, values, expr, str(fault)))


def _wrong_operands(operator: str, values: tuple[Value, ...], expr: Expr, hint: str) -> WrongOperands:
    return WrongOperands(operator, tuple(described(value) for value in values), expr.span, hint or None)


def _binary(expr: Binary, place: Place, binding: Ident | None) -> Value:
    if expr.operator in ("and", "or"):
        return _logic(expr, place)
    if expr.operator == "..":
        return _range(expr, place)
    if expr.operator in ("==", "!="):
        return _equality(expr, place, binding)
    spine = [expr]
    while isinstance(spine[-1].left, Binary) and spine[-1].left.operator in _ARITHMETIC and spine[-1].operator in _ARITHMETIC:
        spine.append(spine[-1].left)
    left = evaluate(spine[-1].left, place)
    for step in reversed(spine):
        commented = step.operator == "//"
        right = evaluate(step.right, replace(place, commented=True) if commented else place)
        left = _operated(step, left, right, place, binding if step is expr else None)
    return left


def _equality(expr: Binary, place: Place, binding: Ident | None) -> Value:
    """Compares; a bare word beside a value that is a word is a word."""
    sides = [expr.left, expr.right]
    if is_unknown_name(expr.left, place):
        sides.reverse()
    known = evaluate(sides[0], place)
    if isinstance(known, Word | Poison) and isinstance(sides[1], Name) and is_unknown_name(sides[1], place):
        other: Value = _word_beside(known, sides[1], sides[0], place) if isinstance(known, Word) else POISON
    else:
        other = evaluate(sides[1], place)
    left, right = (known, other) if sides[0] is expr.left else (other, known)
    return _operated(expr, left, right, place, binding)


def _word_beside(known: Word, name: Name, owner: Expr, place: Place) -> Value:
    if known.words and name.text not in known.words:
        return place.session.report(UnknownWord(name.text, owner.span.text, name.span, known.words))
    return Word(name.text, known.words)


_ARITHMETIC = ("+", "-", "*", "/", "//", "%")


def _operated(expr: Binary, left: Value, right: Value, place: Place, binding: Ident | None) -> Value:
    if is_poison(left) or is_poison(right):
        return POISON
    if isinstance(left, LayerValue | FieldValue) or isinstance(right, LayerValue | FieldValue):
        if place.maker is None:
            return place.session.report(Misplaced("an operator on layers", "outside a net", expr.span))
        return place.maker.operate(expr, left, right, place, binding)
    left, right = _as_words(left, right)
    try:
        return binary(expr.operator, left, right)
    except Undefined as fault:
        return place.session.report(NoResult(str(fault), expr.span))
    except Unsuited as fault:
        return place.session.report(_wrong_operands(expr.operator, (left, right), expr, str(fault)))


def _as_words(left: Value, right: Value) -> tuple[Value, Value]:
    """An enum word may be compared with a string of the same text."""
    if isinstance(left, Word) and isinstance(right, str):
        return left, Word(right)
    if isinstance(right, Word) and isinstance(left, str):
        return Word(left), right
    return left, right


def _logic(expr: Binary, place: Place) -> Value:
    left = _truth(expr.left, place, f"`{expr.operator}`")
    if isinstance(left, bool) and left == (expr.operator == "or"):
        return left
    right = _truth(expr.right, place, f"`{expr.operator}`")
    return POISON if is_poison(left) else right


def _truth(expr: Expr, place: Place, owner: str) -> Value:
    """The value of a condition: a bool, or POISON."""
    value = evaluate(expr, place)
    if isinstance(value, bool) or is_poison(value):
        return value
    hint = "what depends on data cannot be decided by the compiler" if isinstance(value, LayerValue | FieldValue) else None
    return place.session.report(WrongType(owner.strip("`"), "`true` or `false`", described(value), expr.span, hint))


def condition(expr: Expr, place: Place) -> Value:
    """The value of the condition of an `if`: a bool, or POISON."""
    return _truth(expr, place, "if")


def _range(expr: Binary, place: Place) -> Value:
    ends = []
    for side in (expr.left, expr.right):
        value = evaluate(side, place)
        if not is_poison(value) and (isinstance(value, bool) or not isinstance(value, int)):
            value = place.session.report(WrongType("..", "a whole number", described(value), side.span))
        ends.append(value)
    first, last = ends
    if not isinstance(first, int) or not isinstance(last, int):
        return POISON
    if last - first >= ELEMENTS:
        return place.session.report(_too_long(expr))
    place.session.spend(max(0, last - first) // 20, expr.span)
    return tuple(range(first, last + 1))


def _too_long(expr: Expr) -> TooLarge:
    return TooLarge("a value has more than a million elements", "values may have a million elements", expr.span)


def _list(expr: Expr, items: tuple[Expr, ...], place: Place, want: Want | None) -> Value:
    values = [evaluate(item, place, want.item(number) if want else None) for number, item in enumerate(items)]
    return _kept(tuple(values), expr, place)


def _kept(values: tuple[Value, ...], expr: Expr, place: Place) -> Value:
    """A new list, unless an item is poisoned or the list is too large."""
    if any(is_poison(value) for value in values):
        return POISON
    size = sum(_size(value) for value in values)
    place.session.spend(size // 20, expr.span)
    return place.session.report(_too_long(expr)) if size > ELEMENTS else values


def _size(value: Value) -> int:
    """Elements of a value; stops counting soon after the bound."""
    total, waiting = 0, [value]
    while waiting and total <= ELEMENTS:
        item = waiting.pop()
        if isinstance(item, tuple):
            waiting.extend(item)
        total += 1
    return total


def _comprehension(expr: Comprehension, place: Place, want: Want | None) -> Value:
    refuse_hidden(expr.name, place)
    items = list_value(expr.items, place, "for")
    passes = items if isinstance(items, tuple) else (POISON,)
    around = replace(place, looped=True, unsure=place.unsure or is_poison(items))
    wanted = want.item(0) if want else None
    values: list[Value] = []
    inside = around.repeated(expr.name, expr.items)
    for number, item in enumerate(passes):
        value = evaluate(expr.value, inside(number, item), wanted)
        if is_poison(value):
            return POISON
        values.append(value)
    return POISON if is_poison(items) else _kept(tuple(values), expr, place)


def list_value(expr: Expr, place: Place, owner: str) -> Value:
    """The value of an expression that has to be a list: a tuple, or POISON."""
    value = evaluate(expr, place)
    if isinstance(value, tuple) or is_poison(value):
        return value
    hint = f"write a list or a range, such as `1..{value}`" if isinstance(value, int) and not isinstance(value, bool) else None
    return place.session.report(WrongType(owner, "a list", described(value), expr.span, hint))


def _conditional(expr: Conditional, place: Place, want: Want | None, binding: Ident | None) -> Value:
    test = condition(expr.test, place)
    if isinstance(test, bool):
        return evaluate(expr.yes if test else expr.no, place, want, binding)
    unsure = replace(place, unsure=True)
    evaluate(expr.yes, unsure, want)
    evaluate(expr.no, unsure, want)
    return POISON


def _index(expr: Index, place: Place) -> Value:
    value = evaluate(expr.value, place)
    numbers = [evaluate(item, place) for item in expr.items]
    if is_poison(value) or any(is_poison(number) for number in numbers):
        return POISON
    if not isinstance(value, tuple):
        return place.session.report(WrongType("[]", "a list", described(value), expr.value.span))
    number = numbers[0]
    if len(numbers) != 1 or isinstance(number, bool) or not isinstance(number, int):
        got = described(number) if len(numbers) == 1 else f"{len(numbers)} numbers"
        return place.session.report(WrongType("[]", "one whole number", got, expr.items[0].span))
    if not 0 <= number < len(value):
        return place.session.report(OutOfRange(number, len(value), expr.items[0].span))
    item: Value = value[number]
    return item


def _unary(expr: Unary, place: Place, binding: Ident | None) -> Value:
    if expr.operator == "not":
        value = _truth(expr.value, place, "not")
        return not value if isinstance(value, bool) else POISON
    value = evaluate(expr.value, place)
    if is_poison(value):
        return POISON
    if isinstance(value, LayerValue | FieldValue) and place.maker is not None:
        return value if expr.operator == "+" else place.maker.operate(expr, -1, value, place, binding)
    try:
        return negative(value) if expr.operator == "-" else negative(negative(value))
    except Unsuited:
        return place.session.report(_wrong_operands(expr.operator, (value,), expr, ""))


def _member(expr: Member, place: Place, want: Want | None) -> Value:
    if want and want.wishes.names and (dotted := _dotted(expr)):
        return Word(dotted)
    value = evaluate(expr.value, place)
    match value:
        case LayerValue() | FieldValue() | HolderValue():
            return value.owner.member(expr.name, value)
    if is_poison(value):
        return POISON
    return place.session.report(NoMember(described(value), expr.name.text, expr.name.span))


def _dotted(expr: Expr) -> str | None:
    parts: list[str] = []
    while isinstance(expr, Member):
        parts.append(expr.name.text)
        expr = expr.value
    return ".".join([expr.text, *reversed(parts)]) if isinstance(expr, Name) else None
