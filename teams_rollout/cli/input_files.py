"""The three files of a rollout: where they are, and what is wrong with them before they travel."""

from pathlib import Path

from teams_rollout.cli.errors import CliError

NAMES = {"rollout": "rollout.toml", "users": "users.csv", "teams": "teams.csv"}
SIZE_CAP = 20 * 1024 * 1024  # bytes; 100,000 people are about 8 MiB


def chosen_files(folder: Path | None, **named: Path | None) -> dict[str, Path]:
    """The files of an import: those named, else those of the folder; all checked.

    Args:
        named: `rollout`, `users`, `teams`; None = take it from the folder.

    Raises:
        CliError: one is not named, missing, no file, unreadable or too large.
    """
    if folder is not None and not folder.is_dir():
        raise CliError(f"The folder {folder} does not exist.")
    files = {}
    for role, given in named.items():
        path = given or (folder / NAMES[role] if folder else None)
        if path is not None:
            files[role] = checked(path)
    missing = [f"--{role}" for role in named if role not in files]
    if missing:
        raise CliError(f"Name {' and '.join(missing)}, or a folder that holds {_all_names()}.")
    return files


def checked(path: Path) -> Path:
    """The same path, if an API could take it.

    Raises:
        CliError: it is missing, no file, unreadable or larger than 20 MiB.
    """
    try:
        if not path.is_file():
            what = "is no file" if path.exists() else "does not exist"
            raise CliError(f"The file {path} {what}.")
        size = path.stat().st_size
        with path.open("rb"):
            pass
    except OSError as exc:
        raise CliError(f"The file {path} cannot be read: {exc.strerror}.") from exc
    if size > SIZE_CAP:
        limit = SIZE_CAP // (1024 * 1024)
        text = f"The file {path} has {size / (1024 * 1024):.0f} MiB; {limit} MiB are the most."
        raise CliError(text)
    return path


def _all_names() -> str:
    return ", ".join(NAMES.values())
