"""Tables of tenants, users, sessions, refresh tokens and API keys."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint, func
from sqlalchemy.dialects.postgresql import BYTEA
from sqlalchemy.orm import Mapped, mapped_column

from lsos.core.clock import new_id
from lsos.core.db.keys import one_of
from lsos.core.db.model import Base, TenantRow
from lsos.core.http.principal import Role


class Tenant(Base):
    """An agency. Its policy is on its own id."""

    __tablename__ = "tenants"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str]
    is_platform: Mapped[bool] = mapped_column(default=False)
    is_active: Mapped[bool] = mapped_column(default=True)
    max_pages_per_run: Mapped[int | None]
    """Cap of a run's page budget that a platform_admin set; None: CRAWL_MAX_PAGES_PER_RUN."""
    branding: Mapped[dict[str, object]] = mapped_column(default=dict)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class User(TenantRow, Base):
    __tablename__ = "users"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenants.id"], ondelete="CASCADE"),
        UniqueConstraint("email"),
        one_of("role", Role),
    )

    email: Mapped[str]
    """Case-folded; unique over the platform, the one key without the tenant."""
    name: Mapped[str] = mapped_column(default="")
    role: Mapped[str]
    password_hash: Mapped[str]
    is_active: Mapped[bool] = mapped_column(default=True)
    last_login_at: Mapped[datetime | None]


class UserCampaign(Base):
    """A campaign that a client_viewer may see; other roles see all of their tenant's."""

    __tablename__ = "user_campaigns"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "user_id"], ["users.tenant_id", "users.id"], ondelete="CASCADE"
        ),
        ForeignKeyConstraint(
            ["tenant_id", "campaign_id"],
            ["campaigns.tenant_id", "campaigns.id"],
            ondelete="CASCADE",
        ),
    )

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    campaign_id: Mapped[UUID] = mapped_column(primary_key=True)


class AuthSession(TenantRow, Base):
    """A login and the family of refresh tokens that descend from it."""

    __tablename__ = "auth_sessions"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "user_id"], ["users.tenant_id", "users.id"], ondelete="CASCADE"
        ),
        Index("ix_auth_sessions_user", "tenant_id", "user_id"),
    )

    user_id: Mapped[UUID]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    revoked_why: Mapped[str | None]


class RefreshToken(TenantRow, Base):
    """One link of a family; its id is the token's jti."""

    __tablename__ = "refresh_tokens"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "session_id"],
            ["auth_sessions.tenant_id", "auth_sessions.id"],
            ondelete="CASCADE",
        ),
        Index("ix_refresh_tokens_session", "tenant_id", "session_id"),
    )

    session_id: Mapped[UUID]
    issued_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    successor_id: Mapped[UUID | None]


class ApiKey(TenantRow, Base):
    __tablename__ = "api_keys"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "user_id"], ["users.tenant_id", "users.id"], ondelete="CASCADE"
        ),
        Index("ix_api_keys_id", "id"),
    )

    user_id: Mapped[UUID]
    """Its maker: the key dies with the account and never has more than its role's scopes."""
    name: Mapped[str]
    secret_hash: Mapped[bytes] = mapped_column(BYTEA)
    scopes: Mapped[list[str]]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
