"""Backlinks and referring domains, and the authority score."""
