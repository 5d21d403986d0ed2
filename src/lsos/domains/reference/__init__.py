"""The reference library: immutable releases of weights, advice and evidence."""
