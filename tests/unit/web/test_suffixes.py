"""Public suffixes, beside the library whose list they are read from."""

import pytest
import tldextract

from lsos.web.suffixes import below_suffix, public_suffix

LIBRARY = tldextract.TLDExtract(
    cache_dir=None, suffix_list_urls=(), include_psl_private_domains=True
)
HOSTS = (
    "example.com", "com", "a.b.example.co.uk", "co.uk", "alice.github.io", "github.io", "a.b.ck",
    "b.ck", "www.ck", "a.www.ck", "x.kawasaki.jp", "city.kawasaki.jp", "a.city.kawasaki.jp",
    "bücher.de", "xn--bcher-kva.de", "www.xn--55qx5d.cn", "a.公司.cn", "localhost", "127.0.0.1",
    "[::1]", "shop.internal", "site.test", "", "xn--.com", "a.xn--zz",
)  # fmt: skip


@pytest.mark.parametrize("host", HOSTS)
def test_suffixes_are_those_of_the_library(host: str) -> None:
    expected = LIBRARY.extract_str(host)
    assert public_suffix(host) == expected.suffix
    assert below_suffix(host) == expected.top_domain_under_public_suffix


def test_a_wildcard_holds_for_a_name_that_is_the_parent_of_another_one() -> None:
    assert public_suffix("ex.futurecms.at") == "ex.futurecms.at"
    assert public_suffix("a.b.ex.futurecms.at") == "b.ex.futurecms.at"
