"""Generates Docs/openapi.json from the application; `--check` fails if it differs."""

import argparse
import sys
from pathlib import Path

import msgspec

from lsos.api import create_app
from lsos.core.settings.settings import Settings

TARGET = Path(__file__).parents[1] / "Docs" / "openapi.json"


def document() -> bytes:
    """The OpenAPI document with sorted keys, so that diffs show only real changes."""
    # Nothing connects before the first request, so no stores are needed.
    settings = Settings(
        app_env="test",
        jwt_secret="-" * 32,
        postgres_dsn="postgresql+asyncpg://nobody@localhost/none",
        redis_url="redis://localhost:1",
        arq_redis_url="redis://localhost:1",
    )
    schema = create_app(settings).openapi_schema.to_schema()
    encoded = msgspec.json.encode(schema, order="sorted")
    return msgspec.json.format(encoded, indent=1) + b"\n"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only compare; exit 1 if different")
    new = document()
    if not parser.parse_args(arguments).check:
        TARGET.write_bytes(new)
        return 0
    if TARGET.exists() and TARGET.read_bytes() == new:
        return 0
    print(f"{TARGET.name} differs from the application; run `make docs`")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
