"""The API with a sampling profiler that attributes each millisecond of CPU to a layer."""

import json
import os
import signal
from collections import Counter
from pathlib import Path
from types import FrameType

from litestar import Litestar

from lsos import api

SAMPLE_S = 0.001

# Part of a file's path and optional function names -> layer; the innermost matching frame decides,
# by the first line that matches.
_RULES: tuple[tuple[str, frozenset[str], str], ...] = (
    ("lsos/core/db/entry.py", frozenset({"commit", "rollback"}), "commit"),
    ("lsos/core/db/entry.py", frozenset(), "begin and check"),
    ("lsos/core/db/database.py", frozenset(), "session"),
    ("lsos/core/db/session.py", frozenset(), "session"),
    ("lsos/core/db/", frozenset(), "SQL"),
    ("lsos/core/observability/log.py", frozenset(), "log"),
    ("lsos/core/redaction.py", frozenset(), "log"),
    ("/structlog/", frozenset(), "log"),
    ("/logging/", frozenset(), "log"),
    ("/litestar/serialization/", frozenset(), "JSON"),
    ("/litestar/response/", frozenset(), "JSON"),
    ("/sqlalchemy/", frozenset(), "SQL"),
    ("lsos/core/http/", frozenset(), "middleware"),
    ("lsos/core/metrics/", frozenset(), "middleware"),
    ("/opentelemetry/", frozenset(), "middleware"),
    ("lsos/domains/auth/", frozenset(), "middleware"),
    ("lsos/domains/", frozenset(), "handler"),
    ("/litestar/", frozenset(), "Litestar"),
    ("/uvicorn/", frozenset(), "HTTP and the loop"),
)
LAYERS = (*dict.fromkeys(layer for _, _, layer in _RULES),)
_OTHER = "HTTP and the loop"


def create_app() -> Litestar:
    """`uvicorn --factory tools.bench.profiled_api:create_app`; writes BENCH_SHARES at exit."""
    found: Counter[str] = Counter()
    known: dict[object, str | None] = {}

    def sample(_: int, frame: FrameType | None) -> None:
        while frame is not None:
            code = frame.f_code
            if code not in known:
                known[code] = _layer(code.co_filename, code.co_name)
            if layer := known[code]:
                found[layer] += 1
                return
            frame = frame.f_back
        found[_OTHER] += 1

    def keep() -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)
        Path(os.environ["BENCH_SHARES"]).write_text(json.dumps(found))

    app = api.create_app()
    signal.signal(signal.SIGPROF, sample)
    app.on_shutdown.append(keep)  # uvicorn exits by the signal, so atexit handlers do not run
    signal.setitimer(signal.ITIMER_PROF, SAMPLE_S, SAMPLE_S)
    return app


def read_shares(path: Path) -> dict[str, float]:
    """Percentage of samples by layer."""
    found: dict[str, int] = json.loads(path.read_text())
    total = sum(found.values()) or 1
    return {layer: 100 * found.get(layer, 0) / total for layer in LAYERS}


def _layer(filename: str, function: str) -> str | None:
    for part, functions, layer in _RULES:
        if part in filename and (not functions or function in functions):
            return layer
    return None
