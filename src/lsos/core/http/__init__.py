"""What every request to the API passes through."""
