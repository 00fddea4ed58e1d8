"""Runs a Functions app on one machine without Azure."""
