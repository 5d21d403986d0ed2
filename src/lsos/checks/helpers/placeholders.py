"""Texts that a template or a wrong decoding left behind."""

import re

from lsos.checks.helpers.words import Words

_PHRASES = (
    "lorem ipsum",
    "dolor sit amet",
    "consectetur adipiscing",
    "your text here",
    "your content here",
    "your title here",
    "your heading here",
    "your headline here",
    "your tagline here",
    "your business name here",
    "your company name here",
    "text goes here",
    "content goes here",
    "insert text here",
    "add text here",
    "enter text here",
    "this is dummy text",
    "this is placeholder text",
    "this is sample text",
    "this is an example page. it's different from a blog post",
    "welcome to wordpress. this is your first post",
    "dies ist ein blindtext",
    "dies ist ein platzhaltertext",
    "dies ist ein beispieltext",
    "hier steht ihr text",
    "texto de relleno",
    "texto de ejemplo",
    "texte de remplissage",
    "testo segnaposto",
)
_WORDS_OF = {phrase: re.findall(r"\w+", phrase) for phrase in _PHRASES}
_SIGNS = tuple((phrase, frozenset(w[1:-1]), w[-1]) for phrase, w in _WORDS_OF.items())
"""What stands within a phrase are whole words of every text that holds it; its last word may be
the start of a longer one."""
_VARIABLE = re.compile(
    r"(?:\{\{?|\[\[?|%%) ?(?:(?:your |insert )?(?:city|town|location|state|region|zip"
    r"|keyword|business|company|phone|address|street)(?:[ _-]?name)?"
    # A name alone in brackets is code or a form in most texts that hold it.
    r"|(?:your |insert |first[ _-]?|last[ _-]?)name) ?(?:\}\}?|\]\]?|%%)",
    re.IGNORECASE,
)
"""A template variable that was never filled in."""

# UTF-8 bytes 80-BF as Windows-1252 and ISO 8859-1 show them, the capital letters left out.
_CONTINUATION = (
    "\u0080-\u00bf\u20ac\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u2039\u2018\u2019"
    "\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u203a\u0153\u0161\u017e\u0178"
)
_MOJIBAKE = re.compile(
    "\ufffd"
    # A replacement character or a byte order mark, itself decoded wrongly.
    "|ï¿½|ï»¿"
    # Typographic quotes, dashes and bullets: E2 80 xx.
    f"|â€[{_CONTINUATION}]"
    # Latin letters with accents: C3 xx.
    f"|Ã[{_CONTINUATION}\u0152]"
    # Signs such as the copyright sign, degree sign and pound: C2 xx.
    "|Â[\u00a3\u00a7\u00a9\u00ab\u00ae\u00b0\u00b1\u00b4\u00b7\u00bb\u00bf]"
    # Cyrillic: pairs of D0 or D1 and a continuation, three in a row.
    f"|(?:[ÐÑ][{_CONTINUATION}]){{3}}"
)
"""U+FFFD, and UTF-8 that was read as Windows-1252 or ISO 8859-1."""
_MOJIBAKE_LEADS = ("\ufffd", "ï", "â€", "Ã", "Â", "Ð", "Ñ")

Span = tuple[int, int]


def find_placeholder(text: str) -> Span | None:
    # Substring search first: one pattern of all phrases would cost more than all other checks.
    lowered = text.lower()
    for phrase in _PHRASES:
        if (start := lowered.find(phrase)) >= 0:
            return start, start + len(phrase)
    if _may_hold_variable(text):
        found = _VARIABLE.search(text)
        return found.span() if found else None
    return None


def may_hold_placeholder(words: Words) -> bool:
    """Whether `find_placeholder` may find one in the text of these words: far cheaper."""
    known = words.counts.keys()
    vocabulary = "\n".join(known)
    if any(
        phrase in words.folded
        for phrase, inner, last in _SIGNS
        if known >= inner and last in vocabulary
    ):
        return True
    return _may_hold_variable(words.folded)


def _may_hold_variable(text: str) -> bool:
    # One character is found far faster than two.
    return "{" in text or "[" in text or ("%" in text and "%%" in text)


_NAMED_CHARS = 30
_NAMES_IT = re.compile(r"U\+FFFD|replacement character|mojibake", re.IGNORECASE)
"""A text about the fault shows it on purpose."""


def find_mojibake(text: str) -> Span | None:
    if text.isascii() or not any(lead in text for lead in _MOJIBAKE_LEADS):
        return None
    for found in _MOJIBAKE.finditer(text):
        around = text[max(0, found.start() - _NAMED_CHARS) : found.end() + _NAMED_CHARS]
        if not _NAMES_IT.search(around):
            return found.span()
    return None
