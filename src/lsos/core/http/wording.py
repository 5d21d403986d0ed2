"""What is wrong with a value, in the words of the person who sent it: field, given, allowed."""

import types
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec
from msgspec import inspect

from lsos.core.redaction import SECRET_NAME, Redactor

MAX_FAULTS = 20
MAX_GIVEN = 60
MAX_NAME = 200
MAX_GUESSED_NAME = 64
"""A longer unknown name is compared with nothing: the comparison costs its length."""
EXAMPLE_ID = "01920000-0000-7000-8000-000000000000"

_clean = Redactor(()).clean


class Fault(msgspec.Struct, frozen=True):
    """One thing that is wrong: `field` as it was sent ("" for the whole), and a sentence."""

    field: str
    message: str
    known: tuple[str, ...] = ()
    """The names that exist, where an unknown one was sent."""


def faults(value: Any, annotation: Any, field: str = "", *, is_text: bool = False) -> list[Fault]:
    """Everything that keeps `value` from being an `annotation`, up to MAX_FAULTS.

    Looked for again, field by field, because msgspec stops at the first fault and speaks of types.
    `is_text`: the value comes from a path or a query, where everything is text.
    """
    found: list[Fault] = []
    for fault in _walk(value, annotation, field, is_text):
        found.append(fault)
        if len(found) == MAX_FAULTS:
            break
    return found


def expected(*words: str) -> dict[str, Any]:
    """`Meta(pattern=..., extra=expected("a colour, such as #1a2b3c"))`: the pattern in words."""
    return {"expected": " ".join(words)}


def reason(value: Any, annotation: Any) -> str:
    """Why `value` is no `annotation`, for whoever names its place in another way."""
    return _sentence(value, annotation, "", False)


def missing(field: str) -> Fault:
    return Fault(field, f"{field}: is required")


def unknown(name: str, prefix: str, known: Iterable[str], *, kind: str = "field") -> Fault:
    """An unknown field or parameter, with the known ones and the likeliest that was meant."""
    names = tuple(sorted(known))
    shown = _shorten(name, MAX_NAME)
    close = get_close_matches(name, names, n=1) if len(name) <= MAX_GUESSED_NAME else []
    hint = f"; did you mean {close[0]}?" if close else ""
    message = f"{prefix}{shown}: there is no such {kind}{hint}"
    return Fault(f"{prefix}{shown}", message, names)


def _walk(value: Any, annotation: Any, field: str, is_text: bool) -> Iterator[Fault]:
    if _fits(value, annotation):
        return
    for member in _members(annotation):
        origin = get_origin(member) or member
        if isinstance(value, Mapping) and isinstance(origin, type):
            if issubclass(origin, msgspec.Struct):
                yield from _in_struct(value, origin, field)
                return
            if issubclass(origin, dict):
                _, kind = get_args(member) or (str, Any)
                for key, item in value.items():
                    yield from _walk(item, kind, f"{field}.{_shorten(str(key), MAX_NAME)}", False)
                return
        if isinstance(value, list) and origin in (list, tuple, set, frozenset, Sequence):
            yield from _in_list(value, annotation, member, field)
            return
    sentence = _sentence(value, annotation, field, is_text)
    yield Fault(field, f"{field or 'the body'}: {sentence}")


def _in_struct(value: Mapping[str, Any], kind: type, field: str) -> Iterator[Fault]:
    prefix = f"{field}." if field else ""
    declared = {known.encode_name: known for known in msgspec.structs.fields(kind)}
    is_sound = True
    for name in value:
        if name not in declared and kind.__struct_config__.forbid_unknown_fields:  # type: ignore[attr-defined]  # every Struct has it
            is_sound = False
            yield unknown(name, prefix, declared)
    for name, known in declared.items():
        if name in value:
            for fault in _walk(value[name], known.type, prefix + name, False):
                is_sound = False
                yield fault
        elif known.required:
            is_sound = False
            yield missing(prefix + name)
    if is_sound:
        yield Fault(field, f"{field or 'the body'}: these values do not fit together")


def _in_list(value: list[Any], annotation: Any, member: Any, field: str) -> Iterator[Fault]:
    lengths = _lengths(value, inspect.type_info(annotation), "items")
    if lengths:
        yield Fault(field, f"{field}: {lengths}")
        return
    item_kind = (get_args(member) or (Any,))[0]
    for index, item in enumerate(value):
        yield from _walk(item, item_kind, f"{field}[{index}]", False)


def _fits(value: Any, annotation: Any) -> bool:
    try:
        msgspec.convert(value, annotation, strict=False, str_keys=True)
    except (msgspec.ValidationError, ValueError, TypeError):
        return False
    return True


def _members(annotation: Any) -> list[Any]:
    """The alternatives of an annotation, without its constraints and without null."""
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if get_origin(annotation) in (Union, types.UnionType):
        return [m for part in get_args(annotation) for m in _members(part)]
    is_nothing = annotation in (None, type(None), msgspec.UnsetType)
    return [] if is_nothing else [annotation]


