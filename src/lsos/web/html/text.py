"""The text of a page: white space collapsed, counted and hashed."""

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
