"""The search index: leaves stay sorted, bounded and complete whatever is put in or taken out."""

from hypothesis import given, settings
from hypothesis import strategies as st

from teams_rollout.ledger.leaves import (
    CHARACTERS,
    FULL,
    Card,
    Changes,
    Entry,
    Leaf,
    apply,
    entry_key,
)


def entry(word: str, number: int, *, name: str = "Sample Person") -> Entry:
    card = Card(shard="council:0001", ref=f"u{number:06}", name=name, upn="s@council.example")
    return Entry(word=word, card=card)


def after(leaves: list[Leaf], changes: Changes) -> list[Leaf]:
    """The stored leaves once the planned changes are written."""
    rows = {leaf.key: leaf for leaf in leaves}
    for change in apply(leaves, changes):
        if change.old is not None:
            del rows[change.old.key]
        for leaf in change.new:
            assert leaf.key not in rows
            rows[leaf.key] = leaf
    return [rows[key] for key in sorted(rows)]


def assert_sound(leaves: list[Leaf], expected: dict[str, Entry]) -> None:
    listed = [e for leaf in leaves for e in leaf.entries]
    assert [e.key for e in listed] == sorted(expected)
    assert {e.key: e for e in listed} == expected
    for leaf in leaves:
        assert leaf.entries
        assert leaf.entries[-1].key <= leaf.key
        assert len(leaf.entries) <= FULL


WORDS = st.text(alphabet="aboéß-.@", min_size=2, max_size=4)
STEP = st.dictionaries(st.tuples(WORDS, st.integers(1, 60)), st.booleans(), max_size=300)


@settings(max_examples=60)
@given(st.lists(STEP, max_size=4))
def test_any_sequence_of_changes_leaves_exactly_what_was_put_in(
    steps: list[dict[tuple[str, int], bool]],
) -> None:
    leaves: list[Leaf] = []
    expected: dict[str, Entry] = {}
    for step in steps:
        changes: dict[str, Entry | None] = {}
        for (word, number), wanted in step.items():
            one = entry(word, number)
            changes[one.key] = one if wanted else None
            expected.pop(one.key, None)
            if wanted:
                expected[one.key] = one
        leaves = after(leaves, changes)
        assert_sound(leaves, expected)


def test_a_large_import_is_cut_into_full_leaves() -> None:
    entries = [entry(f"44{n:06}", n) for n in range(6_000)]
    leaves = after([], {e.key: e for e in entries})
    assert_sound(leaves, {e.key: e for e in entries})
    assert len(leaves) < 100


def test_long_names_make_shorter_leaves() -> None:
    entries = [entry("ab", n, name="x" * 250) for n in range(500)]
    leaves = after([], {e.key: e for e in entries})
    assert_sound(leaves, {e.key: e for e in entries})
    sizes = [sum(len(e.model_dump_json()) for e in leaf.entries) for leaf in leaves]
    assert max(sizes) < CHARACTERS * 1.2


def test_putting_in_what_is_there_changes_nothing() -> None:
    entries = {e.key: e for e in (entry(f"ab{n}", n) for n in range(250))}
    leaves = after([], entries)
    assert apply(leaves, entries) == []
    assert apply(leaves, {entry_key("zz", 1 * "u000001"): None}) == []


def test_one_joiner_touches_one_leaf() -> None:
    leaves = after([], {e.key: e for e in (entry(f"ab{n:04}", n) for n in range(800))})
    joiner = entry("ab0400x", 9_000)
    (change,) = apply(leaves, {joiner.key: joiner})
    assert change.old in leaves
    assert joiner in [e for leaf in change.new for e in leaf.entries]
