"""Counters of each process, aggregated per minute in PostgreSQL."""
