"""The Microsoft 365 tenant simulator: a stand-in for Microsoft Graph with its limits and vices.

It imports nothing of the rest of the project and nothing imports it; it runs as a process:
`python -m teams_rollout.tenant --seed FILE --port P`. See docs/tenant-simulator.md.
"""
