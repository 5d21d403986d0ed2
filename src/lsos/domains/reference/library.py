"""The library in force, as a process sees it: one small read every two seconds at most."""

import time
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.db.database import Database
from lsos.core.resources import Resources
from lsos.core.settings.settings import Settings
from lsos.domains.reference import queries, service
from lsos.domains.reference.bundle import BUNDLED, read_release
from lsos.domains.reference.models import ReferenceRelease
from lsos.domains.reference.rules import ARTIFACTS, Release, read, version_key
from lsos.domains.reference.validation import Fault, validate
from lsos.room import joints

CHECK_S = 2.0
"""So a change is in force in every process within five seconds."""

log = structlog.get_logger(__name__)


class Health(NamedTuple):
    ok: bool
    detail: str


class Library:
    """One per process. `current(session)` is the release in force."""

    def __init__(
        self, settings: Settings, known_codes: Collection[str], bundle: Path = BUNDLED
    ) -> None:
        self.policy = service.Policy(
            frozenset(known_codes), settings.reference_library_enforce_validation
        )
        self._loads = settings.reference_library_loader_enabled
        self._bundle = bundle
        self._db: Database | None = None
        self._is_loaded = False
        self._refused: service.Loaded | None = None
        self._in_force: queries.InForce | None = None
        self._release: Release | None = None
        self._checked_at = float("-inf")

    async def start(self, db: Database) -> None:
        """Load the bundled release; never raises: while a store is away, it is tried again."""
        self._db = db
        await self._load()

    async def current(self, session: AsyncSession) -> Release | None:
        """The release in force; None when there is none."""
        if time.monotonic() - self._checked_at < CHECK_S:
            return self._release
        if not self._is_loaded:
            await self._load()
        found = await queries.find_in_force(session)
        if found != self._in_force:
            self._release = None
            if found is not None:
                row = await session.get_one(
                    ReferenceRelease, found.release_id, populate_existing=True
                )
                self._release = read({name: getattr(row, name) for name in ARTIFACTS})
                log.info("reference_library_in_force", version=row.version)
            self._in_force = found
        self._checked_at = time.monotonic()
        return self._release

    def forget(self) -> None:
        """Look again at the next use: this process has just changed what is in force."""
        self._checked_at = float("-inf")

    async def health(self, session: AsyncSession) -> Health:
        """Whether advice is complete and up to date, and why not."""
        release = await self.current(session)
        if release is None:
            return Health(ok=False, detail=self._why_none())
        if self._refused and version_key(release.version) < version_key(self._refused.version):
            return Health(ok=False, detail=f"{release.version} in force; {self._why_none()}")
        warnings = self._in_force.warnings if self._in_force else ()
        if warnings:
            detail = (
                f"{release.version} in force with {len(warnings)} faults, such as {warnings[0]}"
            )
            return Health(ok=False, detail=detail[:500])
        return Health(ok=True, detail=release.version)

    def _why_none(self) -> str:
        if self._refused is None:
            return "no release is in force; activate one"
        first, count = self._refused.faults[0], len(self._refused.faults)
        return f"release {self._refused.version} was refused: {count} faults, such as {first}"[:500]

    async def _load(self) -> None:
        if not self._loads or self._db is None:
            self._is_loaded = True
            return
        try:
            document, faults = read_release(self._bundle)
            faults += validate(document, self.policy.known_codes)
            loaded = await service.load(self._db, document, faults, self.policy)
        except Exception as error:  # noqa: BLE001 -- the API starts without its stores and tries again
            log.warning("reference_library_not_loaded", error=type(error).__name__)
            return
        self._is_loaded = True
        self._refused = loaded if self._is_kept_out(loaded.faults) else None
        if loaded.faults:
            shown = [str(fault) for fault in loaded.faults[:20]]
            log.warning("reference_library_faulty", version=loaded.version, faults=shown)

    def _is_kept_out(self, faults: list[Fault]) -> bool:
        if not faults:
            return False
        return self.policy.is_enforced or any(f.code in ("unusable", "taken") for f in faults)


def library(resources: Resources) -> Library:
    return Library(resources.settings, resources.get(joints).known_codes)


async def start_library(resources: Resources) -> None:
    await resources.get(library).start(resources.db)
