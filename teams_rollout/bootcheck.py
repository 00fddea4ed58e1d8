"""A check before anything is registered: are our packages really ours?

Functions plans differ in whether dependencies or the app come first on the import path, so a
dependency with a package called `graph` would replace ours in one plan and not in another.
"""

from importlib import import_module
from pathlib import Path

APP_ROOT = Path(__file__).resolve().parent.parent


def require_own_packages(*names: str, root: Path = APP_ROOT) -> None:
    """Make sure that each package was loaded from the app's own directory.

    Raises:
        RuntimeError: naming the package and the file that took its place.
    """
    for name in names:
        origin = import_module(name).__file__
        if origin is None or not Path(origin).resolve().is_relative_to(root / name):
            raise RuntimeError(
                f"The package {name!r} was loaded from {origin or 'nowhere'} and not from "
                f"{root / name}. Remove the dependency that brings a package of this name."
            )
