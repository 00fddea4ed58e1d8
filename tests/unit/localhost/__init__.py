"""Tests of the local host's parts, without services."""
