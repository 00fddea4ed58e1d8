"""HTTP, queue and timer triggers: start, signal, query; no decisions."""
