"""The text of a page: white space collapsed, counted and hashed, and its phone numbers."""

import hashlib
import re
from typing import NamedTuple

from selectolax.lexbor import LexborNode

# Text nodes are separated by a character that str.split() treats as white space and that pages do
# not contain, so that the space which an inline element puts before a comma can be removed.
_SEPARATOR = "\x1e"
_BEFORE_MARK = re.compile("\x1e(?=[,.;:!?)\\]%\u2026\u2019\u201d\u00bb])")

_SPACES = "".join(chr(i) for i in range(0x3001) if chr(i).isspace() and i != 0x20)

# Scripts without spaces between words: Chinese, Japanese, Thai.
_UNSPACED = re.compile("[\u0e00-\u0e7f\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]")


class Folded(NamedTuple):
    text: str
    data: bytes
    """The text as UTF-8."""
    word_count: int


def raw_text(node: LexborNode) -> str:
    """All text below a node, for `fold`.

    Text nodes count as separate words: minified pages have no white space between blocks, and words
    split by an inline element are rarer.
    """
    return node.text(True, _SEPARATOR, True, True)


def fold(raw: str) -> str:
    """Collapse white space to single spaces, with none at the ends."""
    if _SEPARATOR in raw:
        raw = _BEFORE_MARK.sub("", raw)
    return " ".join(raw.split())


def fold_page(raw: str) -> Folded:
    """Like `fold`, with a word count."""
    text = _BEFORE_MARK.sub("", raw)
    for space in _SPACES:
        text = text.replace(space, " ")
    # Creating a string per word is half of the cost, and many pages have single spaces only.
    if "  " in text:
        words = text.split()
        text, count = " ".join(words), len(words)
    else:
        text = text.strip()
        count = text.count(" ") + 1 if text else 0
    data = text.encode()
    # Three bytes per character: only then is it worth looking for unspaced scripts.
    if (len(data) - len(text)) * 8 > len(text):
        spaced, unspaced = _UNSPACED.subn(" ", text)
        if unspaced:
            count = len(spaced.split()) + unspaced // 2
    return Folded(text, data, count)


def text_hash(data: bytes) -> int:
    """Signed 64-bit hash of collapsed UTF-8 text, ASCII letters in lower case; 0 if it is empty.

    Only ASCII is case-folded: folding all of Unicode takes ten times as long, and copies of a page
    do not differ only in the case of accented letters.
    """
    if not data:
        return 0
    # Processors have SHA-256 instructions: half the time of nominally faster hashes.
    digest = hashlib.sha256(data.lower()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


# One byte represents all digits, so that the search can jump from digit to digit. The UTF-8 bytes
# of no-break spaces, no-break hyphen and en dash count as separators.
_DIGITS_AS_ZERO = bytes(
    0x30 if 0x30 <= i <= 0x39 else 0x20 if i in b"\xc2\xa0\xe2\x80\x91\x93\xaf" else i
    for i in range(256)
)
_MAX_SEARCHED = 500_000
_DIGIT_RUN = re.compile(rb"0(?:[ ().\-/]{0,6}0){6,14}(?!0)")
_DATE = re.compile(r"(?:19|20)\d\d([-./])\d\d?\1\d\d?(?!\d)|\d\d?([-./])\d\d?\2(?:19|20)\d\d(?!\d)")
_YEARS = re.compile(r"(?:19|20)\d\d ?[-\u2013/ ] ?(?:19|20)\d\d(?!\d)")
_IP_ADDRESS = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")
# A postcode, year or date right before a number, as in "Springfield, IL 62701 (555) 010-0199".
_LEAD = re.compile(
    rf"(?:{_DATE.pattern})\.? |\d{{4,5}}(?:-\d{{4}})?\.? (?=\((?!0\)))"
    r"|[1-9]\d{3,4}\.? (?=0[1-9]\d|\d{3}[-. ]\d{3}[-. ]\d{4}(?!\d))"
)
_NEXT_NUMBER = re.compile(rb" \(?(?=0[1-9][0-9]|(?<=\()[1-9])")


def find_phones(data: bytes) -> list[str]:
    """Phone-like strings in collapsed UTF-8 text, as written, without duplicates, at most 50."""
    found: dict[str, None] = {}
    zeros = data[:_MAX_SEARCHED].translate(_DIGITS_AS_ZERO)
    position = 0
    while len(found) < 50 and (match := _DIGIT_RUN.search(zeros, position)):
        start, end = match.span()
        # Slices contain whole characters, because a match starts and ends with ASCII.
        if lead := _LEAD.match(data[start:end].decode()):
            position = start + lead.end()
            continue
        position = end = _end_of_number(data, zeros, start, end)
        while start and data[start - 1] in b"+(":
            start -= 1
        phone = data[start:end].decode()
        if _stands_alone(data, start, end) and _is_phone(phone):
            found[phone] = None
    return list(found)


def _end_of_number(data: bytes, zeros: bytes, start: int, end: int) -> int:
    """Two adjacent numbers form one match: the first ends where another complete one begins."""
    for gap in _NEXT_NUMBER.finditer(data, start, end):
        is_whole = zeros.count(b"0", start, gap.start()) >= 7
        if is_whole and _DIGIT_RUN.match(zeros, gap.end()):
            return gap.start()
    return end


def _stands_alone(data: bytes, start: int, end: int) -> bool:
    """Whether it is not part of a word, a longer number, a price or a code."""
    before, after = data[start - 1 : start] if start else b"", data[end : end + 1]
    return not (
        before.isalnum()
        or before in (b".", b",", b"-", b"/", b"$", b"#", b"_", b"=")
        or (after.isalpha() and after not in b"xXeE")
        or after == b"_"
    )


def _is_phone(run: str) -> bool:
    body = run.lstrip("+(")
    groups = re.split(r"\D+", body)
    if _DATE.match(body) or _YEARS.match(body) or _IP_ADDRESS.fullmatch(body):
        return False
    if "+" in run[:2]:
        return True
    if len(groups) == 1:
        return run[0] == "0" or len(run) in (10, 11)
    if any(len(group) == 1 for group in groups[1:]) and "(0)" not in run:
        return False
    if run[0] in "0(" or not set(run) <= set("0123456789 \u00a0\u202f"):
        return len(groups) <= 6
    # Spaces alone are not enough: columns of numbers look like that too.
    return len(groups) <= 4 and all(len(group) in (3, 4) for group in groups[1:])
