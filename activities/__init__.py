"""Durable activities: the effects. One file per step, idempotent, safe to run twice."""
