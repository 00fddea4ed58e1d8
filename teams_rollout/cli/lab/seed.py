"""A look at a tenant seed before anything is started: one clear sentence if it is none."""

import gzip
import json
import zlib
from pathlib import Path

from teams_rollout.cli.errors import CliError

NEEDED = {"tenant": dict, "skus": list, "users": list}


def check_seed(path: Path) -> None:
    """Accept a seed file (.json or .json.gz).

    Raises:
        CliError: it is missing, not readable, not JSON, or no tenant.
    """
    seed = _load(path)
    if not isinstance(seed, dict):
        raise CliError(f"The tenant seed {path} is no JSON object.")
    for name, kind in NEEDED.items():
        if not isinstance(seed.get(name), kind):
            what = "an object" if kind is dict else "a list"
            raise CliError(f'The tenant seed {path} has no "{name}" ({what}).')


def _load(path: Path) -> object:
    try:
        raw = path.read_bytes()
        if path.suffix == ".gz":
            raw = gzip.decompress(raw)
        return json.loads(raw)
    except FileNotFoundError as exc:
        raise CliError(f"The tenant seed {path} does not exist.") from exc
    except (OSError, EOFError, zlib.error) as exc:
        reason = getattr(exc, "strerror", None) or "it is no whole gzip file"
        raise CliError(f"The tenant seed {path} cannot be read: {reason}.") from exc
    except ValueError as exc:  # not UTF-8, or not JSON
        raise CliError(f"The tenant seed {path} is no JSON: {exc}.") from exc
    except RecursionError as exc:
        raise CliError(f"The tenant seed {path} is nested too deeply to be a tenant.") from exc
