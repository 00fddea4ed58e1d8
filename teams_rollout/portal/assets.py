"""Our static files under names that carry a hash of their content, so they may be kept for ever."""

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

_TYPES = {"css": "text/css; charset=utf-8"}


@dataclass(frozen=True)
class Asset:
    """One static file."""

    name: str
    media_type: str
    content: bytes


@cache
def load_assets() -> dict[str, Asset]:
    """Every static file of the package by its hashed name, `helpdesk.0a1b2c3d4e5f.css`."""
    assets: dict[str, Asset] = {}
    for file in files("teams_rollout.portal").joinpath("static").iterdir():
        stem, _, kind = file.name.rpartition(".")
        if kind not in _TYPES:
            continue
        content = file.read_bytes()
        name = f"{stem}.{hashlib.sha256(content).hexdigest()[:12]}.{kind}"
        assets[name] = Asset(name=name, media_type=_TYPES[kind], content=content)
    return assets


def asset_path(plain_name: str) -> str:
    """The address of a static file. Raises LookupError for one that does not exist."""
    stem, _, kind = plain_name.rpartition(".")
    for name in load_assets():
        if name.startswith(f"{stem}.") and name.endswith(f".{kind}"):
            return f"/static/{name}"
    raise LookupError(plain_name)
