"""Partition and row keys of every table (ADR 0004). Pure.

A key may hold no `/ \\ # ?` and no control character, and each one here is built so that a
range of row keys is a meaningful set: one kind of row, newest first, or one search prefix.
"""

import hashlib
import re
from datetime import UTC, datetime, timedelta

ROLLOUT_PARTITION, ROLLOUT_ROW = "rollout", "current"
OPERATION_PARTITION = "operation"
NOTICE_PARTITION = "notice"
QUOTAS_PARTITION = "graph"
STOPS_ROW = "stops"
HEADER = "header"

OBSERVED_BLOCKS = 4
"""Rows over which a shard's wide columns are spread: 1 MiB a row, so about 20,000 characters
for each of 100 people, whatever licensing groups do to the list of disabled plans."""

READY_SLOTS = 16
"""Rows over which a shard's waits are spread: a row holds 252 properties, so 100 people may be
in some twenty teams each beside one that has them all."""

_SAFE = re.compile(r"[A-Za-z0-9._@-]")
_REF = re.compile(r"[a-z][a-z0-9_]{0,63}")
_LAST_MICROSECOND = 10**18 - 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def encode(text: str) -> str:
    """Make any text safe inside a key, character by character: what starts alike stays so."""
    return "".join(c if _SAFE.match(c) else _escape(c) for c in text)


def _escape(character: str) -> str:
    return "".join(f"!{byte:02x}" for byte in character.encode("utf-8"))


def digest(text: str) -> str:
    """A short, stable stand-in for a text of any length or alphabet (16 hex digits)."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:16]


def end_of(prefix: str) -> str:
    """The exclusive upper bound of all encoded keys that begin with `prefix`."""
    return f"{prefix}~"


def newest_first(at: datetime) -> str:
    """A fixed-width text that sorts later moments first, to the microsecond (UTC)."""
    since = (at - _EPOCH) // timedelta(microseconds=1)
    return f"{_LAST_MICROSECOND - since:018d}"


def highest_first(number: int) -> str:
    """A fixed-width text that sorts larger numbers first."""
    return f"{10**12 - 1 - number:012d}"


def check_ref(ref: str) -> str:
    """The ref, which is also the name of a property.

    Raises:
        ValueError: it is not lower-case letters, digits and underscores.
    """
    if not _REF.fullmatch(ref):
        raise ValueError(f"{ref!r} cannot name a person in the ledger (expected like u000001)")
    return ref


def block_of(ref: str) -> int:
    """Which of the spread rows holds this person's wide columns; neighbours differ."""
    digits = re.sub(r"\D", "", ref)
    return int(digits or "0") % OBSERVED_BLOCKS


def shards_of(rollout_id: str) -> tuple[str, str]:
    """Partition keys of all shards of a rollout, as lower (inclusive) and upper bound."""
    return f"{rollout_id}:", f"{rollout_id};"


def wave_row(slug: str) -> str:
    """Row key of a wave."""
    return f"wave|{encode(slug)}"


def batch_rows(wave: str, epoch: int) -> str:
    """What the row keys of a run's batches begin with."""
    return f"batch|{encode(wave)}|{epoch:04d}|"


def batch_row(wave: str, epoch: int, number: int) -> str:
    """Row key of a batch; batches sort by number."""
    return f"{batch_rows(wave, epoch)}{number:05d}"


def team_row(key: str) -> str:
    """Row key of a team; its key in the file may hold anything."""
    return f"team|{digest(key)}"


def seats_row(part_number: str) -> str:
    """Row key of a SKU's promises."""
    return f"seats|{encode(part_number)}"


def ready_partition(rollout_id: str, wave: str) -> str:
    """Partition of the people of one wave who wait to be put into teams."""
    return f"{rollout_id}:{encode(wave)}"


def ready_row(shard: str, team_key: str) -> str:
    """Row that holds who of a shard waits for this team and some others."""
    return f"{shard}|{int(digest(team_key), 16) % READY_SLOTS:02d}"


def ready_property(ref: str, team_key: str) -> str:
    """Property of one person who waits for one team."""
    return f"{check_ref(ref)}_{digest(team_key)}"


def notice_rows(wave: str, kind: str, occasion: str) -> str:
    """What the row keys of one notice begin with, in every shard."""
    return f"n|{encode(wave)}|{kind}|{encode(occasion)}|"


def card_row(wave: str, kind: str, occasion: str) -> str:
    """Row key, beside the waves, of the card about one notice."""
    return f"card|{encode(wave)}|{kind}|{encode(occasion)}"


def chunk_row(kind: str, number: int) -> str:
    """Row key of one chunk of a long list."""
    return f"{kind}|{number:05d}"


def word_partition(rollout_id: str, word: str) -> str:
    """Partition of all indexed words that begin with the same two characters."""
    return f"{rollout_id}:{encode(word[:2])}"


def cards_partition(rollout_id: str) -> str:
    """Partition of what is indexed about each person; no encoded word holds a `=`."""
    return f"{rollout_id}:=cards"
