"""`lsos api`."""

import click
import uvicorn

from lsos.embedded.installation import resolve_settings


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65_535))
@click.option("--processes", default=1, show_default=True, type=click.IntRange(1, 64))
def api(*, host: str, port: int, processes: int) -> None:
    """Serve the API (uvicorn, uvloop)."""
    resolve_settings()
    uvicorn.run(
        "lsos.api:create_app",
        factory=True,
        host=host,
        port=port,
        workers=processes if processes > 1 else None,
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_config=None,
        proxy_headers=False,  # TRUSTED_PROXIES decides whose X-Forwarded-For is trusted
        timeout_graceful_shutdown=10,
    )
