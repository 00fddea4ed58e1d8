"""Links in documents lead somewhere, and decisions are written down in one form."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from teams_rollout.contracts import names
from teams_rollout.domain.transitions import WAVE_MOVES

PICTURE = re.compile(r"^```mermaid\n(.*?)^```", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
ADR_HEADINGS = ["## Context", "## Decision", "## Consequences", "## Review"]


def anchors_of(document: Path) -> set[str]:
    """Headings as anchors: lower case, punctuation dropped, blanks as hyphens."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(document: Path) -> Iterator[str]:
    for link in LINK.findall(document.read_text()):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = document.parent / name if name else document
        if not target.exists() or (anchor and anchor not in anchors_of(target)):
            yield f"{document.name}: {link}"


def test_links_when_followed_then_lead_to_a_file_and_heading(
    tracked: Sequence[Path], repository: Path
) -> None:
    documents = [repository / path for path in tracked if path.suffix == ".md"]

    broken = [link for document in documents for link in broken_links(document)]

    assert documents
    assert not broken


def test_decisions_when_read_then_each_has_the_four_parts(repository: Path) -> None:
    decisions = sorted((repository / "docs" / "adr").glob("[0-9]*.md"))

    odd = [
        path.name
        for path in decisions
        if [line for line in path.read_text().splitlines() if line.startswith("## ")]
        != ADR_HEADINGS
    ]

    assert decisions
    assert not odd


def test_decisions_when_counted_then_no_number_is_used_twice(repository: Path) -> None:
    numbers = [path.name[:4] for path in (repository / "docs" / "adr").glob("[0-9]*.md")]

    assert len(numbers) == len(set(numbers))


def test_decisions_when_listed_then_the_index_names_each_by_its_title(repository: Path) -> None:
    folder = repository / "docs" / "adr"
    index = (folder / "README.md").read_text()
    titles = {p.name: p.read_text().splitlines()[0] for p in folder.glob("[0-9]*.md")}

    missing = {
        name: title
        for name, title in titles.items()
        if f"[{title.removeprefix('# ')}]({name})" not in index
    }

    assert not missing, "add them to docs/adr/README.md"


def test_changelog_when_read_then_each_release_says_what_operators_ask_first(
    repository: Path,
) -> None:
    """Whether to do something, and whether waves may be under way meanwhile (docs/upgrading.md)."""
    text = (repository / "CHANGELOG.md").read_text()
    releases = re.split(r"^## ", text, flags=re.MULTILINE)[1:]

    assert releases
    for release in releases:
        assert re.search(r"^Operator action: \S", release, re.MULTILINE), release[:40]
        assert re.search(r"^In-flight safe: (yes|no)\b", release, re.MULTILINE), release[:40]


def test_pictures_when_somebody_cannot_see_them_then_words_stand_in(
    tracked: Sequence[Path], repository: Path
) -> None:
    texts = {str(p): (repository / p).read_text() for p in tracked if p.suffix == ".md"}

    drawn = [(path, drawing) for path, text in texts.items() for drawing in PICTURE.findall(text)]
    silent = [p for p, d in drawn if not re.search(r"accTitle: \S.*\n  accDescr: \S.{40}", d)]
    unnamed = [path for path, text in texts.items() if re.search(r"!\[\s*\]\(", text)]

    assert len(drawn) > 5
    assert (silent, unnamed) == ([], [])


def test_states_when_drawn_then_the_picture_is_the_table(repository: Path) -> None:
    text = (repository / "docs" / "architecture.md").read_text()
    (drawing,) = [d for d in PICTURE.findall(text) if d.startswith("stateDiagram")]

    drawn = {(a, b) for a, b in re.findall(r"^  (\w+) --> (\w+)$", drawing, re.MULTILINE)}

    assert drawn == {(a.value, b.value) for a, to in WAVE_MOVES.items() for b in to if a is not b}


def test_pictures_when_drawn_then_no_node_is_named_by_a_word_of_the_language(
    tracked: Sequence[Path], repository: Path
) -> None:
    """A node called `graph` or `end` keeps GitHub from drawing the whole picture."""
    texts = [(repository / path).read_text() for path in tracked if path.suffix == ".md"]
    charts = [d for text in texts for d in PICTURE.findall(text) if d.startswith("flowchart")]

    reserved = r"\b(graph|end|style|class|click|default|linkStyle)\s*(\[|\(|\{|-->|-\.|$)"

    assert [m[0] for chart in charts for m in re.finditer(reserved, chart, re.M) if m[2]] == []


def test_data_protection_when_read_then_names_every_table_and_queue(repository: Path) -> None:
    text = (repository / "docs" / "data-protection.md").read_text()
    kept = {
        value
        for name, value in vars(names).items()
        if name.endswith(("_TABLE", "_QUEUE")) and isinstance(value, str)
    }

    assert len(kept) > 8
    assert {name for name in kept if f"`{name}`" not in text} == set()
