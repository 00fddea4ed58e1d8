"""Benchmarks: measured on request by `make bench`, never part of the tests."""
