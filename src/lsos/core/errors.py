"""All errors that LSOS raises deliberately.

LsosError
├── SettingsError          start-up refused; lists every invalid setting
├── Malformed              400  not valid JSON
├── Invalid                422  invalid structure or values
├── Unauthenticated        401
├── Forbidden              403
├── NotFound               404  also for ids of other tenants
├── Conflict               409
├── PreconditionFailed     412
├── Unsupported            415
├── TooMany                429  with Retry-After
├── Unavailable            503  with Retry-After
├── OutboundError          502  no response (in core.outbound_errors)
└── TaskError              outcome of an attempt of a job
    ├── Transient          another attempt may succeed
    ├── Permanent          another attempt cannot help
    └── Reschedule         no permit or not due: requeued, no attempt used
"""

from collections.abc import Sequence


class LsosError(Exception):
    """Base class; `code` is a stable snake_case identifier, `status` the HTTP status."""

    status = 500
    code = "internal_error"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        field: str | None = None,
        detail: object = None,
        retry_after_s: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.field = field
        self.detail = detail
        self.retry_after_s = retry_after_s


class SettingsError(LsosError):
    code = "settings_invalid"

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("settings are not usable:\n" + "\n".join(f"  - {f}" for f in faults))
        self.faults = tuple(faults)


class Malformed(LsosError):
    status = 400
    code = "malformed_json"


class Invalid(LsosError):
    status = 422
    code = "validation_failed"


class Unauthenticated(LsosError):
    status = 401
    code = "not_authenticated"


class Forbidden(LsosError):
    status = 403
    code = "forbidden"


class NotFound(LsosError):
    status = 404
    code = "not_found"


class Conflict(LsosError):
    status = 409
    code = "conflict"


class PreconditionFailed(LsosError):
    status = 412
    code = "precondition_failed"


class Unsupported(LsosError):
    status = 415
    code = "unsupported_media_type"


class TooMany(LsosError):
    status = 429
    code = "rate_limited"


class Unavailable(LsosError):
    status = 503
    code = "unavailable"


class TaskError(LsosError):
    code = "task_failed"


class Transient(TaskError):
    code = "transient"


class Permanent(TaskError):
    code = "permanent"


class Reschedule(TaskError):
    """Raised by a task that must wait for `delay_s` seconds."""

    code = "not_yet"

    def __init__(self, message: str, *, delay_s: float) -> None:
        super().__init__(message)
        self.delay_s = delay_s
