"""Rules of passwords, log-ins and keys."""

import hashlib
from typing import Literal

ACCESS_AUDIENCE = "lsos-api"
REFRESH_AUDIENCE = "lsos-refresh"
ISSUER = "lsos"
ALGORITHM = "HS256"

REFRESH_GRACE_S = 10
"""A refresh token used again within this time gets the same successor: parallel tabs."""

MIN_PASSWORD_CHARS = 12
MAX_PASSWORD_CHARS = 256

ACCOUNT_TRIES = 10
IP_TRIES = 100
KNOWN_IP_TRIES = 5
LOGIN_WINDOW_S = 300
KNOWN_IP_S = 30 * 86_400

KEY_PREFIX = "lsk_"

PasswordFault = Literal["too_short", "too_long", "like_email"]


def fold_email(email: str) -> str:
    """The platform-wide identity of an account."""
    return email.strip().casefold()


def password_fault(password: str, email: str) -> PasswordFault | None:
    """Why a new password is refused (NIST SP 800-63B section 3.1.1: length, no composition)."""
    if len(password) < MIN_PASSWORD_CHARS:
        return "too_short"
    if len(password) > MAX_PASSWORD_CHARS:
        return "too_long"
    return "like_email" if password.casefold() == fold_email(email) else None


def key_hash(secret: str) -> bytes:
    """An API key's secret has 256 random bits, so one SHA-256 is enough."""
    return hashlib.sha256(secret.encode()).digest()


def account_key(email: str) -> str:
    """Name of an account in Redis: no address is stored there."""
    return hashlib.sha256(fold_email(email).encode()).hexdigest()[:32]
