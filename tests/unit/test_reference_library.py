"""The bundled release is whole and honest, and every fault of a release is named by its path."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from lsos.checks.catalogue import BY_CODE
from lsos.cli import cli
from lsos.domains.crawl import rules as crawl
from lsos.domains.entity import rules as entity
from lsos.domains.rank import rules as rank
from lsos.domains.reference.bundle import BUNDLED, read_release
from lsos.domains.reference.rules import (
    ARTIFACTS,
    canonical,
    read,
    sha256_of,
    statement_sha256,
    version_key,
)
from lsos.domains.reference.validation import MAX_BYTES, decode, validate
from lsos.rooms import JOINTS

Document = dict[str, Any]


@pytest.fixture(scope="module")
def shipped() -> Document:
    document, faults = read_release(BUNDLED)
    assert faults == []
    return document


def sealed(document: Document) -> Document:
    """The document with the hashes that an honest author would write."""
    for item in document["evidence"].get("items", []):
        if isinstance(item, dict) and isinstance(item.get("statement"), str):
            item["sha256"] = statement_sha256(item["statement"])
    hashes = {name: sha256_of(document[name]) for name in ARTIFACTS if name in document}
    document["manifest"]["sha256"] = hashes
    return document


def found(document: Any, known: Any = JOINTS.known_codes) -> set[tuple[str, str]]:
    return {(fault.path, fault.code) for fault in validate(document, known)}


def test_the_bundled_release_has_no_fault(shipped: Document) -> None:
    assert validate(shipped, JOINTS.known_codes) == []


def test_every_check_and_signal_has_advice_with_evidence(shipped: Document) -> None:
    release = read(shipped)
    assert set(BY_CODE) <= release.advice.keys() == JOINTS.known_codes
    for advice in release.advice.values():
        assert advice.evidence, advice.code
        assert all(name in release.evidence for name in advice.evidence), advice.code


def test_no_evidence_claims_a_fetch_that_did_not_happen(shipped: Document) -> None:
    """Nothing of this release was fetched from its source, so no entry may say when."""
    for fact in read(shipped).evidence.values():
        assert fact.retrieved_at is None, fact.id
        assert fact.basis in ("stored_copy", "recalled"), fact.id
        assert (fact.trust == "high") <= (fact.basis == "stored_copy"), fact.id


def test_advice_is_not_a_copy_of_the_check(shipped: Document) -> None:
    for advice in read(shipped).advice.values():
        check = BY_CODE.get(advice.code)
        if check is not None:
            assert advice.title != check.title, advice.code
            assert advice.why != check.why, advice.code


def _first(document: Document, code: str) -> Document:
    items: list[Document] = document["recommendations"]["items"]
    return next(item for item in items if item["code"] == code)


def _duplicate(d: Document) -> None:
    d["recommendations"]["items"].append(copy.deepcopy(d["recommendations"]["items"][0]))


def _duplicate_evidence(d: Document) -> None:
    d["evidence"]["items"].append(copy.deepcopy(d["evidence"]["items"][0]))


def _cycle(d: Document) -> None:
    _first(d, "http_4xx")["after"] = ["http_5xx"]
    _first(d, "http_5xx")["after"] = ["fetch_dns"]
    _first(d, "fetch_dns")["after"] = ["http_4xx"]


def _set(*path: Any) -> Callable[[Document], None]:
    *keys, last, value = path

    def change(d: Document) -> None:
        node: Any = d
        for key in keys:
            node = node[key]
        node[last] = value

    return change


def _drop(*path: Any) -> Callable[[Document], None]:
    *keys, last = path

    def change(d: Document) -> None:
        node: Any = d
        for key in keys:
            node = node[key]
        del node[last]

    return change


REC, EV = ("recommendations", "items", 0), ("evidence", "items", 0)
FAULTS: list[tuple[Callable[[Document], None], str, str]] = [
    (_duplicate, "$.recommendations.items[", "duplicate"),
    (_duplicate_evidence, "$.evidence.items[82].id", "duplicate"),
    (_set(*REC, "evidence", ["no.such"]), "$.recommendations.items[0].evidence[0]", "dangling"),
    (_set(*REC, "after", ["no_such"]), "$.recommendations.items[0].after[0]", "dangling"),
    (_set(*REC, "effort", 6), "$.recommendations.items[0].effort", "out_of_range"),
    (_set(*REC, "effort", "2"), "$.recommendations.items[0].effort", "shape"),
    (_set(*REC, "effort", 2.5), "$.recommendations.items[0].effort", "shape"),
    (_set(*REC, "risk_tier", -1), "$.recommendations.items[0].risk_tier", "out_of_range"),
    (_set(*REC, "steps", []), "$.recommendations.items[0].steps", "out_of_range"),
    (_set(*REC, "stepz", []), "$.recommendations.items[0].stepz", "unknown_field"),
    (_drop(*REC, "why"), "$.recommendations.items[0].why", "missing"),
    (_set(*REC, "code", "no_such_check"), "$.recommendations.items[0].code", "unknown_code"),
    (_set(*REC, "code", "no_such_check"), "$.recommendations.items", "uncovered"),
    (_set("recommendations", "items", 3, None), "$.recommendations.items[3]", "shape"),
    (_set("recommendations", "items", {}), "$.recommendations.items", "shape"),
    (_set("metrics", "severity_weights", "high", 1.5), "$.metrics.severity_weights.high",
     "out_of_range"),
    (_set("metrics", "severity_weights", "low", 0.5), "$.metrics.severity_weights",
     "out_of_range"),
    (_set("metrics", "severity_weights", "grave", 0.5), "$.metrics.severity_weights.grave",
     "shape"),
    (_drop("metrics", "severity_weights", "info"), "$.metrics.severity_weights.info", "missing"),
    (_set("metrics", "campaign_score_weights", {}), "$.metrics.campaign_score_weights",
     "out_of_range"),
    (_set("metrics", "default_ctr_curve", "none"), "$.metrics.default_ctr_curve", "dangling"),
    (_set("metrics", "ctr_curves", 0, "shares", [1.0, 2.0]), "$.metrics.ctr_curves[0].shares",
     "out_of_range"),
    (_set("metrics", "ctr_curves", 0, "shares", [90.0, 80.0]), "$.metrics.ctr_curves[0].shares",
     "out_of_range"),
    (_set("metrics", "ctr_curves", 0, "shares", 0, 101), "$.metrics.ctr_curves[0].shares[0]",
     "out_of_range"),
    (_set("metrics", "signal_thresholds", 0, "code", "no_such"),
     "$.metrics.signal_thresholds[0].code", "unknown_code"),
    (_set(*EV, "trust", "low"), "$.evidence.items[0].trust", "shape"),
    (_set(*EV, "retrieved_at", "2026-01-01T00:00:00Z"), "$.evidence.items[0].retrieved_at",
     "basis"),
    (_set(*EV, "basis", "fetched"), "$.evidence.items[0].retrieved_at", "basis"),
    (_set(*EV, "review_by", "2020-01-01"), "$.evidence.items[0].review_by", "out_of_range"),
    (_set(*EV, "known_as_of", "someday"), "$.evidence.items[0].known_as_of", "shape"),
    (_set(*EV, "url", "javascript:alert(1)"), "$.evidence.items[0].url", "shape"),
    (_set("metrics", "version", "2026.12.0"), "$.metrics.version", "version_differs"),
    (_set("manifest", "version", "v2"), "$.manifest.version", "shape"),
    (_drop("evidence"), "$.evidence", "missing"),
    (_set("extra", {}), "$.extra", "unknown_field"),
    (_set("metrics", []), "$.metrics", "shape"),
    (_cycle, "$.recommendations.items[", "cycle"),
]  # fmt: skip


@pytest.mark.parametrize("change, path, code", FAULTS)
def test_each_fault_is_named_by_its_path(
    shipped: Document, change: Callable[[Document], None], path: str, code: str
) -> None:
    document = copy.deepcopy(shipped)
    change(document)
    if isinstance(document.get("evidence"), dict):
        sealed(document)
    faults = found(document)
    assert any(p.startswith(path) and c == code for p, c in faults), sorted(faults)


def test_all_faults_are_listed_at_once(shipped: Document) -> None:
    document = copy.deepcopy(shipped)
    applied = [FAULTS[n] for n in (2, 4, 7, 10, 15, 20, 25)]
    for change, _, _ in applied:
        change(document)
    faults = found(sealed(document))
    assert {(path, code) for _, path, code in applied} <= faults


def test_a_wrong_hash_is_a_fault_of_artifact_and_of_statement(shipped: Document) -> None:
    document = copy.deepcopy(shipped)
    document["evidence"]["items"][5]["statement"] += " Or not."
    assert found(document) == {
        ("$.evidence.items[5].sha256", "wrong_hash"),
        ("$.manifest.sha256.evidence", "wrong_hash"),
    }
    document = copy.deepcopy(shipped)
    del document["manifest"]["sha256"]["metrics"]
    assert found(document) == {("$.manifest.sha256.metrics", "missing")}


def test_recalled_evidence_is_never_of_high_trust(shipped: Document) -> None:
    document = copy.deepcopy(shipped)
    number = next(
        n for n, e in enumerate(document["evidence"]["items"]) if e["basis"] == "recalled"
    )
    document["evidence"]["items"][number]["trust"] = "high"
    assert (f"$.evidence.items[{number}].trust", "basis") in found(sealed(document))


def test_a_check_without_advice_is_a_fault(shipped: Document) -> None:
    faults = validate(shipped, {*JOINTS.known_codes, "brand_new_check"})
    assert [(f.path, f.code) for f in faults] == [("$.recommendations.items", "uncovered")]
    assert "brand_new_check" in faults[0].message


@pytest.mark.parametrize(
    "raw, code",
    [
        (b"{", "not_json"),
        (b"\xff\xfe", "not_json"),
        (b'{"a": NaN}', "not_json"),
        (b'{"a": 1, "a": 2}', "duplicate_key"),
        (b"[" * 100_000 + b"]" * 100_000, "too_deep"),
        (b'{"a":' * 40 + b"1" + b"}" * 40, "too_deep"),
    ],
)
def test_texts_that_are_no_release(raw: bytes, code: str) -> None:
    assert code in {fault.code for fault in decode(raw)[1]}


def test_brackets_in_strings_are_not_depth() -> None:
    assert decode(json.dumps("[" * 1_000).encode()) == ("[" * 1_000, [])


def test_an_oversized_file_is_refused_unread(tmp_path: Path) -> None:
    file = tmp_path / "release.json"
    with file.open("wb") as out:
        out.truncate(MAX_BYTES + 1)
    _, faults = read_release(file)
    assert [fault.code for fault in faults] == ["too_large"]


def test_deep_values_are_refused_before_they_are_walked(shipped: Document) -> None:
    deep: Any = 1
    for _ in range(5_000):
        deep = [deep]
    assert found({**shipped, "metrics": {"version": deep}}) == {("$", "too_deep")}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=10,
)


@settings(max_examples=40)
@given(st.dictionaries(st.sampled_from(["manifest", *ARTIFACTS, "x"]), JSON))
def test_no_document_makes_validation_fail(document: Document) -> None:
    assert validate(document, {"http_4xx"}) != []


@settings(max_examples=40)
@given(
    st.sampled_from(["manifest", *ARTIFACTS]),
    st.sampled_from(["items", "version", "sha256", "ctr_curves", "severity_weights",
                     "signal_thresholds", "campaign_score_weights", "default_ctr_curve"]),
    JSON,
)  # fmt: skip
def test_no_part_makes_validation_fail(part: str, field: str, value: Any) -> None:
    document, _ = read_release(BUNDLED)
    if document[part].get(field) == value:
        return
    document[part][field] = value
    assert validate(document, JOINTS.known_codes) != []


@given(JSON)
def test_the_canonical_form_does_not_depend_on_the_order_of_keys(value: Any) -> None:
    turned = json.loads(json.dumps(value), object_pairs_hook=lambda p: dict(reversed(p)))
    assert canonical(turned) == canonical(json.loads(json.dumps(value)))


def test_versions_sort_by_number() -> None:
    versions = ["2026.11.0", "2026.9.12", "2026.11.10", "2027.1.0", "nonsense"]
    assert sorted(versions, key=version_key) == [
        "nonsense",
        "2026.9.12",
        "2026.11.0",
        "2026.11.10",
        "2027.1.0",
    ]


def test_a_faulty_release_is_read_without_its_faulty_items(shipped: Document) -> None:
    document = copy.deepcopy(shipped)
    _first(document, "http_4xx")["effort"] = 9
    release = read(document)
    assert "http_4xx" not in release.advice
    assert "http_5xx" in release.advice
    with pytest.raises(ValueError, match="metrics"):
        read({**document, "metrics": {}})


def test_the_default_curve_is_the_documented_one(shipped: Document) -> None:
    assert read(shipped).ctr_curve().shares[:4] == [28.5, 15.7, 11.0, 8.0]


def test_thresholds_are_those_by_which_the_rooms_speak_up(shipped: Document) -> None:
    bound = read(shipped).threshold
    assert bound("rank_dropped", "places_lost") == rank.DROP
    assert bound("rank_striking_distance", "first_position") == rank.STRIKING[0]
    assert bound("rank_striking_distance", "last_position") == rank.STRIKING[-1]
    assert bound("rank_not_found", "depth") == rank.DEPTH
    assert bound("entity_coverage_low", "share_under") == entity.GOOD_COVERAGE
    assert bound("entity_topics_gap", "share_under") == entity.GOOD_TOPICS
    assert bound("no_such", "bound") is None


def test_the_weights_are_those_of_the_technical_score(shipped: Document) -> None:
    weights = read(shipped).metrics.severity_weights
    assert {severity: weights[severity] for severity in crawl.WEIGHTS} == crawl.WEIGHTS


def test_authors_see_every_fault_on_the_command_line(tmp_path: Path, shipped: Document) -> None:
    assert CliRunner().invoke(cli, ["reference", "validate"]).exit_code == 0
    document = copy.deepcopy(shipped)
    document["recommendations"]["items"][0]["effort"] = 9
    del document["recommendations"]["items"][1]["why"]
    file = tmp_path / "release.json"
    file.write_text(json.dumps(sealed(document)))
    result = CliRunner().invoke(cli, ["reference", "validate", str(file)])
    assert result.exit_code == 1
    assert "$.recommendations.items[0].effort: out_of_range" in result.output
    assert "$.recommendations.items[1].why: missing" in result.output
