"""A page read in the wrong encoding shows garbled titles, texts and phone numbers."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsos.web.html.charset import decode, encoding_name, from_content_type, prescan

CASES = json.loads((Path(__file__).parents[2] / "data" / "html_charset.json").read_text())["cases"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_names_the_encoding_that_browsers_would(case: dict[str, str]) -> None:
    assert decode(case["data"].encode()).name == case["expected_encoding"]


@pytest.mark.parametrize(
    "content_type, expected",
    [
        ('text/html; charset="utf8"', "utf-8"),
        ("text/html;charset=UTF-8", "utf-8"),
        ("text/html; charset='latin1'", "windows-1252"),
        ("text/html; charset = gb2312 ; x=y", "gbk"),
        ("text/html; charset=foo-bar", ""),
        ("text/html; charset=", ""),
        ("text/html", ""),
        ("", ""),
    ],
)
def test_reads_the_charset_parameter(content_type: str, expected: str) -> None:
    assert from_content_type(content_type) == expected


@pytest.mark.parametrize(
    "codec, label, text",
    [
        ("cp932", "shift_jis", "歯科医院～①"),
        ("gb18030", "gbk", "牙科诊所€"),
        ("cp949", "euc-kr", "치과 똠방각하"),
        ("cp1251", "windows-1251", "Стоматология"),
        ("big5hkscs", "big5", "牙醫診所"),
        ("euc_jp", "euc-jp", "歯科"),
        ("iso2022_jp", "iso-2022-jp", "歯科"),
        ("cp1252", "iso-8859-1", "Zahnarzt – Köln €"),
        ("cp1254", "iso-8859-9", "diş hekimi"),
        ("mac_roman", "macintosh", "Zürich"),
        ("iso8859_15", "iso-8859-15", "€"),
    ],
)
def test_text_survives_its_encoding(codec: str, label: str, text: str) -> None:
    body = b'<meta charset="' + label.encode() + b'"><title>' + text.encode(codec)
    assert text in decode(body).data.decode()
    assert text in decode(text.encode(codec), f"text/html; charset={label}").data.decode()


@pytest.mark.parametrize(
    "body, content_type, name, source",
    [
        (b"\xef\xbb\xbfx", "text/html; charset=latin1", "utf-8", "bom"),
        (b"\xff\xfex\0", "", "utf-16le", "bom"),
        (b"\xfe\xff\0x", "", "utf-16be", "bom"),
        (b'<meta charset="koi8-r">', "text/html; charset=utf-8", "utf-8", "header"),
        (b'<meta charset="koi8-r">', "text/html; charset=bogus", "koi8-r", "meta"),
        (b"<meta charset=utf-16>\xc3\xa9", "", "utf-8", "meta"),
        ("é".encode(), "", "utf-8", "default"),
        ("é".encode()[:1] * 2, "", "windows-1252", "default"),
        ("né€".encode()[:-1], "", "utf-8", "default"),
        (b"plain", "", "windows-1252", "default"),
        (b" " * 1024 + b"<meta charset=koi8-r>", "", "koi8-r", "default"),
        (b'<?xml version="1.0" encoding="koi8-r"?><html>', "", "koi8-r", "meta"),
        (b"<meta charset=x-user-defined>", "", "windows-1252", "meta"),
        (b"", "", "windows-1252", "default"),
    ],
)
def test_order_of_precedence(body: bytes, content_type: str, name: str, source: str) -> None:
    decoded = decode(body, content_type)
    assert (decoded.name, decoded.source) == (name, source)


def test_byte_order_mark_is_no_text() -> None:
    assert decode(b"\xef\xbb\xbfx").data == b"x"
    assert decode("\ufeffé".encode("utf-16-le")).data.decode() == "é"


def test_bytes_that_windows_1252_leaves_undefined_are_controls() -> None:
    assert decode(b"\x81\xe9", "text/html; charset=latin1").data.decode() == "\x81é"


def test_invalid_utf_8_is_replaced() -> None:
    assert decode(b"a\xffb", "text/html; charset=utf-8").data.decode() == "a\ufffdb"


def test_encodings_that_hide_markup_are_not_decoded() -> None:
    assert decode(b"~{<script>", "text/html; charset=hz-gb-2312").data.decode() == "\ufffd"


@given(
    st.binary(max_size=300),
    st.sampled_from(["", "text/html; charset=iso-2022-jp", "x; charset=gbk", "x; charset=utf-16"])
    | st.text(max_size=60),
)
def test_any_bytes_become_utf_8(body: bytes, content_type: str) -> None:
    decode(body, content_type).data.decode()


MARKUP = b"<meta |charset|=|\"|'|>| |utf-8|<!--|-->|/|<|x|http-equiv|\0".split(b"|")


@given(st.lists(st.sampled_from(MARKUP)))
def test_prescan_ends_on_any_markup(parts: list[bytes]) -> None:
    prescan(b"".join(parts))


def test_labels_are_trimmed_and_folded() -> None:
    assert encoding_name("\n UTF8\t") == "utf-8"
    assert encoding_name("\u00a0utf8") == ""
