"""`make load-publish`: the last load test's report becomes the one that the documents show."""

import os
import shutil
import sys
from pathlib import Path

from tools.load.main import OUT, REFUSED

PUBLISHED = Path("Docs/ops/reports") / OUT.name


class Unpublished(Exception):
    """There is no whole report to publish; its text says what to do."""


def publish(out: Path, published: Path = PUBLISHED) -> None:
    """Copy a report and its picture; Unpublished, with nothing copied, when one is missing."""
    pairs = [(out, published), (out.with_suffix(".html"), published.with_suffix(".html"))]
    for made, _ in pairs:
        if not made.is_file():
            raise Unpublished(f"there is no {made}; run `make load-test` first")
    published.parent.mkdir(parents=True, exist_ok=True)
    for made, shown in pairs:
        shutil.copyfile(made, shown)


def main() -> int:
    out = Path(os.environ.get("OUT") or OUT)
    try:
        publish(out)
    except Unpublished as error:
        sys.stderr.write(f"{error}\n")
        return REFUSED
    sys.stdout.write(f"{out} and its picture are now in {PUBLISHED.parent}/\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
