"""Public suffixes, including private ones, from the list bundled with tldextract.

tldextract itself is never imported: with `requests`, which it needs to update the list, it would
add 0.2 s to the start of every process, and an HTTP client to the reader.
"""

from functools import cache
from importlib.machinery import SourceFileLoader
from importlib.util import find_spec

_SNAPSHOT = ".tld_set_snapshot"


@cache
def _rules() -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """Names, parents of a wildcard, and exceptions to wildcards; labels in Unicode."""
    spec = find_spec("tldextract")  # finds a package without importing it
    assert spec is not None
    assert spec.origin is not None
    assert isinstance(spec.loader, SourceFileLoader)
    raw = spec.loader.get_data(spec.origin.removesuffix("__init__.py") + _SNAPSHOT)
    lines = raw.decode().splitlines()
    rules = [line.split()[0] for line in lines if line.strip() and not line.startswith("//")]
    wild = frozenset(rule[2:] for rule in rules if rule.startswith("*."))
    exceptions = frozenset(rule[1:] for rule in rules if rule.startswith("!"))
    return frozenset(rules), wild, exceptions


def public_suffix(host: str) -> str:
    """Suffix of a lower-case host without port; "" for addresses and names not in the list."""
    names, wild, exceptions = _rules()
    given = host.split(".")
    labels = [_unicode(label) for label in given]
    for at in range(len(labels)):
        name = ".".join(labels[at:])
        parent = ".".join(labels[at + 1 :])
        if name in exceptions:
            return ".".join(given[at + 1 :])
        if name in names or (parent and parent in wild):
            return ".".join(given[at:])
    return ""


def below_suffix(host: str) -> str:
    """Its public suffix plus one label; "" without a suffix, or if it is only a suffix."""
    suffix = public_suffix(host)
    rest = host.removesuffix(suffix).rstrip(".") if suffix else ""
    return f"{rest.rpartition('.')[2]}.{suffix}" if rest else ""


def _unicode(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        return label.encode("ascii").decode("idna")
    except UnicodeError:
        return label
