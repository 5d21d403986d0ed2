"""Generates the hashes of the packaged reference library: per statement and per artifact."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from lsos.domains.reference.bundle import BUNDLED, read_release
from lsos.domains.reference.rules import ARTIFACTS, sha256_of, statement_sha256


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only check them")
    only_check = parser.parse_args().check
    document, faults = read_release(BUNDLED)
    if faults:
        print(*faults, sep="\n", file=sys.stderr)
        return 1
    for item in document["evidence"]["items"]:
        item["sha256"] = statement_sha256(item["statement"])
    document["manifest"]["sha256"] = {name: sha256_of(document[name]) for name in ARTIFACTS}
    stale = [name for name in ("evidence", "manifest") if _is_stale(name, document[name])]
    if only_check:
        for name in stale:
            print(f"{_file(name).name} is stale; run: make docs", file=sys.stderr)
        return 1 if stale else 0
    for name in stale:
        _file(name).write_text(_text(document[name]), "utf-8")
    return 0


def _file(name: str) -> Path:
    return BUNDLED / f"{name}.json"


def _is_stale(name: str, value: Any) -> bool:
    return _file(name).read_text("utf-8") != _text(value)


def _text(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.exit(main())
