"""Routes of tenants, their users, branding and audit log."""

from collections.abc import Sequence
from uuid import UUID

from litestar import Controller, Response, get, patch, post, put
from litestar.params import FromPath, JSONBody
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.db.audit_log import AuditEntry
from lsos.core.db.system import system_session
from lsos.core.http import inject
from lsos.core.http.envelope import Envelope, failures, ok, ok_page
from lsos.core.http.principal import needs
from lsos.core.http.schema import DEFAULT_LIMIT, Page
from lsos.domains.auth import queries, service
from lsos.domains.auth.models import Tenant, User
from lsos.domains.auth.schemas import (
    AuditView,
    Branding,
    TenantCreate,
    TenantUpdate,
    TenantView,
    UserCreate,
    UserCreated,
    UserUpdate,
    UserView,
)


class TenantController(Controller):
    path = "/tenants"
    tags = ("tenants",)

    @post(
        "/",
        operation_id="createTenant",
        opt=needs("tenants:admin"),
    )
    async def create(
        self,
        data: JSONBody[TenantCreate],
        db: inject.Database,
        settings: inject.Settings,
        session: inject.Session,
        principal: inject.Principal,
    ) -> Response[Envelope[TenantView]]:
        """Create a tenant."""
        tenant = await service.create_tenant(db, data, actor=principal)
        return Response(
            ok(_tenant(tenant)),
            headers={"Location": f"{settings.api_v1_prefix}/tenants/{tenant.id}"},
        )

    @get(
        "/",
        operation_id="listTenants",
        opt=needs("tenants:admin"),
    )
    async def list_all(
        self,
        db: inject.Database,
        session: inject.Session,
        cursor: inject.Cursor = None,
        limit: inject.Limit = DEFAULT_LIMIT,
    ) -> Envelope[list[TenantView]]:
        """List all tenants in order of creation."""
        async with system_session(db) as all_tenants:
            page = await queries.list_tenants(all_tenants, cursor, limit)
        return ok_page(page.map(_tenant))

    @get(
        "/{tenant_id:uuid}",
        operation_id="getTenant",
        opt=needs("tenant:read"),
    )
    async def get_one(
        self,
        tenant_id: FromPath[UUID],
        db: inject.Database,
        session: inject.Session,
        principal: inject.Principal,
    ) -> Envelope[TenantView]:
        """Show a tenant."""
        async with service.acting_in(db, session, principal, tenant_id) as acting:
            return ok(_tenant(await queries.get_tenant(acting, tenant_id)))

    @patch(
        "/{tenant_id:uuid}",
        operation_id="updateTenant",
        opt=needs("tenant:write"),
    )
    async def update(
        self,
        tenant_id: FromPath[UUID],
        data: JSONBody[TenantUpdate],
        db: inject.Database,
        session: inject.Session,
        principal: inject.Principal,
    ) -> Envelope[TenantView]:
        """Change a tenant."""
        async with service.acting_in(db, session, principal, tenant_id) as acting:
            return ok(_tenant(await service.update_tenant(acting, principal, tenant_id, data)))

    @post(
        "/{tenant_id:uuid}/users",
        operation_id="createUser",
        opt=needs("users:admin", shows_secret=True),
    )
    async def create_user(
        self,
        tenant_id: FromPath[UUID],
        data: JSONBody[UserCreate],
        db: inject.Database,
        settings: inject.Settings,
        session: inject.Session,
        principal: inject.Principal,
    ) -> Response[Envelope[UserCreated]]:
        """Create an account.

        Without a password in the request, one is generated and shown once in the answer.
        """
        async with service.acting_in(db, session, principal, tenant_id) as acting:
            user, made = await service.create_user(acting, tenant_id, data, actor=principal)
            view = (await _users(acting, [user]))[0]
        return Response(
            ok(UserCreated(user=view, password=made)),
            headers={"Location": f"{settings.api_v1_prefix}/tenants/{tenant_id}/users/{user.id}"},
        )

    @get(
        "/{tenant_id:uuid}/users",
        operation_id="listUsers",
        opt=needs("users:admin"),
    )
    async def list_users(
        self,
        tenant_id: FromPath[UUID],
        db: inject.Database,
        session: inject.Session,
        principal: inject.Principal,
        cursor: inject.Cursor = None,
        limit: inject.Limit = DEFAULT_LIMIT,
    ) -> Envelope[list[UserView]]:
        """List the accounts of a tenant in order of creation."""
        async with service.acting_in(db, session, principal, tenant_id) as acting:
            page = await queries.list_users(acting, cursor, limit)
            views = await _users(acting, page.items)
        return ok_page(Page(views, page.next_cursor, page.limit))

    @patch(
        "/{tenant_id:uuid}/users/{user_id:uuid}",
        operation_id="updateUser",
        opt=needs("users:admin"),
        responses=failures(409),
    )
    async def update_user(
        self,
        tenant_id: FromPath[UUID],
        user_id: FromPath[UUID],
        data: JSONBody[UserUpdate],
        db: inject.Database,
        session: inject.Session,
        principal: inject.Principal,
    ) -> Envelope[UserView]:
        """Change name, role, state or campaigns of an account.

        A new role or a deactivation ends its sessions.
        """
        async with service.acting_in(db, session, principal, tenant_id) as acting:
            user = await service.update_user(acting, principal, tenant_id, user_id, data)
            return ok((await _users(acting, [user]))[0])

    @get(
        "/{tenant_id:uuid}/branding",
        operation_id="getBranding",
        opt=needs("branding:read"),
    )
    async def get_branding(
        self,
        tenant_id: FromPath[UUID],
        db: inject.Database,
        session: inject.Session,
        principal: inject.Principal,
    ) -> Envelope[Branding]:
        """Show how reports and e-mails of the tenant look."""
        async with service.acting_in(db, session, principal, tenant_id) as acting:
            tenant = await queries.get_tenant(acting, tenant_id)
            return ok(Branding(**tenant.branding))  # type: ignore[arg-type]  # stored from this struct

    @put(
        "/{tenant_id:uuid}/branding",
        operation_id="setBranding",
        opt=needs("branding:write"),
    )
    async def set_branding(
        self,
        tenant_id: FromPath[UUID],
        data: JSONBody[Branding],
        db: inject.Database,
        session: inject.Session,
        principal: inject.Principal,
    ) -> Envelope[Branding]:
        """Set how reports and e-mails of the tenant look."""
        async with service.acting_in(db, session, principal, tenant_id) as acting:
            return ok(await service.set_branding(acting, principal, tenant_id, data))


