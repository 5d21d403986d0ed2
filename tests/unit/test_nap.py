"""NAP matching: a contradiction must show, a way of writing must not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsos.domains.campaigns import nap
from lsos.domains.campaigns.nap import Address, match_address, match_name, match_phone


@pytest.mark.parametrize(
    "expected, found, country, verdict",
    [
        ("+1-207-555-0142", "+1-207-555-0142", "US", "exact"),
        ("+1-207-555-0142", "(207) 555-0142", "US", "format_only"),
        ("+1-207-555-0142", "207.555.0142", "us", "format_only"),
        ("+12075550142", "tel:+1-207-555-0142", "", "format_only"),
        ("+12075550142", "001 207 555 0142", "", "format_only"),
        ("+1-207-555-0142", "(207) 555-0143", "US", "wrong"),
        ("+1-207-555-0142", "(208) 555-0142", "US", "wrong"),
        ("+1-207-555-0142", "", "US", "missing"),
        ("", "(207) 555-0142", "US", "review"),
        ("+49 30 901820", "030 / 90 18 20", "DE", "format_only"),
        ("+49 (0)30 901820", "030-901820", "DE", "format_only"),
        ("+44 20 7946 0958", "020 7946 0958", "GB", "format_only"),
        ("+39 06 6982", "06 6982", "IT", "format_only"),
        ("+39 06 6982", "6 6982", "IT", "wrong"),  # Italy's zero belongs to the number
        ("+12075550142", "２０７-５５５-０１４２", "US", "format_only"),
        ("(207) 555-0142", "207-555-0142", "", "format_only"),  # no country on either side
        ("+12075550142", "(207) 555-0142", "", "format_only"),
        ("(207) 555-0142", "(207) 555-0199", "", "wrong"),
        ("(207) 555-0142", "555-0142", "", "review"),
        ("+12075550142", "call us", "US", "wrong"),
        ("+1 207 555 0142 ext 5", "+1 207 555 0142", "US", "format_only"),
    ],
)
def test_phones(expected: str, found: str, country: str, verdict: str) -> None:
    assert match_phone(expected, found, country=country) == verdict


def test_a_tracking_number_stands_for_the_real_one() -> None:
    tracking = ["+1 888 555 0111"]
    assert match_phone("+12075550142", "888-555-0111", country="US") == "wrong"
    found = match_phone("+12075550142", "888-555-0111", country="US", tracking=tracking)
    assert found == "format_only"


@pytest.mark.parametrize(
    "expected, found, verdict",
    [
        ("Pine Cove Dental", "Pine Cove Dental", "exact"),
        ("Pine Cove Dental", " Pine  Cove Dental ", "exact"),
        ("Pine Cove Dental", "PINE COVE DENTAL, LLC", "format_only"),
        ("Pine Cove Dental", "Pine-Cove Dental Inc.", "format_only"),
        ("Smith & Sons", "Smith and Sons Ltd", "format_only"),
        ("Café Müller GmbH & Co. KG", "Cafe Muller", "format_only"),
        ("The Corner Shop", "Corner Shop", "format_only"),
        ("O'Brien's Pub", "OBriens Pub", "format_only"),
        ("Ｐｉｎｅ Cove", "Pine Cove", "format_only"),
        ("歯科クリニック", "歯科クリニック", "exact"),
        ("Johnsons Plumbing", "Johnson Plumbing", "minor"),
        ("Pine Cove Dental", "Pine Cove Dental Care", "review"),
        ("Pine Cove Dental", "Pine Cove Rental", "wrong"),  # .975 as a whole, .889 as words
        ("Main Street Dental", "Main Street Rental", "wrong"),
        ("Pine Cove Dental", "Harbor Plumbing", "wrong"),
        ("Pine Cove Dental", "", "missing"),
        ("", "Pine Cove Dental", "review"),
        ("Co", "Co", "exact"),
        ("Inc", "inc.", "format_only"),  # a name of nothing but a legal form
    ],
)
def test_names(expected: str, found: str, verdict: str) -> None:
    assert match_name(expected, found) == verdict


def _us(street: str, postcode: str = "04872", city: str = "Alder Bay") -> Address:
    return Address(street=street, city=city, region="ME", postcode=postcode, country="US")


@pytest.mark.parametrize(
    "expected, found, verdict",
    [
        ("18 Schooner Lane", "18 Schooner Lane", "exact"),
        ("18 Schooner Lane", "18 schooner ln.", "format_only"),
        ("100 North Main Street", "100 N Main St", "format_only"),
        ("100 N. Main St", "100 Main St N", "format_only"),
        ("100 North Main Street", "100 South Main Street", "wrong"),  # .922 as a whole
        ("100 North Main Street", "100 Main Street", "review"),
        ("18 Schooner Lane", "81 Schooner Lane", "wrong"),
        ("18 Schooner Lane", "18a Schooner Lane", "wrong"),
        ("18 Schooner Lane", "Schooner Lane", "review"),
        ("Mill Building, Wharf Road", "Mill Building, Wharf Rd", "format_only"),
        ("18 Hill Road", "18 Mill Road", "wrong"),
        ("18 Mill Road", "18 Mill Street", "wrong"),
        ("18 Old Mill Road", "18 Mill Road", "review"),
        ("200 5th Avenue", "200 Fifth Ave", "format_only"),
        ("200 5th Avenue", "200 6th Avenue", "wrong"),
        ("18 Schooner Lane, Suite 5", "18 Schooner Ln #5", "format_only"),
        ("18 Schooner Lane, Suite 5", "18 Schooner Lane", "minor"),
        ("18 Schooner Lane", "18 Schooner Lane, 2nd Floor", "minor"),
        ("18 Schooner Lane, Suite 5", "18 Schooner Lane, Suite 6", "wrong"),
        ("Flat 2, 12 High Street", "12 High St, Flat 2", "format_only"),
        ("1 St. Mary's Road", "1 Saint Marys Rd", "format_only"),
        ("1 Dr Martin Luther King Blvd", "1 Dr. Martin Luther King Boulevard", "format_only"),
        ("Hauptstraße 12a", "Hauptstr. 12 a", "format_only"),
        ("Muster Straße 3", "Musterstr. 3", "format_only"),
        ("Königstraße 3", "Konigstrasse 3", "format_only"),
        ("37-10 30th Street", "37-10 30th St", "format_only"),
        ("18 Schooner Lane", "18 Schoonner Lane", "minor"),
        ("18 Schooner Lane", "PO Box 12", "wrong"),
        ("18 Schooner Lane", "", "missing"),
    ],
)
def test_streets(expected: str, found: str, verdict: str) -> None:
    assert match_address(_us(expected), _us(found)) == verdict


@pytest.mark.parametrize(
    "expected, found, verdict",
    [
        ("04872", "04872-1234", "format_only"),
        ("04872", "048721234", "format_only"),
        ("04872", "04873", "wrong"),
        ("SW1A 1AA", "sw1a1aa", "format_only"),
        ("12345", "D-12345", "format_only"),
        ("04872", "", "minor"),
        ("", "04872", "format_only"),
    ],
)
def test_postcodes(expected: str, found: str, verdict: str) -> None:
    lane = "18 Schooner Lane"
    found_at = _us("18 schooner ln", found)
    assert match_address(_us(lane, expected), found_at) == verdict


def test_the_town_decides_where_no_postcode_can() -> None:
    here, there = _us("18 Main Street", ""), _us("18 Main Street", "", "Fenwick Harbor")
    assert match_address(here, there) == "wrong"
    assert match_address(_us("18 Main Street"), there) == "wrong"
    assert match_address(_us("18 Main Street"), _us("18 Main Street", "", "ALDER BAY")) == "minor"
    # With one, towns have several names.
    assert match_address(here, _us("18 Main St", "", "Alder  Bay")) == "format_only"
    suburb = _us("18 Main St", "04872", "East Alder Bay Village")
    assert match_address(_us("18 Main Street"), suburb) == "format_only"


def test_nothing_to_compare_with_is_no_error() -> None:
    assert match_address(Address(), _us("1 Main Street")) == "review"
    assert match_address(_us("1 Main Street"), Address(country="US")) == "missing"


def test_the_best_of_several_counts() -> None:
    assert nap.best(["wrong", "format_only", "missing"]) == "format_only"
    assert nap.best([]) == "missing"


@given(st.text(max_size=80), st.text(max_size=80))
def test_any_texts_have_a_verdict(one: str, other: str) -> None:
    for verdict in (
        match_name(one, other),
        match_phone(one, other, country="US"),
        match_phone(one, other),
        match_address(_us(one), _us(other)),
    ):
        assert verdict in nap.MATCHES


@given(st.text(min_size=1, max_size=80).filter(str.strip))
def test_a_text_is_itself(text: str) -> None:
    assert match_name(text, text) == "exact"
    assert match_phone(text, text, country="DE") == "exact"
    assert match_address(_us(text), _us(text)) == "exact"


@given(st.from_regex(r"[1-9][0-9]{0,3} [A-Z][a-z]{3,9} (Street|Road|Lane|Avenue)", fullmatch=True))
def test_abbreviating_and_shouting_never_makes_an_error(street: str) -> None:
    written = street.upper()
    for long, short in (("STREET", "St."), ("ROAD", "Rd"), ("LANE", "Ln"), ("AVENUE", "AVE")):
        written = written.replace(long, short)
    assert match_address(_us(street), _us(written)) == "format_only"
