"""Determines a page's encoding and converts it to UTF-8, by the rules that browsers follow.

Sources: WHATWG Encoding Standard (labels) and HTML Standard, "determining the character encoding".
"""

import codecs
import re
from typing import Literal, NamedTuple

Source = Literal["bom", "header", "meta", "default"]

PRESCAN_BYTES = 1024

_LABELS = {
    "utf-8": "unicode-1-1-utf-8 unicode11utf8 unicode20utf8 utf-8 utf8 x-unicode20utf8",
    "ibm866": "866 cp866 csibm866 ibm866",
    "iso-8859-2": "csisolatin2 iso-8859-2 iso-ir-101 iso8859-2 iso88592 iso_8859-2 "
    "iso_8859-2:1987 l2 latin2",
    "iso-8859-3": "csisolatin3 iso-8859-3 iso-ir-109 iso8859-3 iso88593 iso_8859-3 "
    "iso_8859-3:1988 l3 latin3",
    "iso-8859-4": "csisolatin4 iso-8859-4 iso-ir-110 iso8859-4 iso88594 iso_8859-4 "
    "iso_8859-4:1988 l4 latin4",
    "iso-8859-5": "csisolatincyrillic cyrillic iso-8859-5 iso-ir-144 iso8859-5 iso88595 "
    "iso_8859-5 iso_8859-5:1988",
    "iso-8859-6": "arabic asmo-708 csiso88596e csiso88596i csisolatinarabic ecma-114 iso-8859-6 "
    "iso-8859-6-e iso-8859-6-i iso-ir-127 iso8859-6 iso88596 iso_8859-6 iso_8859-6:1987",
    "iso-8859-7": "csisolatingreek ecma-118 elot_928 greek greek8 iso-8859-7 iso-ir-126 iso8859-7 "
    "iso88597 iso_8859-7 iso_8859-7:1987 sun_eu_greek",
    "iso-8859-8": "csiso88598e csisolatinhebrew hebrew iso-8859-8 iso-8859-8-e iso-ir-138 "
    "iso8859-8 iso88598 iso_8859-8 iso_8859-8:1988 visual",
    "iso-8859-8-i": "csiso88598i iso-8859-8-i logical",
    "iso-8859-10": "csisolatin6 iso-8859-10 iso-ir-157 iso8859-10 iso885910 l6 latin6",
    "iso-8859-13": "iso-8859-13 iso8859-13 iso885913",
    "iso-8859-14": "iso-8859-14 iso8859-14 iso885914",
    "iso-8859-15": "csisolatin9 iso-8859-15 iso8859-15 iso885915 iso_8859-15 l9",
    "iso-8859-16": "iso-8859-16",
    "koi8-r": "cskoi8r koi koi8 koi8-r koi8_r",
    "koi8-u": "koi8-ru koi8-u",
    "macintosh": "csmacintosh mac macintosh x-mac-roman",
    "windows-874": "dos-874 iso-8859-11 iso8859-11 iso885911 tis-620 windows-874",
    "windows-1250": "cp1250 windows-1250 x-cp1250",
    "windows-1251": "cp1251 windows-1251 x-cp1251",
    "windows-1252": "ansi_x3.4-1968 ascii cp1252 cp819 csisolatin1 ibm819 iso-8859-1 iso-ir-100 "
    "iso8859-1 iso88591 iso_8859-1 iso_8859-1:1987 l1 latin1 us-ascii windows-1252 x-cp1252",
    "windows-1253": "cp1253 windows-1253 x-cp1253",
    "windows-1254": "cp1254 csisolatin5 iso-8859-9 iso-ir-148 iso8859-9 iso88599 iso_8859-9 "
    "iso_8859-9:1989 l5 latin5 windows-1254 x-cp1254",
    "windows-1255": "cp1255 windows-1255 x-cp1255",
    "windows-1256": "cp1256 windows-1256 x-cp1256",
    "windows-1257": "cp1257 windows-1257 x-cp1257",
    "windows-1258": "cp1258 windows-1258 x-cp1258",
    "x-mac-cyrillic": "x-mac-cyrillic x-mac-ukrainian",
    "gbk": "chinese csgb2312 csiso58gb231280 gb2312 gb_2312 gb_2312-80 gbk iso-ir-58 x-gbk",
    "gb18030": "gb18030",
    "big5": "big5 big5-hkscs cn-big5 csbig5 x-x-big5",
    "euc-jp": "cseucpkdfmtjapanese euc-jp x-euc-jp",
    "iso-2022-jp": "csiso2022jp iso-2022-jp",
    "shift_jis": "csshiftjis ms932 ms_kanji shift-jis shift_jis sjis windows-31j x-sjis",
    "euc-kr": "cseuckr csksc56011987 euc-kr iso-ir-149 korean ks_c_5601-1987 ks_c_5601-1989 "
    "ksc5601 ksc_5601 windows-949",
    "replacement": "csiso2022kr hz-gb-2312 iso-2022-cn iso-2022-cn-ext iso-2022-kr replacement",
    "utf-16be": "unicodefffe utf-16be",
    "utf-16le": "csunicode iso-10646-ucs-2 ucs-2 unicode unicodefeff utf-16 utf-16le",
    "x-user-defined": "x-user-defined",
}
_NAME_OF = {label: name for name, labels in _LABELS.items() for label in labels.split()}

