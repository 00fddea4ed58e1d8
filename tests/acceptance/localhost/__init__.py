"""Tests of the local host as a process, with small apps of their own."""
