"""Which scopes a role has, and which of them an API key may carry."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from lsos.core.http.principal import Role

RANKS: tuple[Role, ...] = ("client_viewer", "analyst", "tenant_admin", "platform_admin")
"""Each role has all scopes of those before it."""


class Scope(NamedTuple):
    """A permission that routes ask for, such as `crawl:read`."""

    name: str
    role: Role
    """The lowest role that has it."""
    is_for_keys: bool = True
    """Whether an API key may carry it; never the administration of users and keys."""


@dataclass(frozen=True)
class Access:
    """Who may do what, by the scopes of all rooms."""

    scopes_of: dict[Role, frozenset[str]]
    key_scopes: frozenset[str]

    @classmethod
    def of(cls, scopes: Iterable[Scope]) -> "Access":
        """ValueError when two rooms declare one scope."""
        declared: dict[str, Scope] = {}
        for scope in scopes:
            if scope.name in declared:
                raise ValueError(f"the scope {scope.name} is declared twice")
            declared[scope.name] = scope
        return cls(
            {
                role: frozenset(s.name for s in declared.values() if RANKS.index(s.role) <= rank)
                for rank, role in enumerate(RANKS)
            },
            frozenset(scope.name for scope in declared.values() if scope.is_for_keys),
        )


def read_and_write(name: str) -> tuple[Scope, Scope]:
    """The usual scopes of a room: everybody reads, analysts work."""
    return Scope(f"{name}:read", "client_viewer"), Scope(f"{name}:write", "analyst")
