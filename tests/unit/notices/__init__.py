"""Notices: what they say and who gets them."""
