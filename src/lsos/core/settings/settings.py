"""Frozen settings, read from the environment once at the door and passed down."""

from typing import Literal
from urllib.parse import unquote, urlsplit

import msgspec

from lsos.core.settings.provider_config import secrets_of

AppEnv = Literal["local", "test", "staging", "production"]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """One field a variable: `app_env` is read from APP_ENV. Units are in the names."""

    app_env: AppEnv = "local"
    """local | test | staging | production; unset: local, in compose.yaml staging"""
    app_name: str = "LSOS API"
    """Shown in the API documentation and in mails"""
    api_v1_prefix: str = "/api/v1"
    """Path prefix of all routes"""
    jwt_secret: str = ""
    """32+ random characters; made and kept under .lsos/ when unset in local and test"""
    jwt_access_ttl_seconds: int = 900
    """Life of an access token"""
    jwt_refresh_ttl_seconds: int = 604_800
    """Life of a refresh token"""
    postgres_dsn: str = ""
    """postgresql://user:pass@host:5432/db; unset in local: the embedded PostgreSQL"""
    postgres_pool_size: int = 10
    """Connections a process keeps"""
    redis_url: str = ""
    """redis://host:6379/0; unset in local: the embedded Valkey"""
    arq_redis_url: str = ""
    """Redis of the queue; unset: REDIS_URL"""
    crawl_timeout_seconds: float = 10.0
    """Total time for one response"""
    crawl_min_request_interval_seconds: float = 0.2
    """Least time between two requests to one host, over all processes"""
    crawl_max_pages_per_run: int = 200
    """Default and cap of a run's page budget"""
    crawl_frontier_batch_size: int = 25
    """URLs that a slice claims at once"""
    crawl_max_active_runs_per_tenant: int = 5
    """Further runs wait as queued"""
    crawl_max_active_runs_per_campaign: int = 2
    """Further runs wait as queued"""
    crawl_concurrency: int = 8
    """Requests in flight of one slice"""
    crawl_user_agent: str = "LSOSbot/0.1 (+https://example.com/lsosbot)"
    """User-Agent header of the crawler; its first token is matched in robots.txt"""
    rank_provider_backend: Literal["", "synthetic", "http", "serpapi"] = ""
    """synthetic | http | serpapi; local and test default to synthetic"""
    rank_http_provider_config_json: str = ""
    """JSON object: url, method, headers, body and field paths of the source of ranks"""
    serpapi_api_key: str = ""
    """Key of SerpApi"""
    serpapi_base_url: str = "https://serpapi.com"
    """Where SerpApi is asked"""
    local_provider_backend: Literal["", "synthetic", "provider"] = ""
    """synthetic | provider; local and test default to synthetic"""
    local_provider_url: str = ""
    """Base URL of the provider of profiles and reviews, such as https://provider.example.com"""
    local_provider_api_key: str = ""
    """Its key, sent as a bearer token"""
    authority_provider_backend: Literal["", "synthetic", "provider"] = ""
    """synthetic | provider; local and test default to synthetic"""
    authority_provider_url: str = ""
    """Base URL of the provider of backlinks, such as https://provider.example.com"""
    authority_provider_api_key: str = ""
    """Its key, sent as a bearer token"""
    proxy_provider_config_json: str = ""
    """JSON list of {url, weight, username, password, country}; empty: no proxy"""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """DEBUG | INFO | WARNING | ERROR"""
    metrics_enabled: bool = True
    """Record request and job metrics, judge alerts and the platform state"""
    metrics_token: str = ""
    """Bearer token that may read /metrics and nothing else; empty: a user's token or an API key"""
    otel_exporter_endpoint: str = ""
    """OTLP/HTTP collector, such as http://collector:4318; empty: no export"""
    otel_sample_ratio: float = 1.0
    """Share of traces that are kept, 0 to 1; a caller's own decision goes before"""
    reference_library_loader_enabled: bool = True
    """Load the reference library at start"""
    reference_library_enforce_validation: bool = True
    """Refuse to activate a faulty reference library"""
    object_storage_endpoint: str = ""
    """S3-compatible endpoint; empty: local disk"""
    object_storage_bucket: str = ""
    """Bucket of report artifacts"""
    object_storage_access_key: str = ""
    """Access key of the bucket"""
    object_storage_secret_key: str = ""
    """Secret key of the bucket"""
    object_storage_region: str = "us-east-1"
    """Region of the bucket, where the endpoint has some"""
    smtp_host: str = ""
    """Mail server; empty: no mail, but in local and test a file below LSOS_HOME/mail"""
    smtp_port: int = 587
    """Port of the mail server"""
    smtp_username: str = ""
    """Login of the mail server"""
    smtp_password: str = ""
    """Password of the mail server"""
    smtp_from_email: str = ""
    """Sender of reports"""
    smtp_tls: Literal["starttls", "tls", "none"] = "starttls"
    """starttls | tls | none; none only for a server on this machine"""
    smtp_timeout_seconds: float = 30.0
    """Wait for each answer of the mail server"""
    report_retry_seconds: float = 60.0
    """Wait before a failed report or mail is tried again; each of the 3 times five times longer"""
    lsos_home: str = ".lsos"
    """Folder of a local installation: embedded stores, artifacts of reports, mails"""
    outbound_allow_origins: str = ""
    """Comma-separated scheme://host:port exempt from the private-address rule; local only"""
    trusted_proxies: str = ""
    """Comma-separated addresses or networks whose X-Forwarded-For is believed"""
    job_lease_seconds: float = 20.0
    """A worker that does not renew its claim for this long has lost it"""
    worker_max_jobs: int = 20
    """Jobs that one worker process runs at once"""
    worker_nice: int = 0
    """Niceness of worker processes, 0 to 19: 10 lets an API on the same machine go first, 0 changes
    nothing; lsos up takes 10 when unset"""

    @property
    def is_strict(self) -> bool:
        """Staging and production: nothing is guessed."""
        return self.app_env in ("staging", "production")

    @property
    def allowed_origins(self) -> frozenset[str]:
        return frozenset(_split(self.outbound_allow_origins))

    @property
    def trusted_proxy_networks(self) -> tuple[str, ...]:
        return tuple(_split(self.trusted_proxies))

    @property
    def secrets(self) -> tuple[str, ...]:
        """Values that no log line, trace or answer may show."""
        found = [self.jwt_secret, self.object_storage_secret_key, self.smtp_password]
        found.append(self.metrics_token)
        found += [self.serpapi_api_key, self.local_provider_api_key]
        found.append(self.authority_provider_api_key)
        for url in (self.postgres_dsn, self.redis_url, self.arq_redis_url):
            if password := urlsplit(url).password:
                found += [password, unquote(password)]
        found += secrets_of(self.proxy_provider_config_json, self.rank_http_provider_config_json)
        return tuple(s for s in dict.fromkeys(found) if len(s) > 3)


def _split(value: str) -> list[str]:
    return [part.strip() for part in value.split(",") if part.strip()]
