"""SQL with which a worker claims a job, renews the claim, and records the outcome."""

from uuid import UUID

import msgspec
from sqlalchemy import text


class Claimed(msgspec.Struct, frozen=True):
    id: UUID
    tenant_id: UUID
    campaign_id: UUID | None
    name: str
    queue: str
    args: dict[str, object]
    attempts: int
    generation: int
    request_id: str | None
    trace: dict[str, str] | None
    waited_ms: float
    """Time from due to claimed."""
    is_resumed: bool
    """Whether the job returns from a wait that its task requested."""
    started: float = 0.0


CLAIM = text("""
    update jobs set state = 'running', attempts = attempts + 1, claimed_by = :worker,
        lease_until = now() + make_interval(secs => :lease_s),
        first_started_at = coalesce(first_started_at, now())
    where tenant_id = :tenant_id and id = :id and state = 'queued'
        and due_at <= now() + interval '1 second'
    returning id, tenant_id, campaign_id, name, queue, args, attempts, generation,
        request_id, trace,
        1000 * greatest(0, extract(epoch from now() - due_at))::float8 as waited_ms,
        error_type is not distinct from 'Reschedule' as is_resumed
""")
RENEW = text("""
    update jobs set lease_until = now() + make_interval(secs => :lease_s)
    where tenant_id = :tenant_id and id = any(:ids) and claimed_by = :worker and state = 'running'
    returning id, generation
""")
# The generation too: a worker may lose a claim and win the job's next one.
_FENCE = (
    "where tenant_id = :tenant_id and id = :id and claimed_by = :worker "
    "and generation = :generation"
    " and state = 'running'"
)
DONE = text(f"""
    update jobs set state = 'done', finished_at = now(), summary = cast(:summary as jsonb),
        lease_until = null, last_error = null, error_type = null, reason_code = null
    {_FENCE} returning id
""")  # noqa: S608 -- a constant, no input
AGAIN = text(f"""
    update jobs set state = 'queued', generation = generation + 1,
        lease_until = null, claimed_by = null,
        attempts = :attempts, due_at = now() + make_interval(secs => :delay_s),
        pushed_at = now(), error_type = :error_type, reason_code = :reason, last_error = :error
    {_FENCE} returning generation
""")  # noqa: S608 -- a constant, no input
DEAD = text(f"""
    update jobs set state = 'dead', finished_at = now(), lease_until = null,
        error_type = :error_type, reason_code = :reason, last_error = :error
    {_FENCE} returning id
""")  # noqa: S608 -- a constant, no input
