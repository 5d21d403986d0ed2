"""Which texts are mail addresses that any server takes: ASCII, unquoted, without a comment."""

import re

MAX_ADDRESS_CHARS = 254
"""RFC 5321 section 4.5.3.1.3: a path has 256, its brackets included."""
_LOCAL = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
# An encoded word (RFC 2047) in a header may be decoded, line breaks included.
_ADDRESS = re.compile(rf"(?!.*=\?)(?=.{{1,64}}@){_LOCAL}@(?:{_LABEL}\.)+{_LABEL}")


def is_email(text: str) -> bool:
    """A domain of one label has no mail server; other scripts need SMTPUTF8, which few offer."""
    return len(text) <= MAX_ADDRESS_CHARS and _ADDRESS.fullmatch(text) is not None
