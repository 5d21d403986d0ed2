"""The demo's report: generated, stored, sent to the local mailbox folder, scheduled weekly."""

import asyncio
import os
from pathlib import Path
from typing import Any

from rich.console import Console

from lsos.cli.demo.session import Session
from lsos.cli.processes import CommandFailed
from lsos.embedded.installation import FOLDER

POLL_S = 0.2
WAIT_S = 90.0
RECIPIENT = "owner@business.example"
SCHEDULE = {
    "cadence": "weekly",
    "weekday": 1,
    "local_time": "08:00",
    "timezone": "America/Chicago",
    "recipients": [RECIPIENT],
}


async def run(session: Session, campaign: dict[str, Any], console: Console) -> dict[str, object]:
    ordered = await session.ask(
        "POST",
        "/reports/generate",
        {"campaign_id": campaign["id"], "recipients": [RECIPIENT]},
    )
    report = await _until_delivered(session, ordered["id"])
    schedule = await session.ask("PUT", f"/reports/schedule?campaign_id={campaign['id']}", SCHEDULE)
    me = await session.ask("GET", "/auth/me")
    home = Path(os.environ.get("LSOS_HOME") or FOLDER)
    place = home / "artifacts" / "t" / me["tenant_id"]
    files = {a["format"]: str(place / f"{a['sha256']}.{a['format']}") for a in report["artifacts"]}
    [delivery] = report["deliveries"]
    mail = home / "mail" / f"{delivery['message_id'].strip('<>').partition('@')[0]}.eml"
    console.print(f"[green]✓[/] report stored and sent: {files['pdf']}", soft_wrap=True)
    return {
        "source": "synthetic",  # the business is fictional
        "report_id": report["id"],
        "state": report["state"],
        "snapshot_hash": report["snapshot_hash"],
        "bytes": {a["format"]: a["bytes"] for a in report["artifacts"]},
        "files": files,
        "delivery": {"recipient": delivery["recipient"], "state": delivery["state"]},
        "mail": str(mail),
        "schedule": {key: schedule[key] for key in ("cadence", "timezone", "next_due_at")},
    }


async def _until_delivered(session: Session, report_id: str) -> dict[str, Any]:
    async with asyncio.timeout(WAIT_S):
        while True:
            report: dict[str, Any] = await session.ask("GET", f"/reports/{report_id}")
            states = {delivery["state"] for delivery in report["deliveries"]}
            if report["state"] == "failed" or "failed" in states:
                raise CommandFailed(f"the demo report failed: {report['reason_code']} {states}")
            if states == {"sent"}:
                return report
            await asyncio.sleep(POLL_S)
