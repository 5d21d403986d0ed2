"""Every fault of a release by its JSON path: authors mend a file in one go, not fault by fault."""

import json
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Annotated, Any, get_args, get_origin

import msgspec

from lsos.checks.base import SEVERITIES
from lsos.core.http.wording import reason
from lsos.domains.reference.rules import (
    ARTIFACTS,
    SHAPES,
    sha256_of,
    statement_sha256,
)

MAX_BYTES = 50 * 1024 * 1024
MAX_DEPTH = 32
MAX_ITEMS = 20_000
_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_BRACKETS = re.compile(rb"[\[\]{}]")


class Fault(msgspec.Struct, frozen=True, order=True):
    path: str
    """JSON path, such as $.recommendations.items[3].effort."""
    code: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.code}: {self.message}"


Raw = Mapping[str, Any]


def decode(raw: bytes, path: str = "$") -> tuple[Any, list[Fault]]:
    """The JSON value and what is wrong with the text; (None, faults) when it can't be read."""
    if len(raw) > MAX_BYTES:
        return None, [Fault(path, "too_large", f"{len(raw)} bytes; at most {MAX_BYTES} are read")]
    if _depth_of_text(raw) > MAX_DEPTH:
        return None, [Fault(path, "too_deep", f"nested deeper than {MAX_DEPTH} levels")]
    faults: list[Fault] = []

    def paired(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        for key, count in Counter(key for key, _ in pairs).items():
            if count > 1:
                message = f"the key {key[:100]!r} stands {count} times in one object"
                faults.append(Fault(path, "duplicate_key", message))
        return dict(pairs)

    def refused(word: str) -> float:
        faults.append(Fault(path, "not_json", f"{word} is no JSON number"))
        return 0.0

    try:
        value = json.loads(raw, object_pairs_hook=paired, parse_constant=refused)
    except (ValueError, RecursionError) as error:
        return None, [Fault(path, "not_json", str(error)[:200])]
    return value, faults


def validate(document: Any, known_codes: Collection[str]) -> list[Fault]:
    """All faults of a release {manifest, metrics, recommendations, evidence}, in order of path.

    `known_codes` are the check codes and signals that need advice.
    """
    if not isinstance(document, dict):
        return [Fault("$", "shape", "must be an object")]
    if _depth_of_value(document) > MAX_DEPTH:
        return [Fault("$", "too_deep", f"nested deeper than {MAX_DEPTH} levels")]
    faults: list[Fault] = []
    for name in document.keys() - SHAPES.keys():
        faults.append(Fault(f"$.{name[:100]}", "unknown_field", "there is no such part"))
    for name, shape in SHAPES.items():
        if name in document:
            faults += _shape(document[name], shape, f"$.{name}")
        else:
            faults.append(Fault(f"$.{name}", "missing", "is required"))
    parts = {name: part for name in SHAPES if isinstance(part := document.get(name), dict)}
    faults += _versions(parts)
    faults += _hashes(parts)
    faults += _metrics(parts.get("metrics", {}), parts.get("evidence", {}), known_codes)
    faults += _advice(parts.get("recommendations", {}), parts.get("evidence", {}), known_codes)
    faults += _evidence(parts.get("evidence", {}))
    return sorted(set(faults))


def _depth_of_text(raw: bytes) -> int:
    deepest = depth = 0
    for bracket in _BRACKETS.finditer(_STRINGS.sub(b"", raw)):
        depth += 1 if bracket[0] in b"[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _depth_of_value(value: Any) -> int:
    deepest, level = 0, [value]
    while level and deepest <= MAX_DEPTH:
        deepest += 1
        following: list[Any] = []
        for node in level:
            if isinstance(node, dict):
                following += node.values()
            elif isinstance(node, list):
                following += node
        level = [node for node in following if isinstance(node, dict | list)]
    return deepest


def _shape(value: Any, kind: Any, path: str) -> Iterator[Fault]:
    """Faults of types, ranges and fields, one by one where msgspec would stop at the first."""
    base, limits = kind, ()
    if get_origin(kind) is Annotated:
        base, *rest = get_args(kind)
        limits = tuple(rest)
    if isinstance(base, type) and issubclass(base, msgspec.Struct):
        yield from _struct(value, base, path)
    elif get_origin(base) is list and isinstance(value, list) and len(value) <= MAX_ITEMS:
        yield from _plain(value, Annotated[list[Any], *limits] if limits else list[Any], path)
        for number, item in enumerate(value):
            yield from _shape(item, get_args(base)[0], f"{path}[{number}]")
    elif get_origin(base) is dict and isinstance(value, dict):
        key_kind, value_kind = get_args(base)
        for key, item in value.items():
            yield from _plain(key, key_kind, f"{path}.{key[:100]}")
            yield from _shape(item, value_kind, f"{path}.{key[:100]}")
    else:
        yield from _plain(value, kind, path)


def _struct(value: Any, kind: type[msgspec.Struct], path: str) -> Iterator[Fault]:
    if not isinstance(value, dict):
        yield Fault(path, "shape", "must be an object")
        return
    fields = {field.name: field for field in msgspec.structs.fields(kind)}
    for name in value.keys() - fields.keys():
        yield Fault(f"{path}.{name[:100]}", "unknown_field", "there is no such field")
    for name, field in fields.items():
        if name in value:
            yield from _shape(value[name], field.type, f"{path}.{name}")
        elif field.required:
            yield Fault(f"{path}.{name}", "missing", "is required")


def _plain(value: Any, kind: Any, path: str) -> Iterator[Fault]:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        message = str(error)
        code = "out_of_range" if re.search(r"(?:>|<|>=|<=) -?[\d.]+", message) else "shape"
        yield Fault(path, code, reason(value, kind))


def _rows(part: Raw, field: str, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The objects of a list with their paths; what is none of both has been named already."""
    rows = part.get(field)
    for number, row in enumerate(rows if isinstance(rows, list) else []):
        if isinstance(row, dict):
            yield f"{path}.{field}[{number}]", row


def _word(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _ids(part: Raw) -> set[str]:
    return {_word(row.get("id")) for _, row in _rows(part, "items", "")}


def _texts(value: Any) -> list[str]:
    return [v for v in value if isinstance(v, str)] if isinstance(value, list) else []


def _versions(parts: Mapping[str, Raw]) -> Iterator[Fault]:
    wanted = parts.get("manifest", {}).get("version")
    for name in ARTIFACTS:
        found = parts.get(name, {}).get("version")
        if name in parts and found != wanted:
            message = f"is {found!r}, the manifest says {wanted!r}"
            yield Fault(f"$.{name}.version", "version_differs", message[:200])


def _hashes(parts: Mapping[str, Raw]) -> Iterator[Fault]:
    wanted = parts.get("manifest", {}).get("sha256")
    if not isinstance(wanted, dict):
        return
    for name in ARTIFACTS:
        path = f"$.manifest.sha256.{name}"
        if name not in wanted:
            yield Fault(path, "missing", "is required")
        elif name in parts and wanted[name] != sha256_of(parts[name]):
            yield Fault(path, "wrong_hash", f"{name} hashes to {sha256_of(parts[name])}")


def _repeated(found: Iterable[tuple[str, str]], what: str) -> Iterator[Fault]:
    first: dict[str, str] = {}
    for path, value in found:
        if value and value in first:
            yield Fault(path, "duplicate", f"{what} stands at {first[value]} already")
        first.setdefault(value, path)


def _metrics(part: Raw, evidence: Raw, known_codes: Collection[str]) -> Iterator[Fault]:
    path = "$.metrics"
    weights = part.get("severity_weights")
    if isinstance(weights, dict):
        for severity in SEVERITIES:
            if severity not in weights:
                yield Fault(f"{path}.severity_weights.{severity}", "missing", "is required")
        ordered = [weights[s] for s in SEVERITIES if isinstance(weights.get(s), int | float)]
        if ordered != sorted(ordered, reverse=True):
            message = "a milder severity weighs more than a graver one"
            yield Fault(f"{path}.severity_weights", "out_of_range", message)
    parts = part.get("campaign_score_weights")
    if isinstance(parts, dict) and not any(
        isinstance(w, int | float) and w > 0 for w in parts.values()
    ):
        yield Fault(f"{path}.campaign_score_weights", "out_of_range", "no part has a weight")
    ids = _ids(evidence)
    curves = list(_rows(part, "ctr_curves", path))
    yield from _repeated([(f"{at}.id", _word(curve.get("id"))) for at, curve in curves], "id")
    for at, curve in curves:
        yield from _curve(curve, at)
        yield from _dangling(curve, at, "evidence", ids)
    if _word(part.get("default_ctr_curve")) not in {_word(c.get("id")) for _, c in curves}:
        yield Fault(f"{path}.default_ctr_curve", "dangling", "names no curve")
    bounds = list(_rows(part, "signal_thresholds", path))
    named = [(at, f"{_word(b.get('code'))} {_word(b.get('name'))}") for at, b in bounds]
    yield from _repeated(named, "code and name")
    for at, bound in bounds:
        if _word(bound.get("code")) not in known_codes:
            yield Fault(f"{at}.code", "unknown_code", "no check or signal has this code")


def _curve(curve: Raw, path: str) -> Iterator[Fault]:
    shares = curve.get("shares")
    numbers = [s for s in shares if isinstance(s, int | float)] if isinstance(shares, list) else []
    if numbers != sorted(numbers, reverse=True):
        yield Fault(f"{path}.shares", "out_of_range", "a lower position has a larger share")
    if sum(numbers) > 100:
        yield Fault(f"{path}.shares", "out_of_range", "the shares add up to more than 100 percent")


def _dangling(row: Raw, path: str, field: str, known: Collection[str]) -> Iterator[Fault]:
    for number, name in enumerate(_texts(row.get(field))):
        if name not in known:
            yield Fault(f"{path}.{field}[{number}]", "dangling", f"there is no {name[:100]!r}")


def _advice(part: Raw, evidence: Raw, known_codes: Collection[str]) -> Iterator[Fault]:
    items = list(_rows(part, "items", "$.recommendations"))
    codes = [(f"{path}.code", _word(item.get("code"))) for path, item in items]
    yield from _repeated(codes, "code")
    present = {code for _, code in codes if code}
    for path, code in codes:
        if code and code not in known_codes:
            yield Fault(path, "unknown_code", "no check or signal has this code")
    for code in sorted(set(known_codes) - present):
        yield Fault("$.recommendations.items", "uncovered", f"no advice for {code}")
    ids = _ids(evidence)
    for path, item in items:
        yield from _dangling(item, path, "evidence", ids)
        yield from _dangling(item, path, "after", present)
    edges = {_word(item.get("code")): _texts(item.get("after")) for _, item in items}
    places = {_word(item.get("code")): path for path, item in items}
    for cycle in _cycles(edges):
        message = " -> ".join([*cycle, cycle[0]])
        yield Fault(f"{places[cycle[0]]}.after", "cycle", message[:300])


def _cycles(edges: Mapping[str, list[str]]) -> list[list[str]]:
    """Each circle once, beginning with its smallest name."""
    found: set[tuple[str, ...]] = set()
    done: set[str] = set()
    for start in sorted(edges):
        trail: list[str] = []
        stack: list[tuple[str, Iterator[str]]] = [(start, iter(edges[start]))]
        if start in done:
            continue
        trail.append(start)
        while stack:
            node, following = stack[-1]
            step = next(following, None)
            if step is None:
                stack.pop()
                trail.pop()
                done.add(node)
            elif step in trail:
                circle = trail[trail.index(step) :]
                pivot = circle.index(min(circle))
                found.add((*circle[pivot:], *circle[:pivot]))
            elif step in edges and step not in done:
                trail.append(step)
                stack.append((step, iter(edges[step])))
    return [list(circle) for circle in sorted(found)]


def _evidence(part: Raw) -> Iterator[Fault]:
    items = list(_rows(part, "items", "$.evidence"))
    yield from _repeated([(f"{path}.id", _word(item.get("id"))) for path, item in items], "id")
    for path, item in items:
        statement, known, review = (
            item.get(name) for name in ("statement", "known_as_of", "review_by")
        )
        if isinstance(statement, str) and item.get("sha256") != statement_sha256(statement):
            message = f"the statement hashes to {statement_sha256(statement)}"
            yield Fault(f"{path}.sha256", "wrong_hash", message)
        is_fetched = item.get("basis") == "fetched"
        if is_fetched != (item.get("retrieved_at") is not None):
            message = "is a time when the basis is fetched, and null otherwise"
            yield Fault(f"{path}.retrieved_at", "basis", message)
        if item.get("basis") == "recalled" and item.get("trust") == "high":
            yield Fault(f"{path}.trust", "basis", "what is recalled is medium at most")
        if isinstance(known, str) and isinstance(review, str) and review <= known:
            message = "must lie after known_as_of"  # ISO dates sort as text
            yield Fault(f"{path}.review_by", "out_of_range", message)
