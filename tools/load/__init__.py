"""The load simulation: arrivals, work, polling and the report."""
