"""Benchmarks: figures in one run, beside peers on the same machine."""
