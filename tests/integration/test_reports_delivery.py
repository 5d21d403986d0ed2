"""Reports are made once, stored whole and mailed, whatever storage, mail server and workers do."""

import asyncio
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import delete, select, text, update

from lsos.core.clock import new_id, now
from lsos.core.db.database import Database
from lsos.core.queue.jobs import Job
from lsos.core.queue.notifier import Notifier
from lsos.core.redis.client import client
from lsos.core.settings.settings import Settings
from lsos.domains.dashboard.queries import Board
from lsos.domains.health.queries import LastJudged
from lsos.domains.reports import queries, runs, schedules
from lsos.domains.reports.models import Report, ReportDelivery, ReportSchedule
from lsos.embedded import Stores
from lsos.rooms import JOINTS
from tests.conftest import Api, make_tenant, serve_api
from tests.support.clients import Client, TenantClients
from tests.support.queued import is_waited_for
from tests.support.report_jobs import Jobs
from tests.support.s3 import (
    BUCKET,
    FaultyProxy,
    faulty_proxy,
    list_objects,
    s3_server,
    s3_settings,
    uploads_begun,
)
from tests.support.smtp import DROP, HOLD, MailServer, mail_server
from tests.support.stack import ROOT, StoreFactory, settings_for
from tests.support.waiting import until
from tests.support.workers import environment, worker_process

A, B, C = "a@customer.example", "b@customer.example", "c@customer.example"
_ACTIVATE = text("update campaigns set setup_state = 'Active' where id = :id")
_INSERT_CAMPAIGN = text("""
    insert into campaigns
        (tenant_id, id, name, site_url, business_name, category, services, setup_state, version)
    values (:tenant_id, :id, :name, 'https://shop.example/', :name, '', '[]', 'Draft', 1)
""")
SCHEDULE = {"cadence": "daily", "local_time": "09:00", "timezone": "Europe/Riga", "recipients": [A]}


@pytest.fixture(scope="module")
async def own(stores: StoreFactory) -> AsyncIterator[Stores]:
    """No other test's worker may take these jobs."""
    async with stores.new() as made:
        yield made


@pytest.fixture(scope="module")
async def mails() -> AsyncIterator[MailServer]:
    async with mail_server() as running:
        yield running


@pytest.fixture(autouse=True)
def _fresh_mails(mails: MailServer) -> None:
    mails.messages.clear()
    mails.script.clear()
    mails.refused.clear()
    mails.always, mails.connections = ("", ""), 0
    mails.may_answer.clear()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def settings(own: Stores, mails: MailServer, folder: Path) -> Settings:
    return settings_for(own, lsos_home=str(folder), **mails.settings())


@pytest.fixture(scope="module")
async def db(settings: Settings) -> AsyncIterator[Database]:
    database = Database.of(settings, application_name="lsos-tests")
    yield database
    await database.close()


@pytest.fixture(scope="module")
async def served(settings: Settings, db: Database) -> AsyncIterator[Api]:
    async with serve_api(settings, db) as running:
        yield running


@pytest.fixture(scope="module")
async def tenant(served: Api) -> TenantClients:
    return await make_tenant(served, "Reporters")


