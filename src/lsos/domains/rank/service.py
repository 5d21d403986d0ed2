"""Use cases of ranks: keywords come, change and go."""

from collections.abc import Sequence
from uuid import UUID

import msgspec
from msgspec import UNSET
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.clock import new_id
from lsos.core.errors import Invalid
from lsos.core.http.principal import Principal
from lsos.domains.campaigns import queries as campaign_queries
from lsos.domains.campaigns.rules import refuse_half_position
from lsos.domains.rank import queries, rules
from lsos.domains.rank.models import Keyword
from lsos.domains.rank.schemas import KeywordCreate, KeywordsCreate, KeywordUpdate


async def create_keywords(
    session: AsyncSession, principal: Principal, body: KeywordsCreate
) -> tuple[Sequence[Keyword], list[tuple[int, UUID]]]:
    """The new keywords, and (index in the request, id) of those that were there already."""
    rows = [_row(index, keyword) for index, keyword in enumerate(body.keywords)]
    first_of: dict[str, dict[str, object]] = {}
    for row in rows:
        first_of.setdefault(str(row["natural_key"]), row)
    # The lock makes two requests at the cap take turns.
    await campaign_queries.get_locked_campaign(session, principal.tenant_id, body.campaign_id)
    of = {"tenant_id": principal.tenant_id, "campaign_id": body.campaign_id}
    statement = (
        insert(Keyword)
        .values([{**of, "id": new_id(), **row} for row in first_of.values()])
        .on_conflict_do_nothing()
        .returning(Keyword.id)
    )
    new_ids = set(await session.scalars(statement))
    if await queries.count_keywords(session, body.campaign_id) > rules.MAX_KEYWORDS:
        raise Invalid(
            f"a campaign has at most {rules.MAX_KEYWORDS:,} keywords", code="too_many_keywords"
        )
    known = await session.scalars(
        select(Keyword).where(
            Keyword.campaign_id == body.campaign_id, Keyword.natural_key.in_(list(first_of))
        )
    )
    by_key = {keyword.natural_key: keyword for keyword in known}
    created: list[Keyword] = []
    duplicates: list[tuple[int, UUID]] = []
    for index, row in enumerate(rows):
        keyword = by_key[str(row["natural_key"])]
        if keyword.id in new_ids:
            new_ids.discard(keyword.id)
            created.append(keyword)
        else:
            duplicates.append((index, keyword.id))
    return created, duplicates


def _row(index: int, body: KeywordCreate) -> dict[str, object]:
    field = f"keywords[{index}]"
    try:
        refuse_half_position(body.latitude, body.longitude)
    except Invalid as error:
        raise Invalid(error.message, field=f"{field}.{error.field}", code=error.code) from None
    values = msgspec.structs.asdict(body)
    values["text"], values["location"] = rules.clean(body.text), rules.clean(body.location)
    if not rules.fold(body.text):
        raise Invalid("must hold a word", field=f"{field}.text", code="keyword_empty")
    if values["location"] and body.latitude is not None:
        raise Invalid(
            "a keyword has a location or a point, not both",
            field=f"{field}.location",
            code="place_twice",
        )
    values["language"], values["country"] = body.language.lower(), body.country.upper()
    values["tags"] = list(dict.fromkeys(body.tags))
    named = ("text", "language", "country", "location", "latitude", "longitude", "device")
    values["natural_key"] = rules.natural_key(**{name: values[name] for name in named})
    return values


async def update_keyword(
    session: AsyncSession, principal: Principal, keyword_id: UUID, body: KeywordUpdate
) -> Keyword:
    keyword = await queries.get_keyword(session, principal.tenant_id, keyword_id)
    for name, value in msgspec.structs.asdict(body).items():
        if value is not UNSET:
            setattr(keyword, name, value)
    await session.flush()
    return keyword


async def remove_keyword(session: AsyncSession, principal: Principal, keyword_id: UUID) -> None:
    """Delete a keyword with all its snapshots."""
    await session.delete(await queries.get_keyword(session, principal.tenant_id, keyword_id))
    await session.flush()
