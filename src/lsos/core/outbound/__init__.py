"""The only HTTP client of the product, and its guard."""
