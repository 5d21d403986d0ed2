"""Routes of signing in, tenants, users and the audit log."""

from lsos.domains.auth.controller.signing_in import AuthController
from lsos.domains.auth.controller.tenants import AuditLogController, TenantController

CONTROLLERS = (AuthController, TenantController, AuditLogController)
