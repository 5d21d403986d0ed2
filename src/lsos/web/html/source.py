"""Inspects the bytes of a body before parsing: its type, invalid tokens, excessive depth."""

import re

_HTML = re.compile(
    rb"(?:<!--.*?-->\s*|<\?xml[^>]*>\s*)*<(?:!doctype\s+html|html|head|body|script|iframe|h[1-6]|div"
    rb"|font|table|a|style|title|b|br|p|meta|link|section|main|article|header|nav|ul|span|form|img"
    rb"|noscript|frameset|center)[\s/>]",
    re.IGNORECASE | re.DOTALL,
)
_HTML_LATER = re.compile(rb"[^{\[\"].*?<(?:!doctype\s+html|html)[\s>]", re.IGNORECASE | re.DOTALL)
_COMMENT_FIRST = re.compile(rb"<!--[\s>-]")
_XML = re.compile(
    rb"<(?:\?xml|!doctype|(?:\w+:)?(?:urlset|sitemapindex|rss|feed|svg))\b", re.IGNORECASE
)
_JSON = re.compile(rb"[\[{]\s*(?:[\"\]}\[{]|-?\d|true|false|null|\Z)")
_KINDS = (
    ("html", _HTML),
    ("html", _HTML_LATER),
    ("xml", _XML),
    ("json", _JSON),
    ("html", _COMMENT_FIRST),
)
_IMAGES = (
    b"\x89PNG\r\n\x1a\n",
    b"GIF87a",
    b"GIF89a",
    b"\xff\xd8\xff",
    b"\0\0\1\0",
    b"II*\0",
    b"MM\0*",
)
# WHATWG MIME Sniffing section 3: bytes that do not occur in text.
_BINARY = bytes(i for i in range(0x20) if i not in b"\t\n\x0c\r\x1b")


def sniff(body: bytes) -> str:
    """html, xml, json, pdf, image, text, empty or unknown, from the first 1,024 bytes."""
    head = body[:1024]
    if head.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        head = head[3:] if head[0] == 0xEF else head[2:]
    if head.startswith(b"%PDF-"):
        return "pdf"
    if _is_image(head):
        return "image"
    # UTF-16 without a byte order mark: every other byte is NUL.
    text = (head.replace(b"\0", b"") if b"\0" in head else head).lstrip(b"\t\n\x0c\r ")
    if not text:
        return "unknown" if b"\0" in head else "empty"
    for kind, pattern in _KINDS:
        if pattern.match(text):
            return kind
    return "unknown" if head.translate(None, _BINARY) != head else "text"


def _is_image(head: bytes) -> bool:
    return (
        head.startswith(_IMAGES)
        or head[4:12] in (b"ftypavif", b"ftypavis", b"ftypheic")
        or (head[:4] == b"RIFF" and head[8:12] == b"WEBP")
        or (head[:2] == b"BM" and b"\0" in head[:16])
    )


# Elements allowed in head; all others end it (HTML Standard, "in head" insertion mode).
_HEAD_ELEMENTS = frozenset(
    (
        b"html head title meta link base script style noscript template basefont bgsound noframes"
    ).split()
)
_TOKEN = re.compile(
    rb"<!--.*?(?:-->|\Z)"
    rb"|<(?P<raw>script|style|noscript|noframes|template|textarea|svg|xmp|iframe)\b"
    rb"(?:[^>\"']|\"[^\"]*\"|'[^']*')*+(?:>.*?(?:</(?P=raw)\b|\Z)|[\"'].*|\Z)"
    rb"|<(?P<end>/?)(?P<name>[a-z][^\s/>]*+)(?P<attributes>(?:[^>\"']|\"[^\"]*\"|'[^']*')*+)"
    # An unclosed quote or tag runs to the end, as in the tokenizer.
    rb"(?:>|[\"'].*|\Z)",
    re.IGNORECASE | re.DOTALL,
)
_HEAD_ONLY = re.compile(
    rb"""\bname\s*=\s*["']?\s*(?:robots|googlebot)\b|\brel\s*=\s*["']?[^"'>]*\bcanonical\b|\bhreflang\s*=""",
    re.IGNORECASE,
)
_HEAD_OR_BODY = re.compile(rb"<[hHbB][eEoO][aAdD][dDyY][\s/>]")


def may_have_faults(data: bytes) -> bool:
    """Whether there may be a second head or body tag; far cheaper than reading all tokens."""
    tags = [tag[1:2].lower() for tag in _HEAD_OR_BODY.findall(data)]
    return len(tags) > len(set(tags))


