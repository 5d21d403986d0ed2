"""Tells which characters the fonts of the PDF can draw, so that no text ends in silent boxes."""

import struct
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files

FONTS = files("lsos.domains.reports") / "fonts"
FILES = ("NotoSans-Regular.ttf", "NotoSans-Bold.ttf", "DejaVuSans.ttf")
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
# Lines end, and words may part, without a glyph.
INVISIBLE = frozenset("\n\t\u200b")

Coverage = tuple[frozenset[int], ...]
"""Code points of each family."""


@cache
def coverage() -> Coverage:
    by_file = [code_points((FONTS / name).read_bytes()) for name in FILES]
    return by_file[0] & by_file[1], by_file[2]


def settable(text: str, fonts: Coverage, missing: set[str], *, marks: bool = True) -> str:
    """The text with each character that no font has replaced by U+FFFD and put into `missing`.

    A mark that no font has together with its base is dropped, since a shaper takes both from one
    font; without `marks`, so is each that is not part of a composed letter.
    """
    if text.isascii():
        return text
    done = []
    for base, above in clusters(unicodedata.normalize("NFC", text)):
        if base not in INVISIBLE and not any(ord(base) in font for font in fonts):
            missing.add(base)
            done.append(REPLACEMENT)
            continue
        if not marks:
            done.append(base)
            continue
        for font in fonts:
            if ord(base) in font and all(ord(mark) in font for mark in above):
                done.append(base + above)
                break
        else:
            missing.update(above)
            done.append(base)
    return "".join(done)


def named(missing: Iterable[str], limit: int = 12) -> list[str]:
    """Characters by code point and name, and how many more."""
    ordered = sorted(missing)
    names = [f"U+{ord(c):04X} {unicodedata.name(c, 'unnamed')}" for c in ordered[:limit]]
    return names + ([f"{len(ordered) - limit} more"] if len(ordered) > limit else [])


def clusters(text: str) -> Iterator[tuple[str, str]]:
    """Characters, each with the marks, selectors and joiners that follow it."""
    base, marks = "", ""
    for char in text:
        if base and (unicodedata.category(char) in ("Mn", "Me", "Mc") or char in "\u200c\u200d"):
            marks += char
            continue
        if base:
            yield base, marks
        base, marks = char, ""
    if base:
        yield base, marks


def code_points(font: bytes) -> frozenset[int]:
    """What a font's cmap table maps to a glyph (OpenType, formats 4 and 12)."""
    (tables,) = struct.unpack_from(">H", font, 4)
    directory = {
        font[at : at + 4]: struct.unpack_from(">I", font, at + 8)[0]
        for at in range(12, 12 + 16 * tables, 16)
    }
    cmap = directory[b"cmap"]
    (count,) = struct.unpack_from(">H", font, cmap + 2)
    found: set[int] = set()
    for at in range(cmap + 4, cmap + 4 + 8 * count, 8):
        platform, _, offset = struct.unpack_from(">HHI", font, at)
        if platform in (0, 3):
            found |= _subtable(font, cmap + offset)
    return frozenset(found)


def _subtable(font: bytes, at: int) -> set[int]:
    (kind,) = struct.unpack_from(">H", font, at)
    if kind == 12:
        (groups,) = struct.unpack_from(">I", font, at + 12)
        ranges = (struct.unpack_from(">III", font, at + 16 + 12 * i) for i in range(groups))
        return {point for first, last, _ in ranges for point in range(first, last + 1)}
    if kind != 4:
        return set()
    (doubled,) = struct.unpack_from(">H", font, at + 6)
    segments = doubled // 2
    ends = struct.unpack_from(f">{segments}H", font, at + 14)
    starts = struct.unpack_from(f">{segments}H", font, at + 16 + doubled)
    deltas = struct.unpack_from(f">{segments}H", font, at + 16 + 2 * doubled)
    offsets_at = at + 16 + 3 * doubled
    offsets = struct.unpack_from(f">{segments}H", font, offsets_at)
    found = set()
    for i, (start, end, delta, offset) in enumerate(
        zip(starts, ends, deltas, offsets, strict=True)
    ):
        for point in range(start, min(end, 0xFFFE) + 1):
            glyph = point + delta
            if offset:
                place = offsets_at + 2 * i + offset + 2 * (point - start)
                (glyph,) = struct.unpack_from(">H", font, place)
                glyph += delta if glyph else 0
            if glyph % 65_536:
                found.add(point)
    return found
