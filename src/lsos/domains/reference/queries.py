"""Reads of releases and activations: they belong to the platform, so every tenant sees the same."""

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.errors import NotFound
from lsos.core.http.paging import paginate
from lsos.core.http.schema import Page
from lsos.domains.reference.models import ReferenceActivation, ReferenceRelease


class InForce(NamedTuple):
    """What is in force, as one small read: it changes with every activation."""

    release_id: UUID
    activation_id: UUID | None
    warnings: tuple[str, ...]


async def find_in_force(session: AsyncSession) -> InForce | None:
    newest = (
        select(ReferenceActivation.id, ReferenceActivation.warnings)
        .where(ReferenceActivation.release_id == ReferenceRelease.id)
        .order_by(ReferenceActivation.created_at.desc(), ReferenceActivation.id.desc())
        .limit(1)
        .lateral()
    )
    row = (
        await session.execute(
            select(ReferenceRelease.id, newest.c.id, newest.c.warnings)
            .outerjoin(newest, onclause=ReferenceRelease.id.is_not(None))
            .where(ReferenceRelease.state == "active")
        )
    ).one_or_none()
    return None if row is None else InForce(row[0], row[1], tuple(row[2] or ()))


async def find_release(session: AsyncSession, version: str) -> ReferenceRelease | None:
    return await session.scalar(select(ReferenceRelease).where(ReferenceRelease.version == version))


async def get_release(session: AsyncSession, version: str) -> ReferenceRelease:
    release = await find_release(session, version)
    if release is None:
        raise NotFound("no such release", field="version", code="release_not_found")
    return release


async def find_active(session: AsyncSession) -> ReferenceRelease | None:
    return await session.scalar(select(ReferenceRelease).where(ReferenceRelease.state == "active"))


async def list_versions(session: AsyncSession) -> Sequence[str]:
    return (await session.scalars(select(ReferenceRelease.version))).all()


RELEASE_COLUMNS = (
    ReferenceRelease.id,
    ReferenceRelease.version,
    ReferenceRelease.sha256,
    ReferenceRelease.state,
    ReferenceRelease.origin,
    ReferenceRelease.created_at,
)


async def list_releases(session: AsyncSession, cursor: str | None, limit: int) -> Page[Any]:
    """Newest first, without their artifacts."""
    key = (ReferenceRelease.created_at.desc(), ReferenceRelease.id.desc())
    return await paginate(session, select(*RELEASE_COLUMNS), key, cursor, limit)


async def find_predecessor(session: AsyncSession, release_id: UUID) -> ReferenceRelease | None:
    """The release that was in force before this one was last activated (not rolled back to)."""
    previous_id = await session.scalar(
        select(ReferenceActivation.previous_id)
        .where(
            ReferenceActivation.release_id == release_id,
            ReferenceActivation.action != "rollback",
        )
        .order_by(ReferenceActivation.created_at.desc(), ReferenceActivation.id.desc())
        .limit(1)
    )
    return None if previous_id is None else await session.get(ReferenceRelease, previous_id)
