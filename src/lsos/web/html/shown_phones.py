"""Phone numbers in the visible text of a page."""

import re
from collections.abc import Sequence

from lsos.web.phones import is_valid

MAX_PHONES = 50
_MAX_LOOKED_AT = 200
"""Runs of digits of one text that the numbering plans are asked about."""
_LABEL_CHARS = 32
_PHONE_LABEL = re.compile(
    r"(?:\b(?:tel\w*|tlf|t[lf]|ph|phone|fon|call(?: us| now)?|dial|mob\w*|cell|handy|whatsapp|"
    r"ruf\w*|anruf\w*|appel\w*|ll[aá]m\w*|truca\w*|chiam\w*|bel|ring|dzwo\w*|hotline|"
    r"zadzwo\w*|volejte|hívj\w*|zvan\w*|soita|puh|puhelin|gsm|numero|número|numer|num[eé]ro)\b"
    r"|тел\w*|звон\w*|τηλ\w*|電話|电话|전화|☎|📞|✆)[^.!?;|]{0,12}\Z"
)
_NO_PHONE_LABEL = re.compile(
    r"\b(?:npi|fein|ein|licen[cs]\w*|lic|lizenz\w*|regist\w*|reg|hr[ab]|gnr|vat|ust[\w-]*|tva|iva|"
    r"nif|cif|nip|nie|regon|krs|abn|acn|kvk|siren|siret|ape|naf|rcs|ičo|ico|dič|dic|cvr|org|orgnr|"
    r"mwst[\w-]*|btw|uid|steuer\w*|tax\w*|iban|bic|konto\w*|account|acct|routing|bsb|blz|order|"
    r"invoice|rechnung\w*|isbn|issn|ean|gtin|usdot|cslb|ccb|roc|permit|cert\w*|case|ref\w*|"
    r"patent\w*|sku|model\w*|serial|cnpj|cpf|gst\w*|oib|pib|ust-id\w*|инн|огрн|кпп|лиценз\w*)"
    r"(?:[\s.:#№/–-]|\b(?:no|nr|number|nummer|num|id|n[°º]|n\.?º))*\Z"
)
"""Labels of numbers that are no phone numbers, with what may stand between them and the number."""

# One byte represents all digits, so that the search can jump from digit to digit. The UTF-8 bytes
# of no-break spaces, no-break hyphen and en dash count as separators.
_DIGITS_AS_ZERO = bytes(
    0x30 if 0x30 <= i <= 0x39 else 0x20 if i in b"\xc2\xa0\xe2\x80\x91\x93\xaf" else i
    for i in range(256)
)
_MAX_SEARCHED = 500_000
# A full stop and a space end a sentence, never a group of digits.
_DIGIT_RUN = re.compile(rb"0(?:(?:(?!\. )[ ().\-/]){0,6}0){6,14}(?!0)")
_DATE = re.compile(r"(?:19|20)\d\d([-./])\d\d?\1\d\d?(?!\d)|\d\d?([-./])\d\d?\2(?:19|20)\d\d(?!\d)")
_YEARS = re.compile(r"(?:19|20)\d\d ?[-\u2013/ ] ?(?:19|20)\d\d(?!\d)")
_IP_ADDRESS = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")
# A postcode, year or date right before a number, as in "Springfield, IL 62701 (555) 010-0199".
_LEAD = re.compile(
    rf"(?:{_DATE.pattern})\.? |\d{{4,5}}(?:-\d{{4}})?\.? (?=\((?!0\)))"
    r"|[1-9]\d{3,4}\.? (?=0[1-9]\d|\d{3}[-. ]\d{3}[-. ]\d{4}(?!\d))"
)
_NEXT_NUMBER = re.compile(rb" \(?(?=0[1-9][0-9]|(?<=\()[1-9])")


def find_phones(data: bytes, countries: Sequence[str] = ()) -> list[str]:
    """Phone numbers in collapsed UTF-8 text, as written, without duplicates, at most 50.

    A number without a country code is one if it is valid in one of `countries`, or is written as
    only phone numbers are. What a label calls a licence, register or tax number is none.
    """
    found: dict[str, None] = {}
    zeros = data[:_MAX_SEARCHED].translate(_DIGITS_AS_ZERO)
    position, looked_at = 0, 0
    while len(found) < MAX_PHONES and (match := _DIGIT_RUN.search(zeros, position)):
        start, end = match.span()
        # Slices contain whole characters, because a match starts and ends with ASCII.
        if lead := _LEAD.match(data[start:end].decode()):
            position = start + lead.end()
            continue
        position = end = _end_of_number(data, zeros, start, end)
        while start and data[start - 1] in b"+(":
            start -= 1
        if not _stands_alone(data, start, end):
            continue
        looked_at += 1
        if looked_at > _MAX_LOOKED_AT:
            break
        phone = data[start:end].decode()
        if phone not in found and _is_phone(phone, _before(data, start), countries):
            found[phone] = None
    return list(found)


def is_labelled(before: str) -> bool:
    """Whether the text in front of a number calls it a phone number."""
    return _PHONE_LABEL.search(before[-_LABEL_CHARS:].casefold()) is not None


def _before(data: bytes, start: int) -> str:
    return data[max(0, start - _LABEL_CHARS) : start].decode(errors="ignore").casefold()


def _is_phone(phone: str, before: str, countries: Sequence[str]) -> bool:
    if _NO_PHONE_LABEL.search(before) or _looks_like_a_date(phone):
        return False
    if "+" in phone[:2]:
        return True
    if countries and is_valid(phone, countries):
        return True
    # Of another country, or mistyped: then its form or a label has to tell.
    is_told = not countries or phone[0] in "0(" or _PHONE_LABEL.search(before) is not None
    return is_told and _has_phone_form(phone)


def _end_of_number(data: bytes, zeros: bytes, start: int, end: int) -> int:
    """Two adjacent numbers form one match: the first ends where another complete one begins."""
    for gap in _NEXT_NUMBER.finditer(data, start, end):
        is_whole = zeros.count(b"0", start, gap.start()) >= 7
        if is_whole and _DIGIT_RUN.match(zeros, gap.end()):
            return gap.start()
    return end


def _stands_alone(data: bytes, start: int, end: int) -> bool:
    """Whether it is not part of a word, a longer number, a price or a code."""
    before, after = data[start - 1 : start] if start else b"", data[end : end + 1]
    return not (
        before.isalnum()
        or before in (b".", b",", b"-", b"/", b"$", b"#", b"_", b"=")
        or (after.isalpha() and after not in b"xXeE")
        or after == b"_"
    )


def _looks_like_a_date(run: str) -> bool:
    body = run.lstrip("+(")
    return bool(_DATE.match(body) or _YEARS.match(body) or _IP_ADDRESS.fullmatch(body))


def _has_phone_form(run: str) -> bool:
    """Written as phone numbers are in many countries, and few other numbers."""
    groups = re.split(r"\D+", run.lstrip("+("))
    if len(groups) == 1:
        return run[0] == "0" or len(run) in (10, 11)
    if any(len(group) == 1 for group in groups[1:]) and "(0)" not in run:
        return False
    if run[0] in "0(" or not set(run) <= set("0123456789 \u00a0\u202f"):
        return len(groups) <= 6
    # Spaces alone are not enough: columns of numbers look like that too.
    return len(groups) <= 4 and all(len(group) in (3, 4) for group in groups[1:])
