"""Counts the activity of this process per minute, and stores the minutes in PostgreSQL.

A process owns its rows and writes absolute values: a repeated write changes nothing, sums over
processes are correct, and a restart begins new rows.
"""

import asyncio
import contextlib
import os
import secrets
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime

import msgspec
import structlog
from sqlalchemy import text

from lsos.core.cancelling import end
from lsos.core.clock import now
from lsos.core.db.database import Database
from lsos.core.db.system import system_session
from lsos.core.metrics.histogram import BUCKETS, bucket_of

FLUSH_S = 2.0
LAST_FLUSH_S = 2.0
MAX_MINUTES = 15
"""Limit of the buffer during an outage of PostgreSQL; older minutes are dropped."""
MAX_SERIES = 500
"""Limit on the series per minute: a safeguard, since names and labels are bounded sets."""
OVERFLOW = "other"

API_REQUEST = "api_request"  # label: route class and status class; latency
JOB_WAIT = "job_wait"  # label: queue; from due to started, without waits for permits
TASK = "task"  # label: task and outcome
CRAWL_RUN = "crawl_run"  # label: final state of a run

log = structlog.get_logger(__name__)

_KEEP = text("""
    insert into metric_minutes (minute, name, label, process, count, total, buckets)
    select minute, name, label, :process, count, total, buckets
    from jsonb_to_recordset(cast(:rows as jsonb)) as r(
        minute timestamptz, name text, label text, count bigint, total double precision,
        buckets bigint[]
    )
    order by minute, name, label
    on conflict (minute, name, label, process) do update
    set count = excluded.count, total = excluded.total, buckets = excluded.buckets
""")


@dataclass(slots=True)
class Cell:
    count: int = 0
    total: float = 0.0
    buckets: list[int] = field(default_factory=list)
    is_dirty: bool = True


class Row(msgspec.Struct, frozen=True):
    minute: datetime
    name: str
    label: str
    count: int
    total: float
    buckets: list[int]


class Metrics:
    """One instance per process. Recording never waits and never fails."""

    def __init__(self, *, is_enabled: bool = True) -> None:
        self.process = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._is_enabled = is_enabled
        self._minutes: dict[datetime, dict[tuple[str, str], Cell]] = {}
        self._minute = _this_minute()

    def count(self, name: str, label: str = "", by: int = 1, total: float = 0.0) -> None:
        if cell := self._cell(name, label):
            cell.count += by
            cell.total += total
            cell.is_dirty = True

    def observe(self, name: str, label: str, ms: float) -> None:
        """Record one value of a distribution, in milliseconds."""
        if cell := self._cell(name, label):
            cell.count += 1
            cell.total += ms
            if not cell.buckets:
                cell.buckets = [0] * BUCKETS
            cell.buckets[bucket_of(ms)] += 1
            cell.is_dirty = True

    def _cell(self, name: str, label: str) -> Cell | None:
        if not self._is_enabled:
            return None
        # A clock that is set back must not reopen a minute whose counts have been written.
        minute = self._minute = max(self._minute, _this_minute())
        cells = self._minutes.get(minute)
        if cells is None:
            cells = self._minutes[minute] = {}
            while len(self._minutes) > MAX_MINUTES:
                del self._minutes[min(self._minutes)]
        key = (name, label)
        if key not in cells and len(cells) >= MAX_SERIES:
            key = (name, OVERFLOW)
        cell = cells.get(key)
        if cell is None:
            cell = cells[key] = Cell()
        return cell

    def take(self) -> list[Row]:
        """The changed rows; they count as written unless they are passed to `put_back`."""
        rows = []
        for minute, cells in self._minutes.items():
            for (name, label), cell in cells.items():
                if cell.is_dirty:
                    cell.is_dirty = False
                    row = Row(minute, name, label, cell.count, cell.total, list(cell.buckets))
                    rows.append(row)
        return rows

    def put_back(self, rows: list[Row]) -> None:
        """Mark these rows as not written."""
        for row in rows:
            cell = self._minutes.get(row.minute, {}).get((row.name, row.label))
            if cell is not None:
                cell.is_dirty = True

    def forget(self, before: datetime) -> None:
        """Drop past minutes that have been written, since they can no longer change."""
        for minute in [m for m in self._minutes if m < before]:
            if not any(cell.is_dirty for cell in self._minutes[minute].values()):
                del self._minutes[minute]

    async def flush(self, db: Database) -> int:
        """Write the changed rows and return their number; on failure they are kept."""
        rows = self.take()
        if not rows:
            return 0
        body = msgspec.json.encode(rows).decode()
        try:
            async with system_session(db) as session:
                await session.execute(_KEEP, {"process": self.process, "rows": body})
        except BaseException:
            self.put_back(rows)
            raise
        self.forget(self._minute)
        return len(rows)

    @contextlib.asynccontextmanager
    async def flushing(self, db: Database) -> AsyncIterator[None]:
        """Flush every two seconds during the block, and once more at its end."""
        loop = asyncio.ensure_future(self._keep_flushing(db))
        try:
            yield
        finally:
            await end(loop)
            with contextlib.suppress(Exception):
                async with asyncio.timeout(LAST_FLUSH_S):
                    await self.flush(db)

    async def _keep_flushing(self, db: Database) -> None:
        is_away = False
        while True:
            await asyncio.sleep(FLUSH_S)
            try:
                await self.flush(db)
                is_away = False
            except Exception as error:  # noqa: BLE001 -- metrics must not stop the work that they count
                if not is_away:
                    log.warning("metrics_not_kept", error=type(error).__name__)
                is_away = True


def _this_minute() -> datetime:
    return now().replace(second=0, microsecond=0)


def route_class(path_template: str | None, prefix: str) -> str:
    """First segment of a route's path below the prefix; there is one label per room."""
    if not path_template:
        return "unmatched"
    return path_template.removeprefix(prefix).strip("/").partition("/")[0] or "root"
