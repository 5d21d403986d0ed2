"""NAP in visible text: what stands there is found however it is written, and read to its end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsos.domains.campaigns.nap import MATCHES, Address
from lsos.domains.campaigns.nap_text import ShownText, find_phone

LANE = Address("18 Schooner Lane", "Alder Bay", "ME", "04872", "US")
OTHER = "240 Lighthouse Road, Fenwick Harbor, ME 04875"


@pytest.mark.parametrize(
    "text, verdict, shown",
    [
        (
            "Visit us: 18 Schooner Lane, Alder Bay, ME 04872. Call!",
            "exact",
            "18 Schooner Lane, Alder Bay, ME 04872",
        ),
        (
            "at 18 schooner ln. alder bay me 04872-1234",
            "format_only",
            "18 schooner ln. alder bay me 04872",
        ),
        ("18 Schooner Lane is where we are", "minor", "18 Schooner Lane"),
        ("81 Schooner Lane, Alder Bay, ME 04872", "wrong", "81 Schooner Lane"),
        (
            "18 Schooner Lane, Alder Bay, ME 04873",
            "wrong",
            "18 Schooner Lane, Alder Bay, ME 04873",
        ),
        (f"18 Schooner Lane, Alder Bay, {OTHER}", "minor", "18 Schooner Lane"),
        (f"81 Schooner Lane was long ago. {OTHER}. 18 Schooner Lane, 04872", "exact", None),
        ("Our practice on Schooner Lane", "missing", ""),
        (OTHER, "missing", ""),
        ("", "missing", ""),
    ],
)
def test_an_address_in_text(text: str, verdict: str, shown: str | None) -> None:
    found = ShownText(text).address(LANE)
    assert found.match == verdict, found
    assert shown is None or found.text == shown


@pytest.mark.parametrize(
    "street, postcode, text, verdict",
    [
        ("Hauptstraße 12a", "10115", "Hauptstr. 12 a, 10115 Berlin", "format_only"),
        ("Hauptstraße 12", "10115", "Hauptstraße 12, 10115 Berlin", "exact"),
        ("Hauptstraße 12", "10115", "Hauptstraße 14, 10115 Berlin", "wrong"),
        ("10 Downing Street", "SW1A 2AA", "10 Downing St, London SW1A 2AA", "format_only"),
        ("10 Downing Street", "SW1A 2AA", "10 Downing St, London sw1a2aa", "format_only"),
        ("1 St. Mary's Road", "", "1 Saint Mary's Road", "format_only"),
        ("100 N Main St", "", "100 North Main Street", "format_only"),
        ("100 N Main St", "", "100 South Main Street", "missing"),
        ("18 Schooner Lane, Suite 5", "", "18 Schooner Lane Suite 5", "format_only"),
        ("18 Schooner Lane, Suite 5", "", "18 Schooner Lane in Alder Bay", "minor"),
        ("12-14 High Street", "", "12–14 High Street", "format_only"),
        ("", "04872", "04872", "review"),
    ],
)
def test_streets_of_many_countries(street: str, postcode: str, text: str, verdict: str) -> None:
    assert ShownText(text).address(Address(street, "", "", postcode)).match == verdict


@pytest.mark.parametrize(
    "name, text, verdict",
    [
        ("Pine Cove Dental", "Welcome to Pine Cove Dental!", "exact"),
        ("Pine Cove Dental", "PINE COVE DENTAL", "format_only"),
        ("Pine Cove Dental LLC", "Pine-Cove Dental welcomes you", "format_only"),
        ("Smith & Sons", "Smith and Sons", "format_only"),
        ("Smith and Sons", "Smith & Sons", "format_only"),
        ("Pine Cove Dental", "Dental work in Pine Cove", "missing"),
        ("東京歯科", "ようこそ東京歯科クリニックへ", "exact"),
        ("", "Pine Cove Dental", "review"),
    ],
)
def test_a_name_in_text(name: str, text: str, verdict: str) -> None:
    assert ShownText(text).name(name).match == verdict


def test_phones_of_sister_locations_are_not_wrong() -> None:
    shown = ["(207) 555-0167", "2024-2025"]
    assert find_phone(shown, "+12075550142", country="US").match == "wrong"
    others = ["+1-207-555-0167"]
    assert find_phone(shown[:1], "+12075550142", country="US", others=others).match == "missing"
    found = find_phone([*shown, "207 555 0142"], "+12075550142", country="US")
    assert found == ("format_only", "207 555 0142")


@given(st.text(max_size=300), st.text(max_size=60), st.text(max_size=10))
def test_any_text_is_read(text: str, street: str, postcode: str) -> None:
    shown = ShownText(text)
    assert shown.address(Address(street, postcode=postcode)).match in MATCHES
    assert shown.name(street).match in MATCHES


@given(st.text(max_size=100), st.text(max_size=100))
def test_what_stands_there_is_found(before: str, after: str) -> None:
    shown = ShownText(f"{before}\n18 Schooner Lane, Alder Bay, ME 04872\n{after}")
    assert shown.address(LANE).match == "exact"
