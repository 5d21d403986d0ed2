"""`lsos reference`: what authors of a release need before they upload it."""

import sys
from pathlib import Path

import click

from lsos.domains.reference.bundle import BUNDLED, read_release
from lsos.domains.reference.validation import validate
from lsos.rooms import JOINTS


@click.group()
def reference() -> None:
    """Check releases of the reference library."""


@reference.command("validate")
@click.argument("place", type=click.Path(exists=True, path_type=Path), default=BUNDLED)
def check(place: Path) -> None:
    """Name every fault of a release by its JSON path; exit code 1 when there is one.

    PLACE is a folder with manifest.json, metrics.json, recommendations.json and evidence.json, or
    one file that holds all four. Left out: the release that ships with LSOS.
    """
    document, faults = read_release(place)
    faults += validate(document, JOINTS.known_codes)
    for fault in faults:
        click.echo(str(fault))
    version = document.get("manifest", {})
    shown = version.get("version", "?") if isinstance(version, dict) else "?"
    click.echo(f"release {shown}: {len(faults)} faults", err=bool(faults))
    sys.exit(1 if faults else 0)
