"""The helpdesk guide uses the words that are on the helpdesk's page."""

import re
from pathlib import Path

import pytest

from teams_rollout.portal.wording import STATES, STEPS


@pytest.fixture(scope="module")
def guide(repository: Path) -> str:
    return (repository / "docs" / "helpdesk-guide.md").read_text()


def test_states_when_explained_then_all_and_by_the_pages_words(guide: str) -> None:
    section = guide.partition("## What the states mean")[2].partition("\n## ")[0]
    explained = set(re.findall(r"^\| ([a-z ]+) \|", section, re.MULTILINE)) - {"state"}

    assert explained == {words.lower() for words in STATES.values()}


def test_steps_when_named_then_by_the_pages_words(guide: str) -> None:
    named = set(re.findall(r"step \*([^*]+)\*", guide))

    assert len(named) > 3
    assert named <= set(STEPS.values())


def test_parts_of_the_page_when_named_then_the_page_has_them(guide: str, repository: Path) -> None:
    folder = repository / "teams_rollout" / "portal" / "templates"
    page = "".join(path.read_text() for path in folder.glob("*.html"))
    section = guide.partition("## Reading the page")[2].partition("\n## ")[0]
    named = re.findall(r"\*\*([^*]+)\*\*", section)

    assert len(named) > 5
    assert [part for part in named if part not in page] == []