def files_in(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*"))


@dataclass
class Room:
    """A campaign with reports, seen through the API and behind it."""

    client: Client
    viewer: Client
    jobs: Jobs
    campaign_id: str

    @property
    def db(self) -> Database:
        return self.jobs.db

    async def order(self, *recipients: str) -> dict[str, Any]:
        body = {"campaign_id": self.campaign_id, "recipients": list(recipients)}
        answer = await self.client.post("/reports/generate", body)
        assert answer.status == 202, answer.text
        assert answer.headers["location"].endswith(f"/reports/{answer.data['id']}")
        return dict(answer.data)

    async def look(self, report_id: str) -> dict[str, Any]:
        return dict((await self.client.get(f"/reports/{report_id}")).data)

    async def states(self, report_id: str) -> dict[str, tuple[str, int]]:
        """State and attempts by recipient."""
        deliveries = (await self.look(report_id))["deliveries"]
        return {d["recipient"]: (d["state"], d["attempts"]) for d in deliveries}

    async def copy(self, original: str, *recipients: str, schedule_id: UUID | None = None) -> str:
        """Another stored report with the same artifacts: nothing is rendered again."""
        tenant_id = self.jobs.tenant_id
        async with self.db.tenant_session(tenant_id) as session:
            known = await queries.get_report(session, tenant_id, UUID(original))
            report = Report(
                id=new_id(),
                tenant_id=tenant_id,
                campaign_id=UUID(self.campaign_id),
                schedule_id=schedule_id,
                due_at=now() if schedule_id else None,
                state="stored",
                sections=known.sections,
                snapshot=known.snapshot,
                snapshot_hash=known.snapshot_hash,
                artifacts=known.artifacts,
                finished_at=known.finished_at,
            )
            session.add(report)
            await session.flush()
            runs.intend(session, report, recipients, self.jobs.settings.smtp_from_email)
            await session.flush()
            await runs.wake_delivery(session, report)
            return str(report.id)

    async def schedule(self) -> dict[str, Any] | None:
        path = f"/reports/schedule?campaign_id={self.campaign_id}"
        found: dict[str, Any] | None = (await self.client.get(path)).data
        return found

    async def set_schedule(self, **changes: Any) -> UUID:
        path = f"/reports/schedule?campaign_id={self.campaign_id}"
        answer = await self.client.put(path, {**SCHEDULE, **changes})
        assert answer.status == 200, answer.text
        return UUID(answer.data["id"])

    async def make_due(self, schedule_id: UUID, ago: timedelta = timedelta(seconds=5)) -> None:
        async with self.db.tenant_session(self.jobs.tenant_id) as session:
            await session.execute(
                update(ReportSchedule)
                .where(ReportSchedule.id == schedule_id)
                .values(next_due_at=now() - ago)
            )

    async def tick(self) -> dict[str, object]:
        return await schedules.tick(self.db, sender=self.jobs.settings.smtp_from_email)


async def make_campaign(client: Client, name: str) -> str:
    made = await client.post(
        "/campaigns", {"name": name, "site_url": "https://bakery.example/", "business_name": name}
    )
    return str(made.data["id"])


@pytest.fixture
async def room(served: Api, tenant: TenantClients, settings: Settings, db: Database) -> Room:
    async with db.tenant_session(tenant.id) as session:
        for table in (Job, ReportSchedule):  # what former tests have left, and workers would take
            await session.execute(delete(table))
    campaign_id = await make_campaign(tenant.analyst, "Bäckerei <b>")
    jobs = Jobs.of(db, settings, tenant.id)
    return Room(tenant.analyst, tenant.viewer, jobs, campaign_id)


@pytest.fixture(scope="module")
async def original(served: Api, tenant: TenantClients, settings: Settings, db: Database) -> str:
    """A stored report."""
    campaign_id = await make_campaign(tenant.analyst, "Bakery")
    room = Room(tenant.analyst, tenant.viewer, Jobs.of(db, settings, tenant.id), campaign_id)
    report = await room.order()
    await room.jobs.run()
    return str(report["id"])


# From the order to the mail


async def test_an_ordered_report_is_stored_served_and_mailed(
    room: Room, mails: MailServer, folder: Path
) -> None:
    report = await room.order(A, B)
    assert report["state"] == "queued"
    assert [d["state"] for d in report["deliveries"]] == ["intent", "intent"]
    path = f"/reports/{report['id']}/artifact?format="
    early = await room.client.get(path + "pdf")
    assert (early.status, early.code) == (409, "report_not_stored")

    await room.jobs.run()
    made = await room.look(report["id"])
    assert (made["state"], made["reason_code"]) == ("stored", None)
    assert await room.states(report["id"]) == {A: ("sent", 1), B: ("sent", 1)}
    assert sorted(mails.recipients()) == [A, B]
    for artifact in made["artifacts"]:
        file = folder / "artifacts" / "t" / str(room.jobs.tenant_id)
        assert (file / f"{artifact['sha256']}.{artifact['format']}").stat().st_size == artifact[
            "bytes"
        ]

    days = {now().strftime("%Y-%m-%d")}
    pdf = await room.client.get(path + "pdf")
    days.add(now().strftime("%Y-%m-%d"))
    assert pdf.headers["content-type"] == "application/pdf"
    assert pdf.text.startswith("%PDF-")
    disposition = pdf.headers["content-disposition"]
    assert disposition in {f'attachment; filename="backerei-b-{day}.pdf"' for day in days}
    html = await room.client.get(path + "html")
    assert html.headers["content-type"] == "text/html; charset=utf-8"
    assert html.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert "<b>" not in html.text
    [attached] = mails.messages[0][1].iter_attachments()
    assert attached.get_content_type() == "application/pdf"

    listed = (await room.client.get(f"/reports?campaign_id={room.campaign_id}")).data
    assert [r["id"] for r in listed] == [report["id"]]
    stored = f"/reports?campaign_id={room.campaign_id}&state="
    assert len((await room.client.get(stored + "stored")).data) == 1
    assert (await room.client.get(stored + "failed")).data == []
    assert (await room.viewer.get(f"/reports/{report['id']}")).status == 404


async def test_a_preview_is_shown_and_not_stored(room: Room, folder: Path) -> None:
    before = files_in(folder)
    answer = await room.client.post(
        "/reports/preview", {"campaign_id": room.campaign_id, "sections": ["summary"]}
    )
    assert answer.status == 200
    assert answer.headers["content-security-policy"].startswith("sandbox")
    assert answer.text.lower().startswith("<!doctype html>")
    assert files_in(folder) == before
    assert (await room.client.get(f"/reports?campaign_id={room.campaign_id}")).data == []


@pytest.mark.parametrize(
    "body, code",
    [
        ({"recipients": ["x@y.example\r\nBcc: z@y.example"]}, "recipient_invalid"),
        ({"recipients": ["nobody"]}, "recipient_invalid"),
        ({"sections": ["horoscope"]}, "section_unknown"),
        ({"campaign_id": "018f0000-0000-7000-8000-000000000001"}, "campaign_not_found"),
    ],
)
async def test_an_order_that_can_not_be_filled_is_refused(
    room: Room, body: dict[str, Any], code: str
) -> None:
    answer = await room.client.post("/reports/generate", {"campaign_id": room.campaign_id, **body})
    assert answer.code == code


async def test_a_damaged_artifact_is_not_served_and_is_made_again_before_it_is_mailed(
    room: Room, mails: MailServer, folder: Path
) -> None:
    report = await room.order()
    await room.jobs.run()
    [pdf] = [a for a in (await room.look(report["id"]))["artifacts"] if a["format"] == "pdf"]
    file = folder / "artifacts" / "t" / str(room.jobs.tenant_id) / f"{pdf['sha256']}.pdf"
    whole = file.read_bytes()
    file.write_bytes(whole[:-1])
    path = f"/reports/{report['id']}"
    assert (await room.client.get(path + "/artifact")).code == "artifact_damaged"
    asked = await room.client.post(path + "/deliver", {"recipients": [A]})
    assert asked.status == 202
    await room.jobs.run()
    assert file.read_bytes() == whole, "the pinned snapshot renders to the same bytes"
    [(_, message)] = mails.messages
    [attached] = message.iter_attachments()
    assert attached.get_content() == whole
    file.unlink()
    assert (await room.client.get(path + "/artifact")).code == "artifact_missing"


# F33 to F36: the mail server


@pytest.mark.parametrize(
    "faults",
    [
        [("connect", "421"), ("rcpt", "450"), ("dot", "451")],
        [("ehlo", "421"), ("mail", "451"), ("data", "450")],
    ],
)
async def test_what_a_server_puts_off_is_sent_later_once(
    room: Room, original: str, mails: MailServer, faults: list[tuple[str, str]]
) -> None:
    """F33: delivered once, after as many attempts as the server had faults, and one."""
    mails.script = list(faults)
    report = await room.copy(original, A)
    await room.jobs.run()
    assert await room.states(report) == {A: ("sent", 4)}
    assert mails.recipients() == [A]
    [delivery] = (await room.look(report))["deliveries"]
    assert [(e["stage"], e["code"], e["outcome"]) for e in delivery["log"]] == [
        *((stage, int(code), "retry") for stage, code in faults),
        ("dot", 250, "sent"),
    ]
    assert delivery["smtp_code"] == 250


async def test_what_is_put_off_for_ever_is_given_up_after_three_retries(
    room: Room, original: str, mails: MailServer
) -> None:
    mails.refused = {B: "450"}
    report = await room.copy(original, A, B)
    await room.jobs.run()
    assert await room.states(report) == {A: ("sent", 1), B: ("failed", 4)}
    assert mails.recipients() == [A]
    # Asking again by hand begins anew, and sends nobody a second one.
    mails.refused = {}
    await room.client.post(f"/reports/{report}/deliver", {"recipients": [A, B, C]})
    await room.jobs.run()
    assert {r: s for r, (s, _) in (await room.states(report)).items()} == dict.fromkeys(
        (A, B, C), "sent"
    )
    assert sorted(mails.recipients()) == [A, B, C]


async def test_a_refusal_is_permanent_and_harms_nobody_else(
    room: Room, original: str, mails: MailServer
) -> None:
    """F34."""
    mails.refused = {B: "550"}
    report = await room.copy(original, A, B, C)
    await room.jobs.run()
    assert await room.states(report) == {A: ("sent", 1), B: ("failed", 1), C: ("sent", 1)}
    assert (sorted(mails.recipients()), mails.connections) == ([A, C], 3)
    [refused] = [d for d in (await room.look(report))["deliveries"] if d["recipient"] == B]
    assert (refused["smtp_code"], refused["response"]) == (550, "no such user")


@pytest.mark.parametrize("cuts, state", [(1, "sent"), (2, "outcome_unknown")])
async def test_a_cut_after_the_dot_is_repeated_once_under_the_same_message_id(
    room: Room, original: str, mails: MailServer, cuts: int, state: str
) -> None:
    """F35."""
    mails.script = [("dot", DROP)] * cuts
    report = await room.copy(original, A)
    await room.jobs.run()
    assert await room.states(report) == {A: (state, 2)}
    assert mails.recipients() == [A, A]
    [delivery] = (await room.look(report))["deliveries"]
    assert {m["Message-ID"] for _, m in mails.messages} == {delivery["message_id"]}


@pytest.fixture
async def deaths(settings: Settings) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.support.report_jobs",
        cwd=ROOT,
        env=environment(settings),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    yield process
    process.kill()
    await process.communicate()


async def died_at(room: Room, deaths: asyncio.subprocess.Process, step: str) -> None:
    """Run the one job that waits in a process that is gone at this step."""
    [job_id] = await room.jobs.due()
    assert deaths.stdin is not None
    assert deaths.stdout is not None
    deaths.stdin.write(f"{room.jobs.tenant_id} {job_id} {step}\n".encode())
    while len(line := await deaths.stdout.readline()) > 3:
        pass  # what the job has logged
    assert line == b"9\n", f"it did not come to {step}"
    await room.jobs.lose_claims()


async def test_a_worker_that_dies_between_any_two_steps_loses_nothing(
    room: Room, mails: MailServer, folder: Path, deaths: asyncio.subprocess.Process
) -> None:
    """F36 and all steps before it: one artifact a format, one mail more than recipients."""
    place = folder / "artifacts" / "t" / str(room.jobs.tenant_id)
    before = set(place.iterdir()) if place.exists() else set()
    report = await room.order(A, B)
    for step in ("snapshot1", "put1", "put2"):
        await died_at(room, deaths, step)
        assert mails.messages == [], "no mail before both artifacts are stored"
    # The last step of making: the delivery waits already, so both jobs are open.
    await room.jobs.run(rounds=1)
    assert (await room.look(report["id"]))["state"] == "stored"
    assert len(set(place.iterdir()) - before) == 2
    await died_at(room, deaths, "asking1")
    await died_at(room, deaths, "answered2")
    await died_at(room, deaths, "recording1")
    await room.jobs.run()
    assert await room.states(report["id"]) == {A: ("sent", 2), B: ("sent", 2)}
    assert mails.recipients() == [A, B, B]
    ids = [message["Message-ID"] for _, message in mails.messages]
    assert ids[1] == ids[2]
    assert len(set(place.iterdir()) - before) == 2


async def test_a_worker_that_dies_between_the_250_and_its_mark_doubles_one_mail(
    room: Room, original: str, mails: MailServer, deaths: asyncio.subprocess.Process
) -> None:
    """F36: five deaths; none of the mails is lost, and its double has the same Message-ID."""
    for _ in range(5):
        report = await room.copy(original, A)
        await died_at(room, deaths, "answered1")
        await room.jobs.run()
        assert await room.states(report) == {A: ("sent", 2)}
    copies = Counter(message["Message-ID"] for _, message in mails.messages)
    assert len(copies) == 5, "none is lost"
    assert max(copies.values()) <= 2, "one double a death at most"


async def test_a_worker_process_killed_after_the_250_doubles_one_mail(
    room: Room, original: str, mails: MailServer, tmp_path: Path
) -> None:
    """F36 with kill -9 of a real worker, whose mark a lock of the row has kept waiting."""
    settings, tenant_id = room.jobs.settings, room.jobs.tenant_id
    mails.script = [("dot", HOLD)]
    report = await room.copy(original, A)
    await room.jobs.due()

    async def has_arrived() -> bool:
        return bool(mails.messages)

    async with worker_process(settings, tmp_path / "w") as working:
        async with room.db.tenant_session(tenant_id) as session:
            await session.execute(text("update jobs set pushed_at = null where state = 'queued'"))
        await until(has_arrived, "the mail to arrive")
        async with room.db.tenant_session(tenant_id) as session:
            await session.execute(
                select(ReportDelivery)
                .where(ReportDelivery.report_id == UUID(report))
                .with_for_update()
            )
            mails.may_answer.set()
            await until(lambda: is_waited_for(session), "the mark to wait for the row")
            working.kill()
            await working.wait()
    await room.jobs.lose_claims()
    await room.jobs.run()
    assert await room.states(report) == {A: ("sent", 2)}
    assert mails.recipients() == [A, A]
    assert len({message["Message-ID"] for _, message in mails.messages}) == 1


# F37: the storage


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    with s3_server() as endpoint:
        yield endpoint


@pytest.fixture
async def proxy(s3: str) -> AsyncIterator[FaultyProxy]:
    async with faulty_proxy(s3) as running:
        yield running


@pytest.mark.parametrize("fault", ["refuse", "503", "reset", "403"])
async def test_a_report_waits_for_its_storage_and_is_mailed_once_it_is_verified(
    room: Room, mails: MailServer, proxy: FaultyProxy, s3: str, fault: Any
) -> None:
    changed = {**s3_settings(proxy.endpoint)}
    values = {name: getattr(room.jobs.settings, name) for name in Settings.__struct_fields__}
    room.jobs = Jobs.of(room.db, Settings(**{**values, **changed}), room.jobs.tenant_id)
    proxy.always = fault
    report = await room.order(A)
    await room.jobs.run(rounds=2)
    waiting = await room.look(report["id"])
    code = "storage_denied" if fault == "403" else "storage_unavailable"
    assert (waiting["state"], waiting["reason_code"]) == ("building", code)
    assert mails.messages == []
    before = set(list_objects(s3))

    # Back for the upload, away again before the mail.
    proxy.always, proxy.script = fault, ["", "", "", ""]
    await room.jobs.run(rounds=2)
    stored = await room.look(report["id"])
    assert (stored["state"], stored["reason_code"]) == ("stored", None)
    assert mails.messages == []
    proxy.always = ""
    await room.jobs.run()
    assert mails.recipients() == [A]
    made = set(list_objects(s3)) - before
    tenant = room.jobs.tenant_id
    assert made == {f"t/{tenant}/{a['sha256']}.{a['format']}" for a in stored["artifacts"]}
    assert uploads_begun(s3) == 0, BUCKET


# F38 and F39: schedules


async def test_a_schedule_lives(room: Room) -> None:
    path = f"/reports/schedule?campaign_id={room.campaign_id}"
    first = await room.client.get(path)
    assert (first.status, first.data) == (200, None)
    assert (await room.client.delete(path)).code == "schedule_not_found"
    made = await room.client.put(path, SCHEDULE)
    assert made.status == 200
    assert (await room.client.get(path)).data == made.data
    again = await room.client.put(
        path, {**SCHEDULE, "cadence": "monthly", "day_of_month": 31, "is_enabled": False}
    )
    assert again.data["id"] == made.data["id"]
    assert again.data["next_due_at"] is None
    assert (await room.client.delete(path)).status == 204
    assert (await room.client.get(path)).data is None
    for wrong, field in (
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"local_time": "25:00"}, "local_time"),
        ({"cadence": "weekly"}, "weekday"),
        ({"recipients": ["a b"]}, "recipients"),
    ):
        refused = await room.client.put(path, {**SCHEDULE, **wrong})
        assert (refused.status, refused.body["errors"][0]["field"]) == (422, field)
    assert (await room.viewer.put(path, SCHEDULE)).status == 403


