"""Bodies of the auth and tenant routes."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from lsos.core.http.principal import Role
from lsos.core.http.schema import In, Name, Out

# In Python, $ also matches before a last newline, which would split a mail header.
Email = Annotated[
    str,
    msgspec.Meta(
        max_length=254, pattern=r"^[^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+\.[^@\s\x00-\x1f]+$(?!\n)"
    ),
]
Password = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
Colour = Annotated[str, msgspec.Meta(pattern=r"^#[0-9a-fA-F]{6}$(?!\n)")]


class Login(In):
    email: Annotated[str, msgspec.Meta(min_length=1, max_length=254)]
    password: Password


class Refresh(In):
    refresh_token: Annotated[str, msgspec.Meta(min_length=1, max_length=4_096)]


class PasswordChange(In):
    current_password: Password
    new_password: Password


class Tokens(Out):
    access_token: str
    refresh_token: str
    expires_in: int
    """Seconds that the access token lives."""
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 -- RFC 6750's name of the scheme


class Me(Out):
    user_id: UUID
    tenant_id: UUID
    email: str
    name: str
    role: Role
    scopes: list[str]
    tenant_name: str


class ApiKeyCreate(In):
    name: Name
    scopes: Annotated[list[str], msgspec.Meta(min_length=1, max_length=50)]
    expires_at: datetime | None = None


class ApiKeyView(Out):
    id: UUID
    name: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


class ApiKeyCreated(Out):
    key: ApiKeyView
    secret: str
    """Shown once; send it as a bearer token."""


class TenantCreate(In):
    name: Name


class TenantUpdate(In):
    name: Name | UnsetType = UNSET
    is_active: bool | UnsetType = UNSET
    """platform_admin's alone."""
    max_pages_per_run: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] | UnsetType | None = UNSET
    """platform_admin's alone; null: the installation's cap."""


class TenantView(Out):
    id: UUID
    name: str
    is_active: bool
    max_pages_per_run: int | None
    created_at: datetime


class UserCreate(In):
    email: Email
    role: Role
    name: Annotated[str, msgspec.Meta(max_length=200)] = ""
    password: Password | None = None
    """Left out: a password is made and shown once in the answer."""
    campaign_ids: Annotated[list[UUID], msgspec.Meta(max_length=1_000)] = msgspec.field(
        default_factory=list
    )
    """What a client_viewer may see."""


class UserUpdate(In):
    name: Annotated[str, msgspec.Meta(max_length=200)] | UnsetType = UNSET
    role: Role | UnsetType = UNSET
    is_active: bool | UnsetType = UNSET
    campaign_ids: Annotated[list[UUID], msgspec.Meta(max_length=1_000)] | UnsetType = UNSET


class UserView(Out):
    id: UUID
    email: str
    name: str
    role: Role
    is_active: bool
    campaign_ids: list[UUID]
    created_at: datetime
    last_login_at: datetime | None


class UserCreated(Out):
    user: UserView
    password: str | None
    """The password that was made; null when the request brought its own."""


class Branding(In, omit_defaults=False):
    """How reports and mails of this agency look."""

    display_name: Annotated[str, msgspec.Meta(max_length=200)] = ""
    primary_colour: Colour = "#1f4e79"
    accent_colour: Colour = "#e07a1f"
    sender_name: Annotated[str, msgspec.Meta(max_length=100)] = ""
    reply_to: Email | None = None
    footer: Annotated[str, msgspec.Meta(max_length=1_000)] = ""


class AuditView(Out):
    id: UUID
    created_at: datetime
    actor_id: UUID | None
    action: str
    target: str
    detail: dict[str, object]
    request_id: str
