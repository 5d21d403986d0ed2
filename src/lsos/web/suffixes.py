"""Public suffixes, including private ones such as github.io, from the list of publicsuffix.org."""

from functools import cache

from publicsuffixlist import PublicSuffixList


@cache
def _suffixes() -> PublicSuffixList:
    """Read once, when the first host is looked up: it takes some 50 ms."""
    return PublicSuffixList(accept_unknown=False)


def public_suffix(host: str) -> str:
    """Suffix of a lower-case host without port; "" for addresses and names not in the list."""
    return _suffixes().publicsuffix(host) or ""


def below_suffix(host: str) -> str:
    """Its public suffix plus one label; "" without a suffix, or if it is only a suffix."""
    return _suffixes().privatesuffix(host) or ""