# The standard's decoders read supersets of some labels; Python has other names for them.
_CODECS = {
    "ibm866": "cp866",
    "iso-8859-8-i": "iso-8859-8",
    "macintosh": "mac_roman",
    "windows-874": "cp874",
    "x-mac-cyrillic": "mac_cyrillic",
    "gbk": "gb18030",
    "big5": "big5hkscs",
    "shift_jis": "cp932",
    "euc-kr": "cp949",
}
_NOT_ASCII_SUPERSETS = ("utf-16be", "utf-16le", "iso-2022-jp", "replacement")


def _charmap(codec: str) -> str:
    """A decoding table in which undefined bytes are C1 controls, as in the standard's indexes."""
    return "".join(bytes([i]).decode(codec, "ignore") or chr(i) for i in range(256))


# Python leaves bytes undefined that browsers decode.
_CHARMAPS = {name: _charmap(name) for name in ("windows-1252", "windows-1254", "windows-1258")} | {
    "x-user-defined": "".join(chr(i if i < 0x80 else 0xF700 + i) for i in range(256)),
}


class Decoded(NamedTuple):
    data: bytes
    """Valid UTF-8 without byte order mark."""
    name: str
    source: Source


def encoding_name(label: str) -> str:
    """WHATWG name of an encoding label; "" if unknown."""
    return _NAME_OF.get(label.strip("\t\n\f\r ").lower(), "")


_PARAM = re.compile(r"""charset\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s;,"']+))""", re.IGNORECASE)


def from_content_type(value: str) -> str:
    """WHATWG name of the charset parameter; "" if absent or unknown."""
    found = _PARAM.search(value)
    return encoding_name(found[1] or found[2] or found[3] or "") if found else ""


def decode(body: bytes, content_type: str = "") -> Decoded:
    """The body as UTF-8.

    Without a declared encoding, the standard says windows-1252; a body with non-ASCII bytes that is
    valid UTF-8 is nevertheless read as UTF-8 (source "default"), because that is what its author
    meant. A meta element after the first 1,024 bytes is honoured, as in browsers, but the source
    stays "default": it causes a reload and should be reported.
    """
    name, source, skip = _detect(body, content_type)
    if skip:
        body = body[skip:]
    return Decoded(_to_utf8(body, name), name, source)


def _detect(body: bytes, content_type: str) -> tuple[str, Source, int]:
    """Encoding, source and length of the byte order mark."""
    if body.startswith(codecs.BOM_UTF8):
        return "utf-8", "bom", 3
    if body.startswith(codecs.BOM_UTF16_BE):
        return "utf-16be", "bom", 2
    if body.startswith(codecs.BOM_UTF16_LE):
        return "utf-16le", "bom", 2
    if name := from_content_type(content_type):
        return name, "header", 0
    if name := prescan(body[:PRESCAN_BYTES]):
        return name, "meta", 0
    if len(body) > PRESCAN_BYTES and (name := _late_meta(body)):
        return name, "default", 0
    return ("utf-8" if _is_utf8(body) else "windows-1252"), "default", 0


