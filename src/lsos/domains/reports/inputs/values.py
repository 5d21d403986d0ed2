"""Numbers and lists out of JSON columns, and who measured."""

from collections.abc import Iterable, Mapping

from lsos.domains.reports import rules


def figure(column: Mapping[str, object], name: str) -> float | None:
    value = column.get(name)
    return float(value) if isinstance(value, int | float) else None


def texts(column: Mapping[str, object], name: str) -> list[str]:
    value = column.get(name)
    return [str(item) for item in value[: rules.MAX_ADVICE]] if isinstance(value, list) else []


def joined(sources: Iterable[str]) -> str:
    """Who measured: one synthetic part makes the whole partly synthetic."""
    return ", ".join(sorted({source for source in sources if source}))
