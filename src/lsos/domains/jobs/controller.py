"""Routes of background jobs: look at them, and retry the dead."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Controller, Response, get, post
from litestar.params import FromPath, FromQuery, QueryParameter

from lsos.core.http import inject
from lsos.core.http.envelope import Envelope, ok, ok_page
from lsos.core.http.principal import needs
from lsos.core.http.schema import DEFAULT_LIMIT
from lsos.core.queue.jobs import JobState
from lsos.core.redaction import Redactor
from lsos.domains.jobs import queries, service
from lsos.domains.jobs.schemas import JobError, JobView

TaskName = Annotated[
    str | None,
    QueryParameter(max_length=200, description="Only jobs of this kind, such as crawl.slice."),
]
WantedState = Annotated[
    JobState | None, QueryParameter(name="state", description="Only jobs in this state.")
]


class JobController(Controller):
    path = "/jobs"
    tags = ("jobs",)

    @get(
        "/",
        operation_id="listJobs",
        opt=needs("jobs:read"),
    )
    async def list_all(
        self,
        session: inject.Session,
        settings: inject.Settings,
        job_state: WantedState = None,
        name: FromQuery[TaskName] = None,
        campaign_id: FromQuery[UUID | None] = None,
        cursor: inject.Cursor = None,
        limit: inject.Limit = DEFAULT_LIMIT,
    ) -> Envelope[list[JobView]]:
        """List the background jobs of the tenant, newest first."""
        page = await queries.JOBS.page(
            session, cursor, limit, state=job_state, name=name, campaign_id=campaign_id
        )
        redactor = Redactor(settings.secrets)
        return ok_page(page.map(lambda row: _view(row, redactor)))

    @get(
        "/{job_id:uuid}",
        operation_id="getJob",
        opt=needs("jobs:read"),
    )
    async def get_one(
        self,
        job_id: FromPath[UUID],
        session: inject.Session,
        principal: inject.Principal,
        settings: inject.Settings,
    ) -> Envelope[JobView]:
        """Show a job."""
        job = await queries.get_job(session, principal.tenant_id, job_id)
        return ok(_view(job, Redactor(settings.secrets)))

    @post(
        "/{job_id:uuid}/retry",
        operation_id="retryJob",
        opt=needs("jobs:write"),
        status_code=202,
    )
    async def retry(
        self,
        job_id: FromPath[UUID],
        session: inject.Session,
        principal: inject.Principal,
        settings: inject.Settings,
    ) -> Response[Envelope[JobView]]:
        """Queue a dead job again, with as many attempts as a new one."""
        job = await service.retry(session, principal, job_id)
        return Response(
            ok(_view(job, Redactor(settings.secrets))),
            headers={"Location": f"{settings.api_v1_prefix}/jobs/{job_id}"},
        )


def _view(job: Any, redactor: Redactor) -> JobView:
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
        state=job.state,
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
