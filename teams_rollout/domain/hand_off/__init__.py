"""Hand-offs: what another team does, the file it gets, the result that comes back. Pure."""
