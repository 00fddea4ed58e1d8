"""The lab's own parts: processes, ports, files."""
