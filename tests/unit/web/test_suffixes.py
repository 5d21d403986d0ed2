"""Public suffixes: rules, wildcards, exceptions, private domains and names in Unicode."""

import pytest

from lsos.web.suffixes import below_suffix, public_suffix

# After the examples of https://github.com/publicsuffix/list/blob/main/tests/test_psl.txt and the
# kinds of hosts that crawls meet.
HOSTS = {
    "example.com": ("com", "example.com"),
    "com": ("com", ""),
    "a.b.example.co.uk": ("co.uk", "example.co.uk"),
    "co.uk": ("co.uk", ""),
    "alice.github.io": ("github.io", "alice.github.io"),
    "github.io": ("github.io", ""),
    "a.b.ck": ("b.ck", "a.b.ck"),
    "b.ck": ("b.ck", ""),
    "www.ck": ("ck", "www.ck"),
    "a.www.ck": ("ck", "www.ck"),
    "x.kawasaki.jp": ("x.kawasaki.jp", ""),
    "city.kawasaki.jp": ("kawasaki.jp", "city.kawasaki.jp"),
    "a.city.kawasaki.jp": ("kawasaki.jp", "city.kawasaki.jp"),
    "a.b.ex.futurecms.at": ("b.ex.futurecms.at", "a.b.ex.futurecms.at"),
    "bücher.de": ("de", "bücher.de"),
    "xn--bcher-kva.de": ("de", "xn--bcher-kva.de"),
    "www.xn--55qx5d.cn": ("xn--55qx5d.cn", "www.xn--55qx5d.cn"),
    "a.公司.cn": ("公司.cn", "a.公司.cn"),
    "xn--.com": ("com", "xn--.com"),
    # Names and addresses that no list has:
    "a.xn--zz": ("", ""),
    "localhost": ("", ""),
    "127.0.0.1": ("", ""),
    "[::1]": ("", ""),
    "shop.internal": ("", ""),
    "site.test": ("", ""),
    "a..b": ("", ""),
    "": ("", ""),
}


@pytest.mark.parametrize(("host", "expected"), HOSTS.items())
def test_a_host_divides_into_suffix_and_owner(host: str, expected: tuple[str, str]) -> None:
    assert (public_suffix(host), below_suffix(host)) == expected
