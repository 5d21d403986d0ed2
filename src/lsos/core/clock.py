"""The only caller of the wall clock, and the maker of ids that sort by time."""

from datetime import UTC, datetime
from uuid import UUID

import uuid_utils.compat


def now() -> datetime:
    """The current time, aware, UTC."""
    return datetime.now(UTC)


def new_id() -> UUID:
    """A UUIDv7 (RFC 9562 section 5.7): unique, and ordered by its millisecond of birth."""
    return uuid_utils.compat.uuid7()