async def test_days_without_a_worker_are_made_good_by_one_report(
    room: Room, mails: MailServer
) -> None:
    """F39."""
    schedule_id = await room.set_schedule()
    await room.make_due(schedule_id, timedelta(days=11))
    assert (await room.tick())["started"] == 1
    assert (await room.tick())["started"] == 0
    await room.jobs.run()
    listed = (await room.client.get(f"/reports?campaign_id={room.campaign_id}")).data
    assert len(listed) == 1
    assert mails.recipients() == [A]
    schedule = await room.schedule()
    assert schedule is not None
    assert (schedule["last_status"], schedule["retry_count"]) == ("delivered", 0)
    assert now().isoformat() < schedule["next_due_at"]
    assert schedule["last_due_at"] == listed[0]["due_at"]


async def test_a_clock_that_goes_back_starts_nothing_twice(room: Room) -> None:
    """F39: the same due time again, after it was started."""
    schedule_id = await room.set_schedule()
    due = now() - timedelta(seconds=5)
    for _ in range(2):
        async with room.db.tenant_session(room.jobs.tenant_id) as session:
            await session.execute(
                update(ReportSchedule)
                .where(ReportSchedule.id == schedule_id)
                .values(next_due_at=due)
            )
        at = due + timedelta(seconds=1)
        await schedules.tick(room.db, sender="reports@agency.example", at=at)
    assert len((await room.client.get(f"/reports?campaign_id={room.campaign_id}")).data) == 1
    # Ninety seconds back: nothing is due, as the next time lies in the future.
    back = await schedules.tick(room.db, sender="", at=due - timedelta(seconds=90))
    assert back["due"] == 0
    await room.jobs.run()


