"""Which errors of PostgreSQL mean that it is away, so that work waits instead of failing."""

import asyncpg
import pytest
from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_dbapi
from sqlalchemy.exc import DBAPIError

from lsos.core.db.database import is_bad_value, is_outage

DBAPI = AsyncAdapt_asyncpg_dbapi(asyncpg)


def wrapped(error: asyncpg.PostgresError) -> DBAPIError:
    """As SQLAlchemy raises it while the driver still takes the connection for an open one."""
    return DBAPIError("select 1", {}, DBAPI.Error(str(error), error))


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"),
        asyncpg.ConnectionFailureError("connection failure"),
        asyncpg.AdminShutdownError("terminating connection due to administrator command"),
        asyncpg.CrashShutdownError("terminating connection because of crash"),
        asyncpg.CannotConnectNowError("the database system is starting up"),
        asyncpg.TooManyConnectionsError("sorry, too many clients already"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_connection_lost_at_any_moment_is_an_outage(error: asyncpg.PostgresError) -> None:
    assert is_outage(error)
    assert is_outage(wrapped(error))


def test_a_farewell_without_an_end_is_an_outage() -> None:
    """asyncpg raises it as it is for a command on a connection that the server is closing."""
    assert is_outage(asyncpg.InternalClientError("another operation (2) is in progress"))


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.UniqueViolationError("duplicate key"),
        asyncpg.UndefinedTableError("no such table"),
        asyncpg.QueryCanceledError("canceling statement due to statement timeout"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_of_ours_is_none(error: asyncpg.PostgresError) -> None:
    assert not is_outage(error)
    assert not is_outage(wrapped(error))


def test_a_value_out_of_range_is_the_callers() -> None:
    error = asyncpg.NumericValueOutOfRangeError("integer out of range")
    assert is_bad_value(error)
    assert is_bad_value(wrapped(error))
    assert not is_outage(wrapped(error))
