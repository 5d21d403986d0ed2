"""The command of the load simulation: checks where it may run, runs it, and writes the report."""

import argparse
import asyncio
import contextlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.load import picture, sites
from tools.load.client import Client, Refused, check_host
from tools.load.report import report_of
from tools.load.simulation import Options, Run, Simulation
from tools.load.work import Work
from tools.load_gates import EXIT_CODES, Verdict

REFUSED = 2
TELL_EVERY_S = 10
OUT = Path("build/load/staging_load_simulation.json")
"""In a folder that git ignores: a run leaves the work tree clean."""


class Teller:
    """One line that is written over on a terminal, and now and then a new one elsewhere."""

    def __init__(self) -> None:
        self._is_terminal = sys.stderr.isatty()
        self._next_s = 0.0

    def __call__(self, phase: str, run: Run) -> None:
        sample = run.samples[-1]
        if not self._is_terminal and sample.t_s < self._next_s:
            return
        self._next_s = sample.t_s + TELL_EVERY_S
        recent = sorted(call.ms for call in run.calls[-300:])
        p95 = f"{recent[int(0.95 * len(recent))]:.0f} ms" if recent else "-"
        ended = len(run.work.tasks) - len(run.work.open)
        line = (
            f"{phase:5} {sample.t_s:4.0f} s  {len(run.calls):6} requests  P95 {p95:>8}"
            f"  queue {'?' if sample.depth is None else sample.depth:>4}"
            f"  {sample.state or 'unknown':8}  tasks {ended}/{len(run.work.tasks)}"
        )
        end = "" if self._is_terminal else "\n"
        sys.stderr.write(("\r\x1b[K" if self._is_terminal else "") + line + end)
        sys.stderr.flush()

    def end(self) -> None:
        if self._is_terminal:
            sys.stderr.write("\n")


def arguments_of(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="staging_load_simulation.py",
        description="Drives a staging stack with real work and judges it by the checklist's gates."
        " Exit code 0: PASS, 1: FAIL, 3: WARN, 2: it may not or can't run here.",
    )
    parser.add_argument("--base-url", required=True, help="such as https://staging.host/api/v1")
    parser.add_argument("--email", required=True)
    parser.add_argument("--password", required=True)
    parser.add_argument("--crawl-jobs", type=int, default=8, help="a minute")
    parser.add_argument("--entity-jobs", type=int, default=5, help="a minute")
    parser.add_argument("--scheduled-report-runs", type=int, default=3)
    parser.add_argument("--load-phase-seconds", type=float, default=300.0)
    parser.add_argument("--drain-phase-seconds", type=float, default=300.0)
    parser.add_argument(
        "--out",
        type=Path,
        default=OUT,
        help="default: %(default)s; the picture is written beside it",
    )
    parser.add_argument(
        "--site",
        action="append",
        default=[],
        help="a site to crawl, one a campaign; without it, demo sites are served on loopback"
        " (from port 8110 on; OUTBOUND_ALLOW_ORIGINS of the stack must name them)",
    )
    parser.add_argument("--recipient", help="of the scheduled reports; default: --email")
    parser.add_argument("--keep", action="store_true", help="leave its campaigns behind")
    arguments = parser.parse_args(words)
    for name in ("crawl_jobs", "entity_jobs", "scheduled_report_runs", "drain_phase_seconds"):
        if getattr(arguments, name) < 0:
            parser.error(f"--{name.replace('_', '-')} must not be negative")
    if arguments.load_phase_seconds < 1:
        parser.error("--load-phase-seconds must be 1 or more")
    return arguments


async def simulate(arguments: argparse.Namespace) -> Run:
    """The whole run; raises Refused when it may not or can't run here."""
    check_host(arguments.base_url)
    options = Options(
        crawl_jobs=arguments.crawl_jobs,
        entity_jobs=arguments.entity_jobs,
        report_runs=arguments.scheduled_report_runs,
        load_s=arguments.load_phase_seconds,
        drain_s=arguments.drain_phase_seconds,
        recipient=arguments.recipient or arguments.email,
    )
    is_local = not arguments.site
    wanted = sites.origins(options.campaigns) if is_local else arguments.site
    teller = Teller()
    with contextlib.ExitStack() as stack:
        if is_local:
            stack.enter_context(sites.running(wanted))
        async with Client(arguments.base_url, arguments.email, arguments.password) as client:
            await client.sign_in()
            work = Work(client)
            await work.check_rooms()
            try:
                chosen = [wanted[n % len(wanted)] for n in range(options.campaigns)]
                await work.make_campaigns(chosen)
                await work.warm_up()
                return await Simulation(client, work, options, teller).run()
            finally:
                teller.end()
                if not arguments.keep:
                    await work.tidy()


def write(run: Run, out: Path) -> tuple[Verdict, str]:
    """The report and its picture; the verdict, and a line for each gate."""
    document, verdict = report_of(run)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(document, indent=2) + "\n")
    out.with_suffix(".html").write_text(picture.page(document, run))
    lines = []
    for letter, gate in document["Gates"].items():
        why = "; ".join(gate["why"])
        lines.append(f"{letter}  {gate['verdict']}  {picture.NAMES[letter]}  {why}".rstrip())
    lines.append(f"readiness {document['readiness_estimate']}; written to {out}")
    return verdict, "\n".join(lines)


def main(words: Sequence[str] | None = None) -> int:
    arguments = arguments_of(words)
    try:
        run = asyncio.run(simulate(arguments))
    except (Refused, RuntimeError) as error:
        sys.stderr.write(f"{error}\n")
        return REFUSED
    verdict, text = write(run, arguments.out)
    sys.stdout.write(text + "\n")
    if run.work.refused:
        sys.stdout.write(f"{len(run.work.refused)} jobs were refused: {run.work.refused[0]}\n")
    return EXIT_CODES[verdict]


if __name__ == "__main__":
    sys.exit(main())
