"""Rings workers after a commit, in arq's own wire format, in one round trip.

`ArqRedis.enqueue_job` costs three round trips and refuses known ids; here a repeated push of the
same round of a job is the same arq id, so it changes nothing.
"""

import time

import msgspec
import structlog
from arq.connections import ArqRedis
from arq.constants import job_key_prefix
from arq.jobs import serialize_job

from lsos.core.clock import now
from lsos.core.db import Push
from lsos.core.redis import BELL, OUTAGE, queue_key

RUN_FUNCTION = "run_job"
"""The one arq function: which task to run stands in the job's row."""

MESSAGE_TTL_MS = 86_400_000
QUIET_AFTER_FAILURE_S = 1.0

log = structlog.get_logger(__name__)


def serialize(message: dict[str, object]) -> bytes:
    """arq's payload as MessagePack: its default, pickle, would run what Redis holds."""
    return msgspec.msgpack.encode(message, enc_hook=repr)


def deserialize(raw: bytes) -> dict[str, object]:
    message: dict[str, object] = msgspec.msgpack.decode(raw)
    return message


class Bell:
    """The pusher of `core.db`: while Redis is away it gives up at once, the sweeper repairs."""

    def __init__(self, redis: ArqRedis) -> None:
        self._redis = redis
        self._quiet_until = 0.0

    async def push(self, pushes: list[Push]) -> None:
        if time.monotonic() < self._quiet_until:
            return
        now_ms = int(now().timestamp() * 1000)
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                for push in pushes:
                    arq_id = f"{push.job_id}:{push.round}"
                    due_ms = now_ms + int(push.delay_s * 1000)
                    ids = (str(push.tenant_id), str(push.job_id))
                    message = serialize_job(
                        RUN_FUNCTION, ids, {}, None, now_ms, serializer=serialize
                    )
                    pipe.psetex(job_key_prefix + arq_id, MESSAGE_TTL_MS, message)
                    pipe.zadd(queue_key(push.queue), {arq_id: due_ms})
                for queue in {p.queue for p in pushes if p.delay_s <= 0}:
                    pipe.publish(BELL + queue, b"")
                await pipe.execute()
        except OUTAGE as error:
            self._quiet_until = time.monotonic() + QUIET_AFTER_FAILURE_S
            log.warning("bell_not_rung", jobs=len(pushes), error=type(error).__name__)
