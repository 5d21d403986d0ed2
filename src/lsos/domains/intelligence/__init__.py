"""Recommendations with evidence, and the campaign score."""
