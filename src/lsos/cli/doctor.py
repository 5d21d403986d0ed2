"""`lsos doctor`."""

import asyncio
import sys

import click
from rich.console import Console

from lsos.domains.health.doctor import examine
from lsos.embedded.installation import resolve_settings


@click.command()
def doctor() -> None:
    """Check settings, stores, roles, tenant isolation and schema; exit code 1 on a fault."""
    findings = asyncio.run(examine(resolve_settings()))
    console = Console()
    for finding in findings:
        mark = "[green]ok  [/]" if finding.ok else "[red]FAIL[/]"
        console.print(f"{mark} {finding.name:<28} {finding.detail}", highlight=False)
        if finding.hint:
            console.print(f"     [yellow]→ {finding.hint}[/]", highlight=False)
    faults = sum(not finding.ok for finding in findings)
    console.print(f"\n{len(findings)} checks, {faults} faults")
    sys.exit(1 if faults else 0)
