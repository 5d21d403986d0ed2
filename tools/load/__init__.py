"""The load simulation: arrivals, work, polls, and what is written about them."""
