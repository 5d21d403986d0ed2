"""Notifies workers after a commit, in arq's wire format, in one round trip.

`ArqRedis.enqueue_job` costs three round trips and refuses known ids; here, pushing the same
generation of a job again uses the same arq id, so it changes nothing.

Tenants take turns: the score of a due message is not its time but its turn among those of its
tenant (start-time fair queueing, Goyal, Vin and Cheng 1996, with jobs of equal length).
"""

import time
from typing import Any

import msgspec
import structlog
from arq.connections import ArqRedis
from arq.constants import job_key_prefix
from arq.jobs import serialize_job

from lsos.core.clock import now
from lsos.core.db.session import Push
from lsos.core.redis.client import OUTAGE, TURNS, WAKE, queue_key

RUN_FUNCTION = "run_job"
"""The only arq function; the job's row names the task to run."""

MESSAGE_TTL_MS = 86_400_000
QUIET_AFTER_FAILURE_S = 1.0

_LATEST_TURN = 100_000_000_000
"""Turns are numbers below; times in ms, the scores of messages not yet due, are above."""
_TAKE_PLACES = f"""
local queue, turns = KEYS[1], KEYS[2]
local first = redis.call('zrange', queue, 0, 0, 'withscores')[2]
local now = first and tonumber(first) < {_LATEST_TURN} and tonumber(first)
if not now then redis.call('del', turns) end
local due = redis.call('zrangebyscore', queue, {_LATEST_TURN}, ARGV[1], 'limit', 0, 100)
for _, message in ipairs(due) do redis.call('zadd', queue, now or 1, message) end
for i = 2, #ARGV, 3 do
    local message, tenant, due_ms = ARGV[i], ARGV[i + 1], tonumber(ARGV[i + 2])
    local place = tonumber(redis.call('zscore', queue, message) or math.huge)
    if due_ms > 0 then
        redis.call('zadd', queue, 'nx', due_ms, message)
    elseif place > {_LATEST_TURN} then
        local turn = math.max(now or 0, tonumber(redis.call('hget', turns, tenant) or 0)) + 1
        redis.call('hset', turns, tenant, turn)
        redis.call('zadd', queue, turn, message)
    end
end
redis.call('pexpire', turns, {MESSAGE_TTL_MS})
"""
"""A tenant's next turn follows its last one or the turn that the workers have reached, so an idle
tenant neither loses nor accumulates turns.

Messages leave the queue when their job has ended. Messages that have become due since the last push
(arq's cron jobs too) come next: their score, a time, is above all turns, so a tenant that kept
pushing would keep them waiting."""

log = structlog.get_logger(__name__)


def serialize(message: dict[str, object]) -> bytes:
    """arq's payload as MessagePack: its default, pickle, would execute data from Redis."""
    return msgspec.msgpack.encode(message, enc_hook=repr)


def deserialize(raw: bytes) -> dict[str, object]:
    message: dict[str, object] = msgspec.msgpack.decode(raw)
    return message


class Notifier:
    """Pushes jobs for `core.db`; gives up if Redis is unavailable, and the sweeper repairs it."""

    def __init__(self, redis: ArqRedis) -> None:
        self._redis = redis
        self._quiet_until = 0.0

    async def push(self, pushes: list[Push]) -> None:
        if time.monotonic() < self._quiet_until:
            return
        now_ms = int(now().timestamp() * 1000)
        by_queue: dict[str, list[Push]] = {}
        for push in sorted(pushes, key=lambda push: push.delay_s):
            by_queue.setdefault(push.queue, []).append(push)
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                for queue, waiting in by_queue.items():
                    self._ring(pipe, queue, waiting, now_ms)
                await pipe.execute()
        except OUTAGE as error:
            self._quiet_until = time.monotonic() + QUIET_AFTER_FAILURE_S
            log.warning("push_failed", jobs=len(pushes), error=type(error).__name__)

    def _ring(self, pipe: Any, queue: str, pushes: list[Push], now_ms: int) -> None:
        places: list[str | int] = [now_ms]
        for push in pushes:
            arq_id = f"{push.job_id}:{push.generation}"
            ids = (str(push.tenant_id), str(push.job_id))
            message = serialize_job(RUN_FUNCTION, ids, {}, None, now_ms, serializer=serialize)
            pipe.psetex(job_key_prefix + arq_id, MESSAGE_TTL_MS, message)
            due_ms = now_ms + int(push.delay_s * 1000) if push.delay_s > 0 else 0
            places += [arq_id, str(push.tenant_id), due_ms]
        pipe.eval(_TAKE_PLACES, 2, queue_key(queue), TURNS + queue, *places)
        if pushes[0].delay_s <= 0:
            pipe.publish(WAKE + queue, b"")
