"""What processes count, and the minutes that they keep in PostgreSQL."""
