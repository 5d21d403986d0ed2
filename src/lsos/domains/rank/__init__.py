"""Organic and local-pack positions of keywords, measured and kept by day."""
