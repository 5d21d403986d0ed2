"""Phone numbers of many countries are found, read and compared as people there write them."""

import pytest

from lsos.web.html.shown_phones import find_phones
from lsos.web.phones import compare, countries_of, is_valid


@pytest.mark.parametrize(
    "one, other, country",
    [
        ("+54 9 3715 65 4320", "0 3715 15 65 4320", "AR"),
        ("+61 2 9374 4000", "(02) 9374 4000", "AU"),
        ("+43 1 58858", "01 58858", "AT"),
        ("+55 11 96123-4567", "(11) 96123-4567", "BR"),
        ("+41 44 668 18 00", "044 668 18 00", "CH"),
        ("+49 30 901820", "030 / 90 18 20", "DE"),
        ("+49 30 901820", "0049 30 901820", "DE"),
        ("+491234567890", "491234567890", "DE"),
        ("+45 33 12 34 56", "33 12 34 56", "DK"),
        ("+34 973 26 09 99", "973 26 09 99", "ES"),
        ("+33 1 23 45 67 89", "01.23.45.67.89", "FR"),
        ("+44 20 7946 0958", "(020) 7946 0958", "GB"),
        ("+36 1 234 5678", "06 1 234 5678", "HU"),
        ("+39 06 6982 1234", "06 6982 1234", "IT"),
        ("+370 612 34567", "8 612 34567", "LT"),
        ("+52 55 1234 5678", "+52 1 55 1234 5678", "MX"),
        ("+47 22 12 34 56", "22 12 34 56", "NO"),
        ("+48 22 123 45 67", "22 123 45 67", "PL"),
        ("+351 213 456 789", "213 456 789", "PT"),
        ("+7 495 123-45-67", "8 (495) 123-45-67", "RU"),
        ("+46 8 123 456 78", "08-123 456 78", "SE"),
        ("+1-217-555-0123", "1 (217) 555-0123", "US"),
        ("+1-217-555-0123", "217.555.0123 ext. 4", "US"),
    ],
)
def test_the_national_form_is_the_same_number(one: str, other: str, country: str) -> None:
    assert compare(one, other, (country,)) == "same"
    assert compare(other, one, (country,)) == "same"


@pytest.mark.parametrize(
    "one, other, countries",
    [
        ("+28909", "+13611361530", ("US",)),
        ("+39 06 6982 1234", "6 6982 1234", ("IT",)),
        ("+34 973 26 09 99", "973 00 01 23", ("ES",)),
        ("+49 160 0000001", "+49 160 0000002", ()),
        ("(207) 555-0142", "(208) 555-0142", ("US",)),
    ],
)
def test_other_numbers_are_different(one: str, other: str, countries: tuple[str, ...]) -> None:
    assert compare(one, other, countries) == "different"


@pytest.mark.parametrize(
    "one, other, verdict",
    [
        ("(207) 555-0142", "555-0142", "unsure"),
        ("(212) 555-0142", "555-0142", "unsure"),  # +212 is Morocco
        ("(207) 555-0142", "207 555 0142", "same"),
        ("+1 207 555 0142", "(207) 555-0142", "same"),
        ("+49 30 1234567", "030 1234567", "same"),
    ],
)
def test_without_a_country_the_digits_decide(one: str, other: str, verdict: str) -> None:
    assert compare(one, other) == verdict


@pytest.mark.parametrize("phone", ["+7034340199", "+1 217 555", "+49", "call us", "", "+999 1"])
def test_impossible_numbers_are_not_valid(phone: str) -> None:
    assert not is_valid(phone, ("US", "DE"))


@pytest.mark.parametrize(
    "stated, host, lang, first",
    [
        (["es"], "www.example.com", "ca", "ES"),
        ([], "klinik.example.at", "de", "AT"),
        ([], "shop.co.uk", "en", "GB"),
        ([], "www.example.com", "de-CH", "CH"),
        ([], "www.example.com", "nb", "NO"),
        ([], "start.io", "da", "DK"),  # not the British Indian Ocean Territory
        (["nowhere"], "www.example.com", "pl", "PL"),
    ],
)
def test_where_a_page_is_from(stated: list[str], host: str, lang: str, first: str) -> None:
    assert countries_of(stated=stated, host=host, lang=lang)[0] == first


def test_a_page_that_says_nothing_is_of_no_country() -> None:
    assert countries_of(stated=[], host="www.example.com", lang="") == ()


@pytest.mark.parametrize(
    "text, countries, phones",
    [
        ("Truca al 973 00 01 23", ("ES",), ["973 00 01 23"]),
        ("Ring 22 12 34 56", ("NO",), ["22 12 34 56"]),
        ("Ring til os: 33 12 34 56 i dag", ("DK",), ["33 12 34 56"]),
        ("Zadzwoń: 22 123 45 67", ("PL",), ["22 123 45 67"]),
        ("Ligue 213 456 789", ("PT",), ["213 456 789"]),
        ("Appelez le 01 23 45 67 89", ("FR",), ["01 23 45 67 89"]),
        ("Звоните 8 (495) 123-45-67", ("RU",), ["8 (495) 123-45-67"]),
        ("Hívjon: 06 1 234 5678", ("HU",), ["06 1 234 5678"]),
        ("From abroad +44 20 7946 0958", ("US",), ["+44 20 7946 0958"]),
        ("Berlin office 030 1234567", ("US",), ["030 1234567"]),
    ],
)
def test_numbers_are_found_in_the_groups_of_their_country(
    text: str, countries: tuple[str, ...], phones: list[str]
) -> None:
    assert find_phones(text.encode(), countries) == phones


@pytest.mark.parametrize(
    "text, countries",
    [
        ("NPI: 1234567893. Licence 055-000321.", ("US",)),
        ("NPI 2175550199", ("US",)),
        ("License #: 217-555-0199", ("US",)),
        ("Founded in 1998. 2500 happy customers since.", ("US",)),
        ("Since 2010 2015 2020", ("NO",)),
        ("HRB 030 1234567", ("DE",)),
        ("Steuernummer 030/123/45678", ("DE",)),
        ("USt-IdNr. 0123456789", ("DE",)),
        ("CVR-nr. 33 12 34 56", ("DK",)),
        ("Org.nr. 22 12 34 56", ("NO",)),
        ("NIP 213 456 789", ("PT",)),
        ("SIREN 01 23 45 67 89", ("FR",)),
        ("P. IVA 06 6982 1234", ("IT",)),
        ("IBAN 030 1234567", ("DE",)),
        ("Order no. 217-555-0199", ("US",)),
        ("ABN 02 9374 4000", ("AU",)),
        ("12 34 56 78 90 12", ("US",)),
    ],
)
def test_register_tax_and_licence_numbers_years_and_counts_are_no_phones(
    text: str, countries: tuple[str, ...]
) -> None:
    assert find_phones(text.encode(), countries) == []
