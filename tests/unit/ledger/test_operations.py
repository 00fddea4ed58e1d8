"""Transactions are never too long or too large, and keep together what belongs together."""

from hypothesis import given
from hypothesis import strategies as st

from teams_rollout.ledger.operations import (
    CHARACTERS_LIMIT,
    TRANSACTION_LIMIT,
    Operation,
    pack,
    put,
)


def group(number: int, *, size: int, text: str = "") -> list[Operation]:
    keys = [f"{number}-{n}" for n in range(size)]
    return [put({"PartitionKey": "p", "RowKey": key, "text": text}) for key in keys]


@given(st.lists(st.tuples(st.integers(0, 130), st.sampled_from([0, 20_000, 400_000])), max_size=8))
def test_every_operation_is_packed_once_in_order_within_the_limits(
    shapes: list[tuple[int, int]],
) -> None:
    texts = {size: "x" * size for _, size in shapes}
    groups = [group(n, size=size, text=texts[t]) for n, (size, t) in enumerate(shapes)]
    packed = list(pack(groups))
    assert [o for part in packed for o in part] == [o for one in groups for o in one]
    for part in packed:
        assert 0 < len(part) <= TRANSACTION_LIMIT
        assert sum(len(row["text"]) for _, row, _ in part) <= CHARACTERS_LIMIT


def test_a_group_that_fits_is_never_torn() -> None:
    sizes = [60, 60, 100, 1, 99, 1]
    packed = list(pack(group(n, size=size) for n, size in enumerate(sizes)))
    assert [len(part) for part in packed] == [60, 60, 100, 100, 1]


def test_nothing_to_do_needs_no_transaction() -> None:
    assert list(pack([[], []])) == []
