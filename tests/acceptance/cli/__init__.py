"""The lab and the demo with the real parts."""
