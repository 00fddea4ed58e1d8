"""What the documents say of a deployment is what the templates and the scripts do."""

import re
from pathlib import Path

import pytest

from infra.entra.table import read_table
from tests.infra.conftest import NOT_ON_AZURE


@pytest.fixture(scope="module")
def infrastructure() -> str:
    return (Path(__file__).parents[2] / "docs" / "infrastructure.md").read_text()


def quoted(text: str) -> set[str]:
    return set(re.findall(r"`([\w.-]+)`", text))


def test_permissions_when_documented_then_by_the_feature_that_needs_them(repository: Path) -> None:
    guide = (repository / "docs" / "operators-guide.md").read_text()
    rows = re.findall(r"^\| (?:`(\w+)`)? ?\| `([\w.]+)` \|", guide, re.MULTILINE)
    documented, feature = [], ""
    for named, permission in rows:
        feature = named or feature
        documented.append((feature, permission))

    assert sorted(documented) == sorted((r.feature, r.permission) for r in read_table()[1])


def test_parameters_when_documented_then_all_and_no_other(
    repository: Path, infrastructure: str
) -> None:
    template = (repository / "infra" / "main.bicep").read_text()
    parameters = set(re.findall(r"^param (\w+)", template, re.MULTILINE))
    section = infrastructure.partition("## Parameters")[2].partition("\n## ")[0]
    named = {
        name
        for line in section.splitlines()
        if line.startswith("| `")
        for name in quoted(line.split("|")[1])
    }

    assert named | {"firstOfThisMonth"} == parameters


def test_laptop_settings_when_left_out_of_azure_then_the_reason_is_written_down(
    infrastructure: str,
) -> None:
    section = infrastructure.partition("## Settings that a deployment does not have")[2]

    assert quoted(section.partition("\n## ")[0]) >= NOT_ON_AZURE


def test_alerts_when_sent_then_the_document_says_what_to_do(
    repository: Path, infrastructure: str
) -> None:
    template = (repository / "infra" / "app" / "alerts.bicep").read_text()
    rules = set(re.findall(r"name: '([a-z-]+)'\n +severity", template))
    rules |= set(re.findall(r"activityRulePrefix\}([a-z-]+)'", template))

    assert len(rules) == 9
    assert rules <= quoted(infrastructure.partition("## Alerts")[2])
