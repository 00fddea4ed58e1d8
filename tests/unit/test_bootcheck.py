"""The check that packages of ours were not replaced by a dependency's."""

from pathlib import Path

import pytest

from teams_rollout.bootcheck import require_own_packages


def test_own_packages_when_loaded_from_the_app_then_fine():
    require_own_packages("activities", "graph", "orchestrations", "teams_rollout")


def test_package_from_elsewhere_when_checked_then_named_with_its_file(tmp_path: Path):
    with pytest.raises(RuntimeError, match=r"'graph' was loaded from .*graph/__init__.py"):
        require_own_packages("graph", root=tmp_path)