async def test_nobody_waits_for_the_reports_of_an_archived_campaign(room: Room) -> None:
    schedule_id = await room.set_schedule()
    await room.make_due(schedule_id)
    path = f"/campaigns/{room.campaign_id}/setup-state"
    for state in ("Configured", "BaselineRunning"):
        assert (await room.client.patch(path, {"state": state})).status == 200
    async with room.db.tenant_session(room.jobs.tenant_id) as session:
        await session.execute(_ACTIVATE, {"id": UUID(room.campaign_id)})
    assert (await room.client.patch(path, {"state": "Paused"})).status == 200
    assert (await room.tick())["started"] == 0
    schedule = await room.schedule()
    assert schedule is not None
    assert schedule["is_enabled"]
    assert schedule["next_due_at"] > now().isoformat()


async def test_a_schedule_that_fails_four_times_is_switched_off_until_it_is_set_again(
    room: Room, original: str, mails: MailServer
) -> None:
    schedule_id = await room.set_schedule()
    mails.always = ("mail", "451")
    report = await room.copy(original, A, schedule_id=schedule_id)
    for failures in (1, 2, 3):
        await room.jobs.run(rounds=1)
        schedule = await room.schedule()
        assert schedule is not None
        assert (schedule["retry_count"], schedule["last_status"]) == (failures, "failed")
        assert schedule["is_enabled"]
    await room.jobs.run()
    schedule = await room.schedule()
    assert schedule is not None
    assert (schedule["retry_count"], schedule["last_status"]) == (3, "max_retries_exceeded")
    assert (schedule["is_enabled"], schedule["next_due_at"]) == (False, None)
    assert await room.states(report) == {A: ("failed", 4)}
    async with room.db.tenant_session(room.jobs.tenant_id) as session:
        shown = await Board(JOINTS.dashboard).show(session, UUID(room.campaign_id), LastJudged())
    summary = msgspec.to_builtins(shown.report_status_summary)
    assert summary["schedule"]["last_status"] == "max_retries_exceeded"
    assert summary["counts_by_state"] == {"stored": 1}

    mails.always = ("", "")
    await room.set_schedule()
    schedule = await room.schedule()
    assert schedule is not None
    assert (schedule["retry_count"], schedule["last_status"]) == (0, None)
    assert schedule["is_enabled"]
    await room.copy(original, A, schedule_id=schedule_id)
    await room.jobs.run()
    schedule = await room.schedule()
    assert schedule is not None
    assert schedule["last_status"] == "delivered"


