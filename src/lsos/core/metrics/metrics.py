"""Counts what this process does, a minute at a time, and keeps the minutes in PostgreSQL.

A process owns its rows and writes their absolute values: a write that is repeated changes
nothing, sums over processes are right, and a restart begins new rows.
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
"""What an outage of PostgreSQL may buffer; older minutes are dropped."""
MAX_SERIES = 500
"""A minute's series; names and labels are bounded sets, and this is the belt to it."""
OVERFLOW = "other"

API_REQUEST = "api_request"  # label: route class and status class; latency
JOB_WAIT = "job_wait"  # label: queue; from due to started, waits for permits left out
TASK = "task"  # label: task and outcome
CRAWL_RUN = "crawl_run"  # label: state of an ended run

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
    """One a process. Recording never waits and never fails."""

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
        """One value of a distribution, in milliseconds."""
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
        # A clock that is set back must not begin a minute again whose counts are written.
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
        """What has changed; it counts as written unless it is given to `put_back`."""
        rows = []
        for minute, cells in self._minutes.items():
            for (name, label), cell in cells.items():
                if cell.is_dirty:
                    cell.is_dirty = False
                    row = Row(minute, name, label, cell.count, cell.total, list(cell.buckets))
                    rows.append(row)
        return rows

    def put_back(self, rows: list[Row]) -> None:
        """These were not written."""
        for row in rows:
            cell = self._minutes.get(row.minute, {}).get((row.name, row.label))
            if cell is not None:
                cell.is_dirty = True

    def forget(self, before: datetime) -> None:
        """Drop minutes that are written and past: nothing is added to them any more."""
        for minute in [m for m in self._minutes if m < before]:
            if not any(cell.is_dirty for cell in self._minutes[minute].values()):
                del self._minutes[minute]

    async def flush(self, db: Database) -> int:
        """Write what has changed; the number of rows. Whatever fails, nothing is lost here."""
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
        """Flush every two seconds for the length of the block, and once more at its end."""
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
            except Exception as error:  # noqa: BLE001 -- figures must not stop what they count
                if not is_away:
                    log.warning("metrics_not_kept", error=type(error).__name__)
                is_away = True


def _this_minute() -> datetime:
    return now().replace(second=0, microsecond=0)


def route_class(path_template: str | None, prefix: str) -> str:
    """First part of a route's path below the prefix; the labels are as many as there are rooms."""
    if not path_template:
        return "unmatched"
    return path_template.removeprefix(prefix).strip("/").partition("/")[0] or "root"
