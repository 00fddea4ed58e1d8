"""Long texts and long lists within the limits of a row."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teams_rollout.domain.roster import Assignment, TeamSpec
from teams_rollout.ledger.codec import (
    PARTS_LIMIT,
    TEXT_LIMIT,
    TooLarge,
    chunk,
    join_text,
    split_text,
    unchunk,
)
from teams_rollout.ledger.records import PlanRow


@given(st.text(max_size=200), st.integers(min_value=0, max_value=2 * TEXT_LIMIT))
def test_a_text_of_any_length_comes_back_whole(text: str, more: int) -> None:
    whole = text + "x" * more
    properties = split_text(whole)
    assert join_text(properties) == whole
    assert all(len(part) <= TEXT_LIMIT for part in properties.values())


def test_a_text_beyond_one_row_is_refused_before_it_is_sent() -> None:
    fits = "x" * (TEXT_LIMIT * PARTS_LIMIT)
    assert join_text(split_text(fits)) == fits
    with pytest.raises(TooLarge):
        split_text(fits + "x")


def test_six_thousand_people_are_few_chunks_and_come_back_in_order() -> None:
    people = [
        Assignment(
            line=n,
            upn=f"sample.person{n}@council.example",
            wave="Wave 1",
            profile="office",
            teams=("Finance", "All staff"),
        )
        for n in range(6000)
    ]
    texts = list(chunk(people))
    assert len(texts) < 100
    assert all(len(text) <= TEXT_LIMIT for text in texts)
    assert unchunk(Assignment, texts) == people


def test_an_empty_list_needs_no_chunk() -> None:
    assert list(chunk([])) == []
    assert unchunk(PlanRow, []) == []


def test_an_item_that_fills_a_property_alone_still_fits_and_a_larger_one_is_refused() -> None:
    names = tuple(f"channel {n:04}" for n in range(1_900))
    team = TeamSpec(key="k", display_name="d", channels=names)
    assert unchunk(TeamSpec, list(chunk([team, team]))) == [team, team]
    with pytest.raises(TooLarge):
        list(chunk([team.model_copy(update={"channels": names * 2})]))
