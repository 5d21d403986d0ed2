"""The newest migration that this code needs, known also where the migrations are not shipped."""

HEAD = "0014"
"""Revision of the newest file of migrations/versions; four digits, so that they compare."""


def is_satisfied(found: str) -> bool:
    """Whether a database at this revision serves this code.

    One that is ahead does: deployments migrate first, while the former code still runs.
    """
    return len(found) == len(HEAD) and found.isdigit() and found >= HEAD
