"""Keys: safe characters, orders that range queries rely on."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teams_rollout.contracts.names import TABLES
from teams_rollout.ledger import keys

ILLEGAL = set("/\\#?%|:'") | {chr(c) for c in range(0x20)} | {chr(c) for c in range(0x7F, 0xA0)}
MOMENTS = st.datetimes(
    min_value=datetime(1970, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone itself
    max_value=datetime(9000, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone itself
    timezones=st.just(UTC),
)


@given(st.text())
def test_any_text_becomes_a_legal_part_of_a_key(text: str) -> None:
    assert not ILLEGAL & set(keys.encode(text))
    assert keys.encode(text).isascii()


@given(st.text(), st.text())
def test_different_texts_never_share_a_key(one: str, other: str) -> None:
    assert (keys.encode(one) == keys.encode(other)) == (one == other)


@given(st.text(), st.text())
def test_an_encoded_prefix_bounds_everything_that_begins_with_it(start: str, rest: str) -> None:
    prefix, whole = keys.encode(start), keys.encode(start + rest)
    assert prefix <= whole < keys.end_of(prefix)


@given(MOMENTS, MOMENTS)
def test_later_moments_sort_first(one: datetime, other: datetime) -> None:
    assert (keys.newest_first(one) < keys.newest_first(other)) == (one > other)


def test_moments_in_other_zones_sort_by_the_instant() -> None:
    summer = datetime.fromisoformat("2026-07-01T09:00:00+01:00")
    assert keys.newest_first(summer) == keys.newest_first(datetime(2026, 7, 1, 8, tzinfo=UTC))
    assert keys.newest_first(summer + timedelta(microseconds=1)) < keys.newest_first(summer)


def test_shard_bounds_hold_exactly_the_rollouts_own_shards() -> None:
    low, high = keys.shards_of("council")
    assert low <= "council:0001" < high
    assert low <= "council:12345" < high
    assert not low <= "council-2:0001" < high
    assert not low <= "councils:0001" < high


def test_batches_sort_by_number_beyond_nine() -> None:
    rows = [keys.batch_row("wave-1", 2, number) for number in (2, 10, 100, 1000)]
    assert rows == sorted(rows)


@pytest.mark.parametrize("ref", ["", "U1", "1u", "u/1", "u 1", "u000001'", "u" * 80])
def test_a_ref_that_cannot_name_a_property_is_refused(ref: str) -> None:
    with pytest.raises(ValueError, match="cannot name a person"):
        keys.check_ref(ref)


def test_a_hundred_neighbours_are_spread_evenly_over_the_blocks() -> None:
    blocks = [keys.block_of(f"u{number:06}") for number in range(1, 101)]
    assert {blocks.count(block) for block in set(blocks)} == {100 // keys.OBSERVED_BLOCKS}


def test_table_names_are_legal_and_distinct_for_a_service_that_ignores_case() -> None:
    assert all(name.isalnum() and 3 <= len(name) <= 63 for name in TABLES)
    assert len({name.lower() for name in TABLES}) == len(TABLES)