class AuditLogController(Controller):
    path = "/audit-log"
    tags = ("tenants",)

    @get(
        "/",
        operation_id="listAuditLog",
        opt=needs("audit_log:read"),
    )
    async def list_all(
        self,
        session: inject.Session,
        cursor: inject.Cursor = None,
        limit: inject.Limit = DEFAULT_LIMIT,
    ) -> Envelope[list[AuditView]]:
        """List the privileged actions in the tenant, newest first."""
        page = await queries.list_audit_log(session, cursor, limit)
        return ok_page(page.map(_entry))


def _entry(entry: AuditEntry) -> AuditView:
    return AuditView(
        id=entry.id,
        created_at=entry.created_at,
        actor_id=entry.actor_id,
        action=entry.action,
        target=entry.target,
        detail=entry.detail,
        request_id=entry.request_id,
    )


def _tenant(tenant: Tenant) -> TenantView:
    return TenantView(
        id=tenant.id,
        name=tenant.name,
        is_active=tenant.is_active,
        max_pages_per_run=tenant.max_pages_per_run,
        created_at=tenant.created_at,
    )


async def _users(session: AsyncSession, users: Sequence[User]) -> list[UserView]:
    campaigns = await queries.campaigns_of_users(session, [user.id for user in users])
    return [_user(user, campaigns[user.id]) for user in users]


def _user(user: User, campaign_ids: list[UUID]) -> UserView:
    return UserView(
        id=user.id,
        email=user.email,
        name=user.name,
        role=user.role,  # type: ignore[arg-type]  # the table's check constraint
        is_active=user.is_active,
        campaign_ids=campaign_ids,
        created_at=user.created_at,
        last_login_at=user.last_login_at,
    )
