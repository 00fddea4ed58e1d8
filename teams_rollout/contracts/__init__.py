"""Names and payloads that cross process boundaries. No I/O."""
