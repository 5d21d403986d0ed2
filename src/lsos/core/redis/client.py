"""The Redis client, and every key prefix in one table.

Keys of tenant data start with `t:<tenant>:`; the others hold no tenant data.
"""

from typing import Any
from uuid import UUID

from arq.connections import ArqRedis, RedisSettings
from redis.asyncio import ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

DEFAULT_QUEUE = "default"

HOST_CLOCK = "host:clock:"  # + host: earliest start of the next request to it
PROVIDER_BREAKER = "provider:breaker:"  # + provider: breaker state and outcomes of its window
PROVIDER_LOCK = "provider:lock:"  # + provider + hash of a credential: why it is locked
PROVIDER_PERMITS = "provider:permits:"  # + provider: calls in progress
PROXY = "proxy:"  # + hash of a proxy's URL: health counters; + ":cool" its pause
LOGIN_IP = "login:ip:"  # + address: failed logins
LOGIN_ACCOUNT = "login:account:"  # + hash of the email address: failed logins
WAKE = "wake:"  # + queue: channel that wakes workers
TURNS = "turns:"  # + queue: the last turn of each tenant with waiting jobs
WORKERS = "workers:"  # + queue: its worker processes by expiry time

OUTAGE = (RedisError, OSError, TimeoutError)
"""What any call may raise while Redis is unavailable."""


def tenant_key(tenant_id: UUID, name: str) -> str:
    return f"t:{tenant_id}:{name}"


def queue_key(queue: str) -> str:
    """arq's sorted set for one of our queues."""
    return f"arq:queue:{queue}"


def arq_settings(url: str) -> RedisSettings:
    """Settings for arq, with which each command waits out a short outage."""
    settings = RedisSettings.from_dsn(url)
    settings.conn_timeout = 2
    settings.conn_retries = 30
    settings.conn_retry_delay = 1
    settings.retry_on_timeout = True
    settings.retry_on_error = [RedisConnectionError, RedisTimeoutError]
    settings.retry = Retry(ExponentialBackoff(cap=2, base=0.1), retries=20)
    return settings


def client(url: str, **arq_options: Any) -> ArqRedis:
    """A client that connects lazily and fails within two seconds if Redis is unavailable."""
    pool = ConnectionPool.from_url(
        url, socket_connect_timeout=2, socket_timeout=5, max_connections=200
    )
    redis = ArqRedis(pool_or_conn=pool, **arq_options)
    # redis-py does not close a pool that was passed to it, nor its sockets.
    redis.auto_close_connection_pool = True
    return redis
