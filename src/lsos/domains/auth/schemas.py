"""Bodies of the auth and tenant routes."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from lsos.core.http.principal import Role
from lsos.core.http.schema import In, Name, Out
from lsos.core.http.wording import expected

# In Python, $ also matches before a last newline, which would split a mail header.
Email = Annotated[
    str,
    msgspec.Meta(
        max_length=254,
        pattern=r"^[^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+\.[^@\s\x00-\x1f]+$(?!\n)",
        extra=expected("an e-mail address, such as name@example.com"),
    ),
]
Password = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
Colour = Annotated[
    str,
    msgspec.Meta(pattern=r"^#[0-9a-fA-F]{6}$(?!\n)", extra=expected("a colour, such as #1f4e79")),
]


class Login(In):
    """What a person signs in with."""

    email: Annotated[str, msgspec.Meta(min_length=1, max_length=254)]
    """E-mail address of the account, in any case."""
    password: Password
    """Password of the account."""


class Refresh(In):
    """A refresh token to be exchanged."""

    refresh_token: Annotated[str, msgspec.Meta(min_length=1, max_length=4_096)]
    """The newest refresh token of the session."""


class PasswordChange(In):
    """The old password and the new one."""

    current_password: Password
    """The password that is valid now."""
    new_password: Password
    """12 to 256 characters, and not the e-mail address."""


class Tokens(Out):
    """An access token, and the refresh token that gets the next one."""

    access_token: str
    """Send it with every request: `Authorization: Bearer <token>`."""
    refresh_token: str
    """Exchange it at /auth/refresh before the access token expires; it works once."""
    expires_in: int
    """Lifetime of the access token, in seconds."""
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 -- RFC 6750's name of the scheme
    """Always Bearer."""


class Me(Out):
    """The account behind the token of this request."""

    user_id: UUID
    """Id of the user."""
    tenant_id: UUID
    """Id of the tenant (agency) that the user belongs to."""
    email: str
    """E-mail address that the user signs in with."""
    name: str
    """Name of the user; empty when none was given."""
    role: Role
    """Role of the user in its tenant."""
    scopes: list[str]
    """What this token may do, sorted; an API key may have fewer scopes than its user."""
    tenant_name: str
    """Name of the tenant."""


class ApiKeyCreate(In):
    """A key for a program that acts for the user who creates it."""

    name: Name
    """What the key is for; shown in lists."""
    scopes: Annotated[list[str], msgspec.Meta(min_length=1, max_length=50)]
    """What the key may do, such as crawl:read; never more than the role of its user."""
    expires_at: datetime | None = None
    """When the key stops working, with an offset; null or left out: never."""


class ApiKeyView(Out):
    """An API key, without its secret."""

    id: UUID
    """Id of the key."""
    name: str
    """What the key is for."""
    scopes: list[str]
    """What the key may do."""
    created_at: datetime
    """When the key was created."""
    expires_at: datetime | None
    """When the key stops working; null: never."""
    revoked_at: datetime | None
    """When the key was revoked; null: it was not."""
    last_used_at: datetime | None
    """When a request last used the key, to the minute; null: never."""


class ApiKeyCreated(Out):
    """A new key with its secret."""

    key: ApiKeyView
    """The new key."""
    secret: str
    """Shown in this answer only. Send it as a bearer token."""


class TenantCreate(In):
    """A new tenant (agency)."""

    name: Name
    """Name of the agency."""


class TenantUpdate(In):
    """What to change in a tenant; fields left out stay as they are."""

    name: Name | UnsetType = UNSET
    """Name of the agency."""
    is_active: bool | UnsetType = UNSET
    """false locks out every user of the tenant. Only a platform_admin may set it."""
    max_pages_per_run: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] | UnsetType | None = UNSET
    """Upper limit of pages per crawl run; null: the limit of the installation. Only a
    platform_admin may set it."""


class TenantView(Out):
    """A tenant: an agency with users, campaigns and data of its own."""

    id: UUID
    """Id of the tenant."""
    name: str
    """Name of the agency."""
    is_active: bool
    """false: nobody of this tenant can sign in."""
    max_pages_per_run: int | None
    """Upper limit of pages per crawl run; null: the limit of the installation."""
    created_at: datetime
    """When the tenant was created."""


class UserCreate(In):
    """A new account in a tenant."""

    email: Email
    """Address to sign in with; unique over the whole installation."""
    role: Role
    """Role in the tenant; platform_admin exists in the platform tenant only."""
    name: Annotated[str, msgspec.Meta(max_length=200)] = ""
    """Name of the person."""
    password: Password | None = None
    """12 to 256 characters; null or left out: one is generated and shown once in the answer."""
    campaign_ids: Annotated[list[UUID], msgspec.Meta(max_length=1_000)] = msgspec.field(
        default_factory=list
    )
    """Campaigns that a client_viewer may see; the other roles see all of them."""


class UserUpdate(In):
    """What to change in an account; fields left out stay as they are."""

    name: Annotated[str, msgspec.Meta(max_length=200)] | UnsetType = UNSET
    """Name of the person."""
    role: Role | UnsetType = UNSET
    """New role; it ends the sessions of the user."""
    is_active: bool | UnsetType = UNSET
    """false ends the sessions of the user and refuses new ones."""
    campaign_ids: Annotated[list[UUID], msgspec.Meta(max_length=1_000)] | UnsetType = UNSET
    """All campaigns that a client_viewer may see; replaces the former list."""


class UserView(Out):
    """An account of a tenant."""

    id: UUID
    """Id of the user."""
    email: str
    """Address that the user signs in with, in lower case."""
    name: str
    """Name of the person; empty when none was given."""
    role: Role
    """Role in the tenant."""
    is_active: bool
    """false: the user cannot sign in."""
    campaign_ids: list[UUID]
    """Campaigns that a client_viewer may see; the other roles see all of them."""
    created_at: datetime
    """When the account was created."""
    last_login_at: datetime | None
    """When the user last signed in; null: never."""


class UserCreated(Out):
    """A new account."""

    user: UserView
    """The new account."""
    password: str | None
    """The generated password, shown in this answer only; null: the request brought its own."""


class Branding(In, omit_defaults=False):
    """How this agency's reports and e-mails look."""

    display_name: Annotated[str, msgspec.Meta(max_length=200)] = ""
    """Name of the agency as its clients read it; empty: the name of the tenant."""
    primary_colour: Colour = "#1f4e79"
    """Colour of headings and charts, such as #1f4e79."""
    accent_colour: Colour = "#e07a1f"
    """Colour of highlights, such as #e07a1f."""
    sender_name: Annotated[str, msgspec.Meta(max_length=100)] = ""
    """Name of the sender of e-mails; empty: `display_name`."""
    reply_to: Email | None = None
    """Address for replies to e-mails; null: the sender of the installation."""
    footer: Annotated[str, msgspec.Meta(max_length=1_000)] = ""
    """Text at the end of reports."""


class AuditView(Out):
    """A privileged action: who changed what, and when."""

    id: UUID
    """Id of the entry."""
    created_at: datetime
    """When it happened."""
    actor_id: UUID | None
    """User who did it; null: the platform itself, or its operator on the command line."""
    action: str
    """What was done, such as campaign.updated."""
    target: str
    """What it was done to, such as a kind and an id."""
    detail: dict[str, object]
    """More about the action, such as the changed fields; it depends on `action`."""
    request_id: str
    """Id of the request; empty when no request was behind it."""
