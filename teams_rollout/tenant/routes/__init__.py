"""Tenant simulator: the handlers, one module per area of Graph."""
