"""Reviews from whoever serves the generic contract."""

from uuid import UUID

from lsos.domains.campaigns.rules import Listing
from lsos.domains.providers.base import BadResponse
from lsos.domains.providers.generic import Answer, GenericProvider, Reader, identity
from lsos.domains.reviews.rules import RawReview, ReviewPage

PAGE_SIZE = 100
MAX_TEXT_CHARS = 5_000


class GenericReviews:
    source = "provider"

    def __init__(self, provider: GenericProvider) -> None:
        self._provider = provider

    async def fetch(self, listing: Listing, cursor: str | None, *, tenant_id: UUID) -> ReviewPage:
        values = {**identity(listing), "limit": PAGE_SIZE, "cursor": cursor}
        answer = await self._provider.ask("/v1/reviews", values, tenant_id=tenant_id)
        return parse(self._provider.name, answer)


def parse(provider: str, answer: Answer) -> ReviewPage:
    if answer.status != "found":
        return ReviewPage(answer.status, [], None, 0 if answer.status == "empty" else None)
    body = Reader(provider, answer.body, "")
    reviews = [_review(provider, entry) for entry in body.items("reviews", PAGE_SIZE)]
    if not reviews and answer.next_cursor:
        raise BadResponse(f"{provider}: a page without reviews names another one")
    return ReviewPage(
        state="found",
        reviews=reviews,
        next_cursor=answer.next_cursor,
        total=body.count("total"),
        rating=body.number("rating", 1, 5),
    )


def _review(provider: str, entry: Reader) -> RawReview:
    rating = entry.number("rating", 1, 5)
    if rating is None:
        raise BadResponse(f"{provider}: a review without a rating")
    return RawReview(
        external_id=entry.needed_text("id", 300),
        author=entry.text("author", 200),
        rating=rating,
        text=entry.text("text", MAX_TEXT_CHARS),
        published_at=entry.needed_time("published_at"),
        edited_at=entry.time("edited_at"),
        answered_at=entry.time("answered_at"),
        answer=entry.text("answer", MAX_TEXT_CHARS) or None,
    )
