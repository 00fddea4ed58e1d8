"""Tests of the entry points: HTTP, queues, timers, over a ledger in memory."""
