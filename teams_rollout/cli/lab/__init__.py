"""The whole system on one machine: storage, tenant simulator and local host as real processes."""
