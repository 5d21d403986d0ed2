"""Reviews of locations: ingest, velocity, quality."""
