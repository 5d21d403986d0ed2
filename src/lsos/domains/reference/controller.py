"""Routes of the reference library; what changes it is platform_admin's."""

from typing import Annotated

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, PathParameter
from msgspec import convert, to_builtins

from lsos.core.errors import NotFound
from lsos.core.http import inject
from lsos.core.http.envelope import Envelope, failures, ok, ok_page
from lsos.core.http.principal import needs
from lsos.core.http.schema import DEFAULT_LIMIT
from lsos.domains.reference import library, queries, service
from lsos.domains.reference.schemas import (
    Activation,
    ActiveRelease,
    AdviceView,
    EvidenceView,
    FaultView,
    ReleaseBody,
    ReleaseView,
    RollBack,
    Validation,
)
from lsos.domains.reference.validation import validate

Library = NamedDependency[library.Library]
Code = Annotated[str, PathParameter(description="Code of the check or signal.")]


class ReferenceLibraryController(Controller):
    path = "/reference-library"
    tags = ("reference library",)

    @get(
        "/versions",
        operation_id="listReferenceVersions",
        opt=needs("reference:read"),
    )
    async def list_versions(
        self,
        session: inject.Session,
        cursor: inject.Cursor = None,
        limit: inject.Limit = DEFAULT_LIMIT,
    ) -> Envelope[list[ReleaseView]]:
        """List the releases of the reference library, newest first."""
        page = await queries.list_releases(session, cursor, limit)
        return ok_page(page.map(lambda row: convert(row, ReleaseView, from_attributes=True)))

    @post(
        "/validate",
        operation_id="validateReferenceRelease",
        opt=needs("reference:admin"),
        status_code=200,
    )
    async def validate(
        self, data: JSONBody[ReleaseBody], session: inject.Session, library: Library
    ) -> Envelope[Validation]:
        """List all faults of a release by JSON path; nothing is stored."""
        faults = validate(to_builtins(data), library.policy.known_codes)
        shown = [FaultView(path=f.path, code=f.code, message=f.message) for f in faults]
        return ok(
            Validation(
                is_valid=not faults,
                faults=shown[: service.MAX_FAULTS_SHOWN],
                fault_count=len(faults),
            )
        )

    @post(
        "/drafts",
        operation_id="draftReferenceRelease",
        opt=needs("reference:admin"),
    )
    async def draft(
        self,
        data: JSONBody[ReleaseBody],
        db: inject.Database,
        session: inject.Session,
        principal: inject.Principal,
        settings: inject.Settings,
        library: Library,
    ) -> Response[Envelope[ReleaseView]]:
        """Store a release that is not in force yet; a version is never stored twice."""
        release = await service.draft(db, principal, to_builtins(data), library.policy)
        return Response(
            ok(convert(release, ReleaseView, from_attributes=True)),
            headers={"Location": f"{settings.api_v1_prefix}/reference-library/versions"},
        )

    @post(
        "/activate",
        operation_id="activateReferenceRelease",
        opt=needs("reference:admin"),
        status_code=200,
        responses=failures(404),
    )
    async def activate(
        self,
        data: JSONBody[Activation],
        db: inject.Database,
        session: inject.Session,
        principal: inject.Principal,
        library: Library,
    ) -> Envelope[ReleaseView]:
        """Put a release in force, in all processes within five seconds."""
        release = await service.activate(
            db, principal, data.version, data.expected_version, library.policy
        )
        library.forget()
        return ok(convert(release, ReleaseView, from_attributes=True))

    @post(
        "/rollback",
        operation_id="rollBackReferenceRelease",
        opt=needs("reference:admin"),
        status_code=200,
    )
    async def roll_back(
        self,
        data: JSONBody[RollBack],
        db: inject.Database,
        session: inject.Session,
        principal: inject.Principal,
        library: Library,
    ) -> Envelope[ReleaseView]:
        """Return to the release that was in force before the present one."""
        release = await service.roll_back(db, principal, data.expected_version, library.policy)
        library.forget()
        return ok(convert(release, ReleaseView, from_attributes=True))

    @get(
        "/active",
        operation_id="getActiveReferenceRelease",
        opt=needs("reference:read"),
        responses=failures(404),
    )
    async def active(self, session: inject.Session, library: Library) -> Envelope[ActiveRelease]:
        """Show the release in force: weights, curves, thresholds, and how much advice it has."""
        release = await library.current(session)
        if release is None:
            raise _nothing_in_force()
        health = await library.health(session)
        return ok(
            ActiveRelease(
                version=release.version,
                metrics=release.metrics,
                advice_count=len(release.advice),
                evidence_count=len(release.evidence),
                warnings=[] if health.ok else [health.detail],
            )
        )

    @get(
        "/evidence/{code:str}",
        operation_id="getReferenceEvidence",
        opt=needs("reference:read"),
    )
    async def evidence(
        self, code: Code, session: inject.Session, library: Library
    ) -> Envelope[AdviceView]:
        """Show the advice for a check or signal, and the facts that it rests on."""
        release = await library.current(session)
        if release is None:
            raise _nothing_in_force()
        advice = release.advice.get(code)
        if advice is None:
            raise NotFound("the library has no advice for this code", code="advice_not_found")
        facts = [release.evidence[name] for name in advice.evidence if name in release.evidence]
        return ok(
            AdviceView(
                code=advice.code,
                title=advice.title,
                why=advice.why,
                steps=advice.steps,
                definition_of_done=advice.definition_of_done,
                effort=advice.effort,
                risk_tier=advice.risk_tier,
                after=advice.after,
                library_version=release.version,
                evidence=[convert(fact, EvidenceView, from_attributes=True) for fact in facts],
            )
        )


def _nothing_in_force() -> NotFound:
    return NotFound("no release of the library is in force", code="no_active_release")


CONTROLLERS = (ReferenceLibraryController,)