def _sentence(value: Any, annotation: Any, field: str, is_text: bool) -> str:
    info = inspect.type_info(annotation)
    wanted = " or ".join(dict.fromkeys(_wanted(info, _listed(annotation))))
    if SECRET_NAME.search(field):
        return f"expected {wanted}"
    if lengths := _lengths(value, info, "characters"):
        return lengths
    if is_text or _is_of_kind(value, info):
        return f"{given(value)} is not {wanted}"
    return f"expected {wanted}, got {_kind(value)}"


def _lengths(value: Any, info: inspect.Type, unit: str) -> str:
    """What is wrong with the length of a text or list; "" when nothing is."""
    if not isinstance(value, str | list):
        return ""
    wanted = inspect.StrType if isinstance(value, str) else inspect.ListType
    for part in _parts(info):
        if isinstance(part, wanted):
            least, most, length = part.min_length or 0, part.max_length, len(value)
            if least <= length and (most is None or length <= most):
                return ""
            if length == 0:
                return "must not be empty"
            return f"has {length} {unit}; allowed are {_range(least or None, most)}"
    return ""


def _parts(info: inspect.Type) -> Iterator[inspect.Type]:
    if isinstance(info, inspect.Metadata):
        yield from _parts(info.type)
    elif isinstance(info, inspect.UnionType):
        for part in info.types:
            yield from _parts(part)
    else:
        yield info


def _wanted(info: inspect.Type, listed: Sequence[object]) -> Iterator[str]:
    """The alternatives of a type in words; null is none: where it is allowed, it was not sent."""
    if isinstance(info, inspect.Metadata):
        words = (info.extra or {}).get("expected")
        yield from [words] if words else _wanted(info.type, listed)
    elif isinstance(info, inspect.UnionType):
        for part in info.types:
            yield from _wanted(part, listed)
    elif isinstance(info, inspect.StrType):
        lengths = _range(info.min_length, info.max_length)
        yield f"text of {lengths} characters" if lengths else "text"
    elif isinstance(info, inspect.IntType | inspect.FloatType):
        kind = "a whole number" if isinstance(info, inspect.IntType) else "a number"
        yield f"{kind} {_bounds(info)}".rstrip()
    elif isinstance(info, inspect.LiteralType):
        yield _one_of(listed or info.values)
    elif isinstance(info, inspect.EnumType):
        yield _one_of([member.value for member in info.cls])
    elif not isinstance(info, inspect.NoneType):
        yield WORDS.get(type(info), "a value of another kind")


def _listed(annotation: Any) -> list[object]:
    """The values of a Literal as they are written: type_info sorts them."""
    literals = (part for part in _members(annotation) if get_origin(part) is Literal)
    return [value for part in literals for value in get_args(part)]


def _one_of(values: Sequence[object]) -> str:
    return f"one of {', '.join(map(str, values))}" if len(values) > 1 else str(values[0])


WORDS: Mapping[type[inspect.Type], str] = {
    inspect.BoolType: "true or false",
    inspect.UUIDType: f"a UUID, such as {EXAMPLE_ID}",
    inspect.DateTimeType: "a time with an offset, such as 2026-03-01T09:30:00Z",
    inspect.DateType: "a date, such as 2026-03-01",
    inspect.TimeType: "a time of day, such as 09:30",
    inspect.ListType: "a list",
    inspect.SetType: "a list",
    inspect.FrozenSetType: "a list",
    inspect.VarTupleType: "a list",
    inspect.TupleType: "a list",
    inspect.DictType: "an object",
    inspect.StructType: "an object",
}


def _range(least: int | None, most: int | None) -> str:
    if least is not None and most is not None:
        return f"{least} to {most}" if least != most else f"exactly {least}"
    if most is not None:
        return f"at most {most}"
    return "" if least is None else f"at least {least}"


def _bounds(info: inspect.IntType | inspect.FloatType) -> str:
    if info.ge is not None and info.le is not None:
        return f"from {info.ge} to {info.le}"
    words = [
        (info.ge, "of at least"),
        (info.gt, "above"),
        (info.le, "of at most"),
        (info.lt, "below"),
    ]
    return " and ".join(f"{word} {limit}" for limit, word in words if limit is not None)


def _is_of_kind(value: Any, info: inspect.Type) -> bool:
    """The value is text or a number where one was wanted: it is the value that is wrong."""
    if isinstance(value, bool) or value is None:
        return False
    for part in _parts(info):
        if isinstance(part, inspect.LiteralType | inspect.EnumType):
            return isinstance(value, str | int)
        if isinstance(part, inspect.IntType | inspect.FloatType):
            if isinstance(value, int | float):
                return True
        elif isinstance(part, TEXTUAL) and isinstance(value, str):
            return True
    return False


TEXTUAL = (
    inspect.StrType,
    inspect.UUIDType,
    inspect.DateTimeType,
    inspect.DateType,
    inspect.TimeType,
)


def given(value: Any) -> str:
    """A value as a message may quote it: shortened, without control characters and secrets."""
    if isinstance(value, str):
        return f"'{_shorten(str(_clean(value)), MAX_GIVEN)}'" if value else "an empty text"
    return _shorten(str(value), MAX_GIVEN)


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "text" if value else "an empty text"
    return "a list" if isinstance(value, list) else "an object"


def _shorten(text: str, most: int) -> str:
    printable = "".join(c if c.isprintable() else "�" for c in text[: most + 1])
    return printable if len(text) <= most else f"{printable[:most]}…"
