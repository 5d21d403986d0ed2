"""The rooms; each has only the files that it needs (see Docs/architecture.md)."""
