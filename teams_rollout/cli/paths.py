"""Addresses below `/api/v1` that carry a name. People are never named in an address. Pure."""

from urllib.parse import quote


def wave_path(wave: str, part: str = "") -> str:
    """The address of a wave, or of a part of it; names of waves may hold blanks."""
    path = f"/waves/{quote(wave, safe='')}"
    return f"{path}/{part}" if part else path


def plan_path(plan_id: str) -> str:
    """The address of a plan."""
    return f"/plans/{quote(plan_id, safe='')}"
