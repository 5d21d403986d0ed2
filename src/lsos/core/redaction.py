"""Redacts secrets: known values, and values whose names sound secret."""

import re
from collections.abc import Iterable, Mapping, MutableMapping
from datetime import datetime
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
        known = sorted({s for s in secrets if s}, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known))) if known else None

    def __call__(
        self, _: object, __: str, event: MutableMapping[str, object]
    ) -> MutableMapping[str, object]:
        for name, value in event.items():
            if not name.startswith("_"):
                event[name] = HIDDEN if SECRET_NAME.search(name) and value else self.clean(value)
        return event

    def clean(self, value: object, depth: int = 0) -> object:
        """The value as plain data without secrets; other objects become text."""
        if isinstance(value, PLAIN):
            return value
        if depth > MAX_DEPTH:
            return "..."
        if isinstance(value, Mapping):
            return {
                self._text(str(k)): HIDDEN
                if SECRET_NAME.search(str(k)) and v
                else self.clean(v, depth + 1)
                for k, v in value.items()
            }
        if isinstance(value, list | tuple | set | frozenset):
            return [self.clean(v, depth + 1) for v in value]
        if isinstance(value, bytes | bytearray):
            return self._text(value.decode("utf-8", "replace"))
        return self._text(value if isinstance(value, str) else str(value))

    def _text(self, text: str) -> str:
        if self._known:
            text = self._known.sub(HIDDEN, text)
        for pattern in (BEARER, JWT):
            text = pattern.sub(HIDDEN, text)
        return USERINFO.sub(HIDDEN + "@", text)
