"""Measurement states: what one question to a provider can come to."""

from typing import Literal

MeasurementState = Literal["found", "not_found", "empty", "error", "unmeasured"]
MEASURED: frozenset[MeasurementState] = frozenset({"found", "not_found", "empty"})
"""States with an answer: the denominator of every percentage."""
