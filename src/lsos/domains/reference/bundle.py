"""Releases on disk: the one that ships in the package, and files that authors check."""

from pathlib import Path
from typing import Any

from lsos.domains.reference.rules import SHAPES
from lsos.domains.reference.validation import MAX_BYTES, Fault, decode

BUNDLED = Path(__file__).parent / "releases" / "2026.11.0"


def read_release(place: Path) -> tuple[dict[str, Any], list[Fault]]:
    """The parts of a release and the faults of their texts.

    A folder holds manifest.json, metrics.json, recommendations.json and evidence.json; a file
    holds all four under these names.
    """
    if not place.is_dir():
        value, faults = _decode(place, "$")
        if value is not None and not isinstance(value, dict):
            faults.append(Fault("$", "shape", "must be an object"))
        return value if isinstance(value, dict) else {}, faults
    document: dict[str, Any] = {}
    faults = []
    for name in SHAPES:
        file = place / f"{name}.json"
        if not file.is_file():
            continue  # validation says what is missing
        value, found = _decode(file, f"$.{name}")
        faults += found
        if value is not None:
            document[name] = value
    return document, faults


def _decode(file: Path, path: str) -> tuple[Any, list[Fault]]:
    size = file.stat().st_size
    if size > MAX_BYTES:
        return None, [Fault(path, "too_large", f"{size} bytes; at most {MAX_BYTES} are read")]
    return decode(file.read_bytes(), path)
