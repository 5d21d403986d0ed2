"""Generates .env.example from Settings: every variable with its meaning and default."""

import argparse
import ast
import itertools
import re
import sys
from pathlib import Path

import msgspec

from lsos.core.settings import settings
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


def meanings(source: str) -> dict[str, str]:
    """The docstring after each field of Settings, which Python discards at run time."""
    body = next(
        node.body
        for node in ast.parse(source).body
        if isinstance(node, ast.ClassDef) and node.name == "Settings"
    )
    found = {}
    for field, text in itertools.pairwise(body):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            if not isinstance(text, ast.Expr) or not isinstance(text.value, ast.Constant):
                raise SystemExit(f"say what {field.target.id} means in a docstring below it")
            found[field.target.id] = " ".join(str(text.value.value).split())
    return found


def spell(value: object) -> str:
    """The value as .env files and shells read it."""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text if re.fullmatch(r"[\w./:@+-]*", text) else f'"{text}"'


def build() -> str:
    texts = meanings(Path(settings.__file__).read_text())
    lines = []
    for field in msgspec.structs.fields(Settings):
        value = "" if field.name in LEFT_OPEN else spell(field.default)
        lines.append(f"\n# {texts[field.name]}\n{environment_name(field.name)}={value}\n")
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
