"""No bytes make the import raise, and what it accepts keeps its promises."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from teams_rollout.domain.importing import FaultCode, ImportOptions, ParsedFiles
from tests.unit.domain.importing.files import ROLLOUT, TEAMS, USERS, parse

_OPTIONS = st.builds(
    ImportOptions,
    wave=st.none() | st.sampled_from(["pilot", "", "a/b", "Pilot"]),
    allow_extra_columns=st.booleans(),
    accept_good=st.booleans(),
    max_rows=st.sampled_from([3, 120_000]),
)
_CSV_LIKE = st.text(
    st.sampled_from(list("upn,wave;team@.\"'\n\r\t =+-\0é\ufeff\u2028pilot")), max_size=200
)
_TOML_LIKE = st.text(
    st.sampled_from(list("[rollout].waves=\"'\n{},#profiles0123-:TZ \\")), max_size=200
)


def _damaged(original: str) -> st.SearchStrategy[bytes]:
    """The sound file with one stretch replaced by other bytes."""
    data = original.encode()

    def splice(start: int, length: int, junk: bytes) -> bytes:
        return data[:start] + junk + data[start + length :]

    return st.builds(splice, st.integers(0, len(data)), st.integers(0, 20), st.binary(max_size=12))


def _files(original: str, like: st.SearchStrategy[str]) -> st.SearchStrategy[bytes]:
    return st.one_of(
        st.just(original.encode()),
        st.binary(max_size=300),
        like.map(lambda text: text.encode()),
        _damaged(original),
    )


def _check_promises(parsed: ParsedFiles, options: ImportOptions) -> None:
    errors = [f for f in parsed.faults if f.is_error]
    assert parsed.roster is not None or errors
    assert parsed.roster is None or options.accept_good or not errors
    assert all(f.code in set(FaultCode) and f.message and f.line >= 0 for f in parsed.faults)
    assert isinstance(parsed.annotated_users_csv(), str)
    json.loads(parsed.model_dump_json())
    if parsed.roster is not None:
        known = {t.key for t in parsed.roster.teams}
        assert parsed.roster.users
        assert all(u.identity and u.wave and set(u.teams) <= known for u in parsed.roster.users)
        assert all(u.profile in parsed.roster.config.profiles for u in parsed.roster.users)


@settings(max_examples=300)
@given(
    rollout=_files(ROLLOUT, _TOML_LIKE),
    users=_files(USERS, _CSV_LIKE),
    teams=_files(TEAMS, _CSV_LIKE),
    options=_OPTIONS,
)
def test_given_any_bytes_when_parsed_then_there_is_a_roster_or_faults_and_never_an_exception(
    rollout: bytes, users: bytes, teams: bytes, options: ImportOptions
) -> None:
    parsed = parse(rollout=rollout, users=users, teams=teams, options=options)

    _check_promises(parsed, options)


_IDENTITIES = ["ann@x.example", "ANN@x.example", "bo@x.example", "no"]
_OTHERS = ["", "pilot", "wave 1", "office", "Housing", "Housing;No", "+442079460000", "2026-12-31"]
_ODD = ["2026-13-31", "Islands", "vip", "=1"]
_CELL = st.sampled_from([*_IDENTITIES, *_OTHERS, *_ODD])


@settings(max_examples=300)
@given(
    columns=st.lists(
        st.sampled_from(["upn", "employee_id", "mail", "wave", "profile", "teams", "fault", ""])
        | st.sampled_from(["priority", "phone_number", "hold_until", "coexistence_mode", "x"]),
        min_size=1,
        max_size=9,
    ),
    rows=st.lists(st.lists(_CELL, max_size=9), max_size=6),
    options=_OPTIONS,
)
def test_given_any_table_when_parsed_then_each_row_is_imported_reported_or_a_copy(
    columns: list[str], rows: list[list[str]], options: ImportOptions
) -> None:
    lines = [",".join(columns), *(",".join(row) for row in rows)]

    parsed = parse(users="\n".join(lines) + "\n", options=options)

    _check_promises(parsed, options)
    if parsed.roster is not None:
        imported = {u.line for u in parsed.roster.users}
        reported = {f.line for f in parsed.faults if f.file == "users.csv"}
        filled = {n for n, line in enumerate(lines, start=1) if n > 1 and line.strip(",")}
        assert filled <= imported | reported