def structure_faults(data: bytes) -> list[str]:
    """two_heads, two_bodies, head_closed_early:<element>, read from the tokens of the source.

    The tree does not show them: a parser drops second tags and moves what follows an early end of
    head.
    """
    heads = bodies = 0
    ended_by = ""
    is_head_open, is_early = False, False
    faults: list[str] = []
    for token in _TOKEN.finditer(data):
        name = (token["name"] or token["raw"] or b"").lower()
        if not name:
            continue
        if token["end"]:
            if name == b"head" and is_head_open:
                is_head_open = False
                if is_early:
                    faults.append(f"head_closed_early:{ended_by}")
            continue
        if name == b"head":
            heads += 1
            is_head_open = is_head_open or heads == 1
        elif name == b"body":
            bodies += 1
        if is_head_open and not ended_by and name not in _HEAD_ELEMENTS:
            ended_by = name[:40].decode("ascii", "replace")
        elif is_head_open and ended_by and not is_early:
            is_early = name == b"title" or (
                name in (b"meta", b"link") and bool(_HEAD_ONLY.search(token["attributes"]))
            )
    if heads > 1:
        faults.append("two_heads")
    if bodies > 1:
        faults.append("two_bodies")
    return faults


MAX_DEPTH = 2_000
"""Deeper trees are truncated: browsers stop at 512, and parsing time is quadratic in depth."""
_MAY_BE_DEEP = 10_000
_MAX_ATTRIBUTES = 5_000
_TAG = re.compile(rb"<(/?)([a-zA-Z][^\s/>]*)")
_VOID = frozenset(
    b"area base br col embed hr img input link meta param source track wbr frame".split()
)
# Elements with optional end tags, which a peer's start tag closes; not across a barrier.
_PEERS = {
    name: frozenset(group)
    for group in (
        (b"p",),
        (b"li",),
        (b"tr",),
        (b"td", b"th"),
        (b"tbody", b"thead", b"tfoot"),
        (b"option", b"optgroup"),
        (b"dt", b"dd"),
    )
    for name in group
}
_BARRIERS = frozenset(
    b"table ul ol dl select div button object marquee applet caption template svg math".split()
)
_QUOTED = re.compile(rb"\"[^\"]*\"|'[^']*'")


def cut_hostile(data: bytes) -> bytes:
    """The body up to the point at which parsing would take seconds: 2,000 open elements, or a tag
    with thousands of attributes.

    Bodies under 60,000 bytes take less than a second."""
    if len(data) < 60_000:
        return data
    position = 0
    for piece in data.split(b">"):
        if len(piece) > 60_000:
            start = piece.rfind(b"<")
            tag = piece[start:]
            is_long_tag = start >= 0 and tag[1:2].isalpha() and len(tag) > 60_000
            if is_long_tag and len(_QUOTED.sub(b"", tag).split()) > _MAX_ATTRIBUTES:
                data = data[: position + start]
                break
        position += len(piece) + 1
    if data.count(b"<") > _MAY_BE_DEEP:
        return data[: _depth_limit(data)]
    return data


def _depth_limit(data: bytes) -> int:
    """The position at which more than MAX_DEPTH elements are open; otherwise the length."""
    stack: list[bytes] = []
    opened: dict[bytes, int] = {}
    for token in _TAG.finditer(data):
        name = token[2].lower()
        if token[1]:
            if opened.get(name):
                _close(stack, opened, _last_index(stack, name))
        elif name not in _VOID:
            if peers := _PEERS.get(name):
                _close(stack, opened, _peer_index(stack, peers))
            stack.append(name)
            opened[name] = opened.get(name, 0) + 1
            if len(stack) > MAX_DEPTH:
                return token.start()
    return len(data)


def _close(stack: list[bytes], opened: dict[bytes, int], size: int) -> None:
    while len(stack) > size:
        opened[stack.pop()] -= 1


def _last_index(stack: list[bytes], name: bytes) -> int:
    index = len(stack) - 1
    while stack[index] != name:
        index -= 1
    return index


def _peer_index(stack: list[bytes], peers: frozenset[bytes]) -> int:
    """The index of the element that a peer's start tag closes; the stack's size if none."""
    for index in range(len(stack) - 1, max(-1, len(stack) - 12), -1):
        if stack[index] in peers:
            return index
        if stack[index] in _BARRIERS:
            break
    return len(stack)
