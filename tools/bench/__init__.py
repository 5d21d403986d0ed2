"""Benchmarks, run side by side with peers on the same machine."""
