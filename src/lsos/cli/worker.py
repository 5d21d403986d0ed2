"""`lsos worker`: runs a worker in this process, or supervises several."""

import signal
import time

import click

from lsos.cli.processes import Children
from lsos.cli.stores import as_environment, home
from lsos.core.redis.client import DEFAULT_QUEUE
from lsos.embedded.installation import resolve_settings
from lsos.worker import main as work

RESTART_S = 1.0


@click.command()
@click.option("--processes", default=1, show_default=True, type=click.IntRange(1, 64))
@click.option("--queue", default=DEFAULT_QUEUE, show_default=True)
def worker(*, processes: int, queue: str) -> None:
    """Run workers; restart any that die."""
    settings = resolve_settings()
    if processes == 1:
        work(queue, settings)
        return
    children = Children(home() / "logs", as_environment(settings))
    stopping = False

    def stop(*_: object) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    started = 0
    try:
        while not stopping:
            children.all[:] = [child for child in children.all if child.is_alive]
            while len(children.all) < processes:
                started += 1
                child = children.start(f"worker-{started}", "lsos.worker", "--queue", queue)
                click.echo(f"worker {child.process.pid}: {child.log}")
            time.sleep(RESTART_S)
    finally:
        children.stop()
