"""The demo's platform health: the metrics recorded during the rest of the demo."""

from typing import Any

from rich.console import Console

from lsos.cli.demo.session import Session


async def run(session: Session, campaign: dict[str, Any], console: Console) -> dict[str, object]:
    del campaign  # metrics belong to the platform
    health = await session.ask("GET", "/health/metrics")
    metrics, levels = health["metrics"], health["slos"]
    p95 = metrics["api_latency_ms"]["p95"]
    measured = [level for level in levels if level["ok"] is not None]
    kept = sum(level["ok"] for level in measured)
    console.print(
        f"[green]✓[/] platform {health['platform_state']},"
        f" API P95 {'not measured' if p95 is None else f'{p95:.0f} ms'},"
        f" {kept} of {len(measured)} measured service levels met"
    )
    return {
        "source": "measured",
        "platform_state": health["platform_state"],
        "metrics": metrics,
        "slos": {level["name"]: level["value"] for level in levels},
        "alerts_firing": [n for n, a in health["alert_state"].items() if a["state"] == "firing"],
    }
