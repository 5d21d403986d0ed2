"""Generates .env.example from Settings: every variable with its meaning and default."""

import argparse
import re
import sys
from pathlib import Path

import msgspec

from lsos.core.http.described import texts_of_fields
from lsos.core.settings.environment import environment_name
from lsos.core.settings.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / ".env.example"
LEFT_OPEN = {"app_env"}
"""The default in compose.yaml differs from that of a plain process."""
HEAD = """\
# Settings of LSOS: copy this file to .env and change what you need.
# An empty value means unset. Generated from core/settings/settings.py; `make docs` writes it.
"""


def spell(value: object) -> str:
    """The value as .env files and shells read it."""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text if re.fullmatch(r"[\w./:@+-]*", text) else f'"{text}"'


def build() -> str:
    texts = texts_of_fields(Settings)
    if missing := set(Settings.__struct_fields__) - set(texts):
        raise SystemExit(f"describe in a docstring below it: {', '.join(sorted(missing))}")
    lines = []
    for field in msgspec.structs.fields(Settings):
        value = "" if field.name in LEFT_OPEN else spell(field.default)
        meaning = " ".join(texts[field.name].split())
        lines.append(f"\n# {meaning}\n{environment_name(field.name)}={value}\n")
    return HEAD + "".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail when the file is stale")
    arguments = parser.parse_args()
    wanted = build()
    if not arguments.check:
        TARGET.write_text(wanted)
        return 0
    if not TARGET.exists() or TARGET.read_text() != wanted:
        print(f"{TARGET.name} is stale: run `make docs`")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
