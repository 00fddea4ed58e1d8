"""The helpdesk's search over real storage."""

import asyncio
from collections.abc import Callable

import pytest

from teams_rollout.domain.observed import ObservedUser
from teams_rollout.ledger.records import UserRecord
from teams_rollout.ledger.tables import TableLedger

pytestmark = pytest.mark.azurite

MakePeople = Callable[..., list[UserRecord]]
NAMES = [
    "Zoë Müller",
    "Zoe Okafor",
    "John Smith",
    "Joanna Smithson",
    "Łukasz O'Brien-Żak",
    "Siân Ó Súilleabháin",
]


@pytest.fixture
def named_people(make_people: MakePeople) -> list[UserRecord]:
    """People with names that overlap."""
    return [
        named(person, name) for person, name in zip(make_people(len(NAMES)), NAMES, strict=True)
    ]


def named(person: UserRecord, name: str, *, upn: str = "") -> UserRecord:
    observed = ObservedUser(
        id=f"id-{person.key.ref}",
        upn=upn or person.assignment.upn,
        display_name=name,
        department="Adult Social Care",
    )
    return person.model_copy(update={"observed": observed})


async def found(ledger: TableLedger, query: str) -> list[str]:
    return sorted(hit.display_name for hit in await ledger.search("council", query))


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("zo", ["Zoe Okafor", "Zoë Müller"]),
        ("ZOË mul", ["Zoë Müller"]),
        ("smith jo", ["Joanna Smithson", "John Smith"]),
        ("smithson", ["Joanna Smithson"]),
        ("s john", ["John Smith"]),
        ("o'brien", ["Łukasz O'Brien-Żak"]),
        ("lukasz o", ["Łukasz O'Brien-Żak"]),
        ("ó súill", ["Siân Ó Súilleabháin"]),
        ("lukasz zak", ["Łukasz O'Brien-Żak"]),
        ("sample.person3@council.example", ["John Smith"]),
        ("nobody", []),
        ("z", []),
        ("", []),
        ("smith zoe", []),
        ("' or 1 eq 1", []),
    ],
)
async def test_every_word_of_a_question_begins_a_word_of_the_person(
    query: str, names: list[str], ledger: TableLedger, named_people: list[UserRecord]
) -> None:
    await ledger.index("council", named_people)
    assert await found(ledger, query) == names


async def test_a_hit_tells_where_the_person_is_and_why(
    ledger: TableLedger, named_people: list[UserRecord]
) -> None:
    await ledger.index("council", named_people)
    (hit,) = await ledger.search("council", "okaf")
    assert hit.key == named_people[1].key
    assert (hit.upn, hit.department, hit.matched) == (
        "sample.person2@council.example",
        "Adult Social Care",
        "okafor",
    )


async def test_a_new_name_replaces_the_old_one_and_the_former_upn_still_finds(
    ledger: TableLedger, named_people: list[UserRecord]
) -> None:
    await ledger.index("council", named_people)
    married = named(named_people[2], "John Jones", upn="john.jones@council.example")
    await ledger.index("council", [married])
    assert await found(ledger, "smith") == ["Joanna Smithson"]
    assert await found(ledger, "jones john") == ["John Jones"]
    assert await found(ledger, "sample.person3@council.example") == ["John Jones"]
    renamed = named(named_people[2], "John Jones", upn="j.jones@council.example")
    await ledger.index("council", [renamed])
    for upn in ("john.jones@council.example", "j.jones@council.example"):
        assert await found(ledger, upn) == ["John Jones"]


async def test_indexing_again_shows_nobody_twice(
    ledger: TableLedger, named_people: list[UserRecord]
) -> None:
    await ledger.index("council", named_people)
    await ledger.index("council", named_people)
    await ledger.index("council", [named_people[0]])
    assert await found(ledger, "zo") == ["Zoe Okafor", "Zoë Müller"]


async def test_people_indexed_at_the_same_time_are_all_found(
    ledger: TableLedger, make_people: MakePeople
) -> None:
    people = [named(p, f"Avery Stone{n}") for n, p in enumerate(make_people(300))]
    await asyncio.gather(
        *(ledger.index("council", people[at : at + 100]) for at in range(0, 300, 100))
    )
    hits = await ledger.search("council", "avery", limit=500)
    assert {hit.key for hit in hits} == {p.key for p in people}


async def test_common_names_are_cut_at_the_limit_and_narrowed_by_a_second_word(
    ledger: TableLedger, make_people: MakePeople
) -> None:
    people = [named(p, f"Avery Stone{n:04}") for n, p in enumerate(make_people(1_000))]
    await ledger.index("council", people)
    assert len(await ledger.search("council", "avery")) == 20
    assert await found(ledger, "avery stone0777") == ["Avery Stone0777"]
    hits = await ledger.search("council", "av st", limit=2_000)
    assert {hit.key for hit in hits} == {p.key for p in people}


async def test_rollouts_do_not_find_each_others_people(
    ledger: TableLedger, named_people: list[UserRecord]
) -> None:
    await ledger.index("council", named_people)
    assert await ledger.search("council-2", "zoe") == []
