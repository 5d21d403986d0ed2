"""Looking at background work, over the table of `core.jobs`."""