async def test_a_success_after_retries_counts_from_zero(
    room: Room, original: str, mails: MailServer
) -> None:
    schedule_id = await room.set_schedule(recipients=[A, B])
    mails.script = [("connect", "421")] * 4
    mails.refused = {B: "550"}
    await room.copy(original, A, B, schedule_id=schedule_id)
    await room.jobs.run()
    schedule = await room.schedule()
    assert schedule is not None
    assert (schedule["retry_count"], schedule["last_status"]) == (0, "partly_delivered")


async def plant_schedules(db: Database, tenant_id: UUID, due: datetime, count: int) -> None:
    """Due schedules, each of a campaign and for a recipient of its own."""
    async with db.tenant_session(tenant_id) as session:
        for number in range(count):
            campaign_id = new_id()
            values = {"tenant_id": tenant_id, "id": campaign_id, "name": f"Shop {number}"}
            await session.execute(_INSERT_CAMPAIGN, values)
            session.add(
                ReportSchedule(
                    tenant_id=tenant_id,
                    campaign_id=campaign_id,
                    cadence="daily",
                    local_time="09:00",
                    timezone="Europe/Riga",
                    recipients=[f"{campaign_id.hex}@customer.example"],
                    sections=["summary"],
                    next_due_at=due,
                    updated_at=due,
                )
            )


