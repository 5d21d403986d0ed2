"""Reads structured data, whatever form its values have."""
