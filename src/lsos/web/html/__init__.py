"""Parses an HTML page into facts: encoding, one parse, one walk, text, structured data."""