async def test_three_workers_start_a_hundred_schedules_once_each(
    room: Room, mails: MailServer, tmp_path: Path
) -> None:
    """F38: real processes, and six ticks at once."""
    tenant_id, settings = room.jobs.tenant_id, room.jobs.settings
    redis = client(settings.arq_redis_url)
    ringing = Database.of(settings, application_name="lsos-tests", pusher=Notifier(redis))
    due = now() - timedelta(seconds=1)
    await plant_schedules(room.db, tenant_id, due, 10)  # for the workers' own first ticks
    async with (
        worker_process(settings, tmp_path / "one"),
        worker_process(settings, tmp_path / "two"),
        worker_process(settings, tmp_path / "three"),
    ):
        await plant_schedules(room.db, tenant_id, due, 90)
        await asyncio.gather(
            *(schedules.tick(ringing, sender=settings.smtp_from_email) for _ in range(6))
        )

        async def all_ended() -> bool:
            async with room.db.tenant_session(tenant_id) as session:
                left = select(Job.id).where(Job.state != "done", Job.name.like("reports.%"))
                jobs = await session.scalars(left)
                return len(mails.messages) >= 100 and not jobs.all()

        await until(all_ended, "100 mails, and their jobs to end")
    await ringing.close()
    await redis.aclose()
    async with room.db.tenant_session(tenant_id) as session:
        reports = (await session.scalars(select(Report).where(Report.due_at == due))).all()
        deliveries = (
            await session.scalars(
                select(ReportDelivery).where(
                    ReportDelivery.report_id.in_([report.id for report in reports])
                )
            )
        ).all()
    assert len(reports) == len(deliveries) == 100
    assert {report.state for report in reports} == {"stored"}
    assert {(delivery.state, delivery.attempts) for delivery in deliveries} == {("sent", 1)}
    assert sorted(mails.recipients()) == sorted(delivery.recipient for delivery in deliveries)
