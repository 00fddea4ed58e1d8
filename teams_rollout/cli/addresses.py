"""Where the parts of a running lab are (`.rollout/addresses.json`), and which API is meant."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

from teams_rollout.cli.errors import CliError

STATE_DIR = Path(".rollout")
ADDRESSES = "addresses.json"
API_VARIABLE = "ROLLOUT_API"
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True)
class Addresses:
    """Base URLs of the parts; `storage` is a connection string."""

    api: str
    portal: str
    tenant: str
    storage: str
    host: str

    def write(self, folder: Path) -> None:
        """Put `addresses.json` into the folder, whole or not at all."""
        draft = folder / f"{ADDRESSES}.new"
        draft.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")
        draft.replace(folder / ADDRESSES)


def read_addresses(folder: Path = STATE_DIR) -> Addresses | None:
    """The addresses of the lab in a folder; None without a file.

    Raises:
        CliError: the file is there but is not what the lab writes.
    """
    path = folder / ADDRESSES
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        return Addresses(**{name: str(raw[name]) for name in Addresses.__dataclass_fields__})
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as exc:
        text = f"{path} cannot be understood; remove it and run `rollout lab up` again."
        raise CliError(text) from exc


def api_address(option: str | None, environ: Mapping[str, str] = os.environ) -> str:
    """Base URL of the API: the option, else the variable, else the lab of this folder.

    Raises:
        CliError: none of the three is there, or the address is not an http(s) URL.
    """
    named = option or environ.get(API_VARIABLE)
    if not named:
        lab = read_addresses()
        named = lab.api if lab else None
    if not named:
        raise CliError(
            "No rollout API is known in this folder. Start one here with `rollout lab up`, "
            f"or name one with --api URL or {API_VARIABLE}."
        )
    if not _is_web_address(named):
        raise CliError(f"{named} is no address of an API; it must look like https://HOST.")
    return named.rstrip("/").removesuffix("/api/v1")


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        # Both refuse what is no number or no host by raising.
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def is_loopback(url: str) -> bool:
    """Whether an address stays on this machine."""
    return urlsplit(url).hostname in LOOPBACK
