"""Durable orchestrations: deterministic, no I/O, no clock, no environment."""
