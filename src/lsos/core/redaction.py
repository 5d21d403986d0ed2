"""Redacts secrets: known values, and values whose names sound secret."""

import re
from collections.abc import Iterable, Mapping, MutableMapping
from datetime import datetime
from functools import lru_cache
from uuid import UUID

SECRET_NAME = re.compile(
    r"passw|secret|token|authorization|api_?key|cookie|dsn|credential", re.IGNORECASE
)
BEARER = re.compile(r"(?i)\b(bearer\s+|lsk_)[A-Za-z0-9._~+/=-]{8,}")
JWT = re.compile(r"\beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{5,}\.?[A-Za-z0-9_-]*")
USERINFO = re.compile(r"(?<=://)[^/\s?#]+@")
PLAIN = (int, float, bool, type(None), datetime, UUID)
MAX_DEPTH = 10
HIDDEN = "[hidden]"


class Redactor:
    """Hides known secret values everywhere, and every value whose name sounds secret."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = sorted({s for s in secrets if s}, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, self._secrets)))

    def __call__(
        self, _: object, __: str, event: MutableMapping[str, object]
    ) -> MutableMapping[str, object]:
        for name, value in event.items():
            if not name.startswith("_"):
                event[name] = HIDDEN if _is_secret(name) and value else self.clean(value)
        return event

    def clean(self, value: object, depth: int = 0) -> object:
        """The value as plain data without secrets; other objects become text."""
        if isinstance(value, PLAIN):
            return value
        if depth > MAX_DEPTH:
            return "..."
        if isinstance(value, Mapping):
            return {
                self._text(str(k)): HIDDEN if _is_secret(str(k)) and v else self.clean(v, depth + 1)
                for k, v in value.items()
            }
        if isinstance(value, list | tuple | set | frozenset):
            return [self.clean(v, depth + 1) for v in value]
        if isinstance(value, bytes | bytearray):
            return self._text(value.decode("utf-8", "replace"))
        return self._text(value if isinstance(value, str) else str(value))

    def _text(self, text: str) -> str:
        # Most texts contain none of the patterns' prefixes, which are cheap to search for.
        if any(secret in text for secret in self._secrets):
            text = self._known.sub(HIDDEN, text)
        folded = text.casefold()  # like IGNORECASE, which matches the long s and the kelvin sign
        if "lsk_" in folded or "bearer" in folded:
            text = BEARER.sub(HIDDEN, text)
        if "eyJ" in text:
            text = JWT.sub(HIDDEN, text)
        if "://" in text:
            text = USERINFO.sub(HIDDEN + "@", text)
        return text


@lru_cache(maxsize=1_024)
def _is_secret(name: str) -> bool:
    return SECRET_NAME.search(name) is not None
