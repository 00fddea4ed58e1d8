"""The sample settings name every setting, are valid, and hold what host.json refers to."""

import json
import re
from pathlib import Path

import pytest

from teams_rollout.settings import Settings

PREFIX = "ROLLOUT_"
SET_BY_THE_PLATFORM = "WEBSITE_"


@pytest.fixture(scope="session")
def sample(repository: Path) -> dict[str, str]:
    return dict(json.loads((repository / "local.settings.sample.json").read_text())["Values"])


def test_sample_when_compared_with_settings_then_names_each_and_no_other(
    sample: dict[str, str],
) -> None:
    read = {
        str(field.validation_alias or f"{PREFIX}{name.upper()}")
        for name, field in Settings.model_fields.items()
    }
    set_by_people = {name for name in read if not name.startswith(SET_BY_THE_PLATFORM)}

    assert {name for name in sample if name.startswith(PREFIX)} == set_by_people


def test_sample_when_loaded_then_is_valid_and_a_rehearsal(sample: dict[str, str]) -> None:
    values = {
        name.removeprefix(PREFIX).lower(): value
        for name, value in sample.items()
        if name.startswith(PREFIX)
    }

    settings = Settings.model_validate(values)

    assert settings.environment == "REHEARSAL"
    assert settings.is_simulated


def test_host_file_when_it_refers_to_a_setting_then_the_sample_has_it(
    sample: dict[str, str], repository: Path
) -> None:
    referred = re.findall(r"%(\w+)%", (repository / "host.json").read_text())

    assert referred
    assert set(referred) <= set(sample)
