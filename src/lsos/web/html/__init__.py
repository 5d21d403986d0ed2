"""An HTML page as facts: encoding, one parse, one walk, text, structured data."""
