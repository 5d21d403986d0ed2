"""The manifest of tenants, users and sessions."""

from lsos.core.http.access import Scope
from lsos.domains.auth.limiter import login_limiter
from lsos.room import Room

ROOM = Room(
    package=__package__,
    scopes=(
        Scope("branding:read", "client_viewer"),
        Scope("branding:write", "tenant_admin", is_for_keys=False),
        Scope("tenant:read", "tenant_admin", is_for_keys=False),
        Scope("tenant:write", "tenant_admin", is_for_keys=False),
        Scope("users:admin", "tenant_admin", is_for_keys=False),
        Scope("audit_log:read", "tenant_admin"),
        Scope("api_keys:write", "analyst", is_for_keys=False),
        Scope("tenants:admin", "platform_admin", is_for_keys=False),
    ),
    provides={"limiter": login_limiter},
)
