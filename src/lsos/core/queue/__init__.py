"""Background work: the jobs table, the tasks, and how workers run them."""
