"""Routes of background jobs: look at them, and retry the dead."""

from typing import Annotated
from uuid import UUID

from litestar import Controller, Response, get, post
from litestar.params import FromPath, FromQuery, QueryParameter

from lsos.core.http import inject
from lsos.core.http.envelope import Envelope, failures, ok, ok_page
from lsos.core.http.principal import needs
from lsos.core.http.schema import DEFAULT_LIMIT, decode_cursor, page_of
from lsos.core.queue.jobs import Job, JobState
from lsos.core.redaction import Redactor
from lsos.domains.jobs import queries, service
from lsos.domains.jobs.schemas import JobError, JobView

TaskName = Annotated[str | None, QueryParameter(max_length=200, description="such as crawl.slice")]


class JobController(Controller):
    path = "/jobs"
    tags = ("jobs",)

    @get("/", operation_id="listJobs", opt=needs("jobs:read"), responses=failures(401, 403, 422))
    async def list_all(
        self,
        session: inject.Session,
        settings: inject.Settings,
        job_state: Annotated[JobState | None, QueryParameter(name="state")] = None,
        name: FromQuery[TaskName] = None,
        campaign_id: FromQuery[UUID | None] = None,
        cursor: inject.Cursor = None,
        limit: inject.Limit = DEFAULT_LIMIT,
    ) -> Envelope[list[JobView]]:
        """Jobs of the tenant, newest first."""
        rows = await queries.list_jobs(
            session,
            state=job_state,
            name=name,
            campaign_id=campaign_id,
            before=decode_cursor(cursor),
            limit=limit,
        )
        redactor = Redactor(settings.secrets)
        views = [_view(row, redactor) for row in rows]
        return ok_page(page_of(views, limit, lambda v: (v.created_at, v.id)))

    @get(
        "/{job_id:uuid}",
        operation_id="getJob",
        opt=needs("jobs:read"),
        responses=failures(401, 403, 404),
    )
    async def get_one(
        self,
        job_id: FromPath[UUID],
        session: inject.Session,
        principal: inject.Principal,
        settings: inject.Settings,
    ) -> Envelope[JobView]:
        job = await queries.get_job(session, principal.tenant_id, job_id)
        return ok(_view(job, Redactor(settings.secrets)))

    @post(
        "/{job_id:uuid}/retry",
        operation_id="retryJob",
        opt=needs("jobs:write"),
        status_code=202,
        responses=failures(401, 403, 404, 409),
    )
    async def retry(
        self,
        job_id: FromPath[UUID],
        session: inject.Session,
        principal: inject.Principal,
        settings: inject.Settings,
    ) -> Response[Envelope[JobView]]:
        """Queue a dead job again, with all its attempts."""
        job = await service.retry(session, principal, job_id)
        return Response(
            ok(_view(job, Redactor(settings.secrets))),
            headers={"Location": f"{settings.api_v1_prefix}/jobs/{job_id}"},
        )


def _view(job: Job, redactor: Redactor) -> JobView:
    error = None
    if job.reason_code is not None:
        error = JobError(
            type=job.error_type or "",
            reason_code=job.reason_code,
            message=str(redactor.clean(job.last_error or "")),
        )
    return JobView(
        id=job.id,
        name=job.name,
        state=job.state,  # type: ignore[arg-type]  # the table's check constraint
        campaign_id=job.campaign_id,
        attempts=job.attempts,
        due_at=job.due_at,
        created_at=job.created_at,
        first_started_at=job.first_started_at,
        finished_at=job.finished_at,
        summary=redactor.clean(job.summary),  # type: ignore[arg-type]  # as deep as it was
        error=error,
        request_id=job.request_id,
    )


CONTROLLERS = (JobController,)
