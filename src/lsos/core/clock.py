"""The only module that reads the wall clock, and the source of time-ordered ids."""

from datetime import UTC, datetime
from uuid import UUID

import uuid_utils.compat


def now() -> datetime:
    """The current time, timezone-aware, in UTC."""
    return datetime.now(UTC)


def new_id() -> UUID:
    """A UUIDv7 (RFC 9562 section 5.7): unique, and ordered by its time of creation in ms."""
    return uuid_utils.compat.uuid7()
