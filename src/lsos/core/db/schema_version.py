"""The newest migration that this code needs; the migrations themselves may not be installed."""

HEAD = "0015"
"""Revision of the newest file in migrations/versions; always four digits, to be comparable."""


def is_satisfied(found: str) -> bool:
    """Whether this code works with a database at this revision.

    It works with one that is ahead: deployments migrate first, while the previous code is still
    running.
    """
    return len(found) == len(HEAD) and found.isdigit() and found >= HEAD
