"""Measures a batch of keywords: one failure is one outcome, and what was answered is stored."""

import asyncio
import time
from collections.abc import Sequence

import structlog

from lsos.core.clock import now
from lsos.core.queue.work import Work
from lsos.domains.providers.base import PROVIDER_ERRORS, Busy, ProviderError, ends_run
from lsos.domains.rank import service
from lsos.domains.rank.models import Keyword, RankRun
from lsos.domains.rank.providers.base import RankProvider
from lsos.domains.rank.providers.factory import rank_provider
from lsos.domains.rank.rules import BusinessIdentity, RankQuery, RankResult, judge
from lsos.domains.rank.store import Outcome

log = structlog.get_logger(__name__)

CONCURRENCY = 8
KEYWORD_S = 30.0
"""For all questions about one keyword."""


class Batch:
    """Outcomes of some keywords of a run, and why the rest was not asked for."""

    def __init__(self, work: Work, run: RankRun, own: BusinessIdentity, until: float) -> None:
        self._work = work
        self._run = run
        self._own = own
        self._until = until
        self._provider: RankProvider = work.resources.get(rank_provider)
        self._slots = asyncio.Semaphore(CONCURRENCY)
        self._outcomes: list[Outcome] = []
        self.halt: ProviderError | None = None
        """Busy, or what ends the run."""

    async def measure(self, keywords: Sequence[Keyword]) -> None:
        """Ask and store. A cancelled batch stores what was answered: it may have been billed."""
        try:
            await asyncio.gather(*(self._one(keyword) for keyword in keywords))
        finally:
            await asyncio.shield(self._store())

    async def _store(self) -> None:
        outcomes, self._outcomes = self._outcomes, []
        async with self._work.session() as session:
            await service.record(session, self._work.tenant_id, self._run.id, outcomes)

    async def _one(self, keyword: Keyword) -> None:
        async with self._slots:
            if self.halt is not None or time.monotonic() > self._until:
                return
            result = await self._ask(keyword)
        if result is not None:
            self._outcomes.append(Outcome(keyword.id, now(), result))

    async def _ask(self, keyword: Keyword) -> RankResult | None:
        """None: nobody was asked, so there is no outcome."""
        try:
            async with asyncio.timeout(KEYWORD_S):
                page = await self._provider.fetch(
                    query_of(keyword, self._run), self._own, tenant_id=self._work.tenant_id
                )
        except PROVIDER_ERRORS as error:
            if isinstance(error, Busy) or ends_run(error):
                self.halt = self.halt or error
                return None
            return _failed(error.code)
        except TimeoutError:
            return _failed("provider_timeout")
        except Exception:
            # A fault of ours with one keyword must not cost the others.
            log.exception("keyword_failed", keyword=str(keyword.id))
            return _failed("unexpected_error")
        return judge(page, self._own)


def query_of(keyword: Keyword, run: RankRun) -> RankQuery:
    return RankQuery(
        text=keyword.text,
        language=keyword.language,
        country=keyword.country,
        location=keyword.location,
        latitude=keyword.latitude,
        longitude=keyword.longitude,
        device="mobile" if keyword.device == "mobile" else "desktop",
        day=run.day,
    )


def _failed(code: str) -> RankResult:
    return RankResult(state="error", pack_state="error", error_code=code)
