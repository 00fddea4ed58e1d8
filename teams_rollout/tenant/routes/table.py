"""Tenant simulator: all routes in one table."""

from __future__ import annotations

from teams_rollout.tenant.routes import (
    delta,
    group_members,
    groups,
    licences,
    notices,
    numbers,
    policies,
    principals,
    team_members,
    teams,
    users,
)
from teams_rollout.tenant.routing import Table

MODULES = (
    delta,
    users,
    licences,
    groups,
    group_members,
    teams,
    team_members,
    policies,
    numbers,
    notices,
    principals,
)

TABLE = Table(route for module in MODULES for route in module.routes.items)
