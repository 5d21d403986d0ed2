"""White-label reports: built from a snapshot, stored, mailed on schedule."""
