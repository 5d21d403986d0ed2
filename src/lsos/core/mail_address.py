"""Recognises email addresses that every server accepts: ASCII, unquoted, without comments."""

import re

MAX_ADDRESS_CHARS = 254
"""RFC 5321 section 4.5.3.1.3: a path has at most 256 octets, including its brackets."""
_LOCAL = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
# A header parser may decode an encoded word (RFC 2047), including line breaks in it.
_ADDRESS = re.compile(rf"(?!.*=\?)(?=.{{1,64}}@){_LOCAL}@(?:{_LABEL}\.)+{_LABEL}")


def is_email(text: str) -> bool:
    """Single-label domains have no mail server; other scripts need SMTPUTF8, which is rare."""
    return len(text) <= MAX_ADDRESS_CHARS and _ADDRESS.fullmatch(text) is not None
