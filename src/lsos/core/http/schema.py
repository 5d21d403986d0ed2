"""Bases of request and answer bodies, and keyset pages."""

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

import msgspec

from lsos.core.errors import Invalid

T = TypeVar("T")
U = TypeVar("U")

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Text = Annotated[str, msgspec.Meta(max_length=5_000)]
Example = Mapping[str, object]
"""`EXAMPLE: ClassVar[Example] = {...}` of a body is its example in the OpenAPI document."""
DEFAULT_LIMIT = 50


class In(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A request body; unknown fields are refused."""


class Out(msgspec.Struct, kw_only=True):
    """An answer body."""


class Page(msgspec.Struct, Generic[T]):
    """A slice of a list, and the cursor of the next one (None at the end)."""

    items: Sequence[T]
    next_cursor: str | None
    limit: int

    def map(self, view: Callable[[T], U]) -> "Page[U]":
        """The same page of what `view` makes of its items."""
        return Page([view(item) for item in self.items], self.next_cursor, self.limit)


def encode_cursor(*key: object) -> str:
    """An opaque keyset cursor from the sort key of the last item."""
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).decode().rstrip("=")


TimeKey = tuple[datetime, UUID]
"""Sort key of lists in order of creation."""


def decode_cursor(cursor: str | None) -> TimeKey | None:
    """The sort key of a list in order of creation; Invalid when it is none of ours."""
    key: TimeKey | None = None if cursor is None else decode_key(cursor, TimeKey)
    return key


def decode_key(cursor: str, kind: Any) -> Any:
    """The sort key behind a cursor, of type `kind`; Invalid when it is none of ours."""
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        return msgspec.json.decode(raw, type=kind)
    except (ValueError, binascii.Error, msgspec.MsgspecError) as error:
        raise Invalid(
            "this cursor is not one that the list gave out", field="cursor", code="cursor_invalid"
        ) from error


def page_of(rows: Sequence[T], limit: int, key: Callable[[T], Sequence[object]]) -> Page[T]:
    """A page from up to `limit + 1` rows: the extra one only tells that there is more."""
    items = rows[:limit]
    cursor = encode_cursor(*key(items[-1])) if len(rows) > limit else None
    return Page(items=items, next_cursor=cursor, limit=limit)