def _late_meta(body: bytes) -> str:
    """Encoding from a meta element in the first 64 KiB, for bodies that declare none earlier."""
    start = body.find(b"charset", 0, 65_536)
    return prescan(body[:65_536]) if start >= 0 else ""


def _is_utf8(body: bytes) -> bool:
    """Whether it is non-ASCII UTF-8; a character split by the size limit is ignored."""
    if body.isascii():
        return False
    try:
        codecs.utf_8_decode(body, "strict", False)
    except UnicodeDecodeError:
        return False
    return True


def _to_utf8(body: bytes, name: str) -> bytes:
    if name not in _NOT_ASCII_SUPERSETS and body.isascii():
        return body
    if name == "replacement":
        return "\ufffd".encode() if body else b""
    if table := _CHARMAPS.get(name):
        return codecs.charmap_decode(body, "replace", table)[0].encode()
    if name == "utf-8":
        try:
            body.decode()
        except UnicodeDecodeError:
            return body.decode(errors="replace").encode()
        return body
    return body.decode(_CODECS.get(name, name), "replace").encode("utf-8", "replace")


_TOKEN = re.compile(rb"<(?:!--|meta[\t\n\f\r /]|/?[a-z]|[!/?])", re.IGNORECASE)
_NAME_END = re.compile(rb"[\t\n\f\r >]")
_ATTRIBUTE = re.compile(
    rb"[\t\n\f\r /]*(?:(>)|([^\t\n\f\r />][^\t\n\f\r />=]*+)"
    rb"(?:[\t\n\f\r ]*=[\t\n\f\r ]*(?:\"([^\"]*)\"|'([^']*)'|(?=>)|([^\t\n\f\r >\"'][^\t\n\f\r >]*)"
    rb"(?=[\t\n\f\r >]))|[\t\n\f\r ]*(?=[^\t\n\f\r =])))"
)
_XML_DECLARATION = re.compile(rb"<\?xml[^>]*?encoding\s*=\s*[\"']([^\"'>]*)[\"']")


def prescan(head: bytes) -> str:
    """HTML Standard, "prescan a byte stream to determine its encoding"; "" if it fails."""
    if head.startswith(b"<\0?\0x\0"):
        return "utf-16le"
    if head.startswith(b"\0<\0?\0x"):
        return "utf-16be"
    position = 0
    while found := _TOKEN.search(head, position):
        position = found.end()
        token = found[0].lower()
        if token == b"<!--":
            # `<!-->` is a complete comment: the dashes may count twice.
            end = head.find(b"-->", position - 2)
        elif token in (b"<!", b"</", b"<?"):
            end = head.find(b">", position)
        else:
            is_meta = token.startswith(b"<meta")
            if not is_meta:
                stop = _NAME_END.search(head, position - 1)
                position = stop.start() if stop else len(head)
            attributes, end = _attributes(head, position)
            if is_meta and end >= 0 and (name := _meta_encoding(attributes)):
                return name
        if end < 0:
            break
        position = end
    declared = _XML_DECLARATION.match(head)
    return _from_markup(declared[1]) if declared else ""


def _attributes(head: bytes, position: int) -> tuple[dict[bytes, bytes], int]:
    """Attributes of a tag, and its end; -1 if the input ends first."""
    attributes: dict[bytes, bytes] = {}
    while found := _ATTRIBUTE.match(head, position):
        position = found.end()
        if found[1]:
            return attributes, position
        attributes.setdefault(found[2].lower(), found[3] or found[4] or found[5] or b"")
    return attributes, -1


def _meta_encoding(attributes: dict[bytes, bytes]) -> str:
    if label := attributes.get(b"charset"):
        return _from_markup(label)
    if attributes.get(b"http-equiv", b"").lower() == b"content-type":
        content = attributes.get(b"content", b"").decode("latin-1")
        if found := _PARAM.search(content):
            return _from_markup((found[1] or found[2] or found[3] or "").encode("latin-1"))
    return ""


def _from_markup(label: bytes) -> str:
    """An encoding declared in markup: it was read as ASCII, so it can't be UTF-16."""
    name = encoding_name(label.decode("latin-1"))
    if name in ("utf-16be", "utf-16le"):
        return "utf-8"
    return "windows-1252" if name == "x-user-defined" else name
