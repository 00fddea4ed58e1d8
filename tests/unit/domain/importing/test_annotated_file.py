"""The users' file comes back with its faults, unharmed and harmless."""

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain.importing.files import parse, row, users_of


def _annotated(users: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(parse(users=users).annotated_users_csv(), newline="")))


def test_given_faults_when_annotated_then_each_row_says_its_own() -> None:
    rows = _annotated(users_of(row(), row(upn="no-at"), row(wave="", phone_number="1")))

    assert rows[0][-1] == "fault"
    assert rows[1][-1] == ""
    assert rows[2][-1].startswith("invalid_upn: ")
    assert "missing_value: " in rows[3][-1]
    assert " | invalid_phone_number: " in rows[3][-1]


def test_given_a_fault_of_the_header_when_annotated_then_the_first_row_says_it() -> None:
    rows = _annotated("upn,wave,colour\nann@llanfair.example,pilot,red\nbo@x.example,pilot,\n")

    assert [r[-1].partition(":")[0] for r in rows] == ["fault", "unknown_column", ""]


def test_given_an_annotated_file_when_corrected_then_it_can_be_imported_again() -> None:
    text = parse(users=users_of(row(upn="no-at"))).annotated_users_csv()

    corrected = parse(users=text.replace("no-at", "ann@llanfair.example", 1))

    assert corrected.faults == ()
    assert _annotated(text)[0].count("fault") == 1


def test_given_formulas_when_annotated_then_bad_cells_are_defused_and_good_ones_kept() -> None:
    number = "+442079460000"
    formula = '"=HYPERLINK(""http://x.example"")@x.example"'

    rows = _annotated(users_of(row(phone_number=number), row(upn=formula, phone_number=number)))

    assert rows[1][7] == number
    assert rows[2][0] == '\'=HYPERLINK("http://x.example")@x.example'
    assert rows[2][7] == number


def test_given_a_row_with_too_many_fields_when_annotated_then_nothing_is_lost() -> None:
    rows = _annotated("upn,wave\nann@llanfair.example,pilot,=1+1,more\n")

    assert rows[1][:2] == ["ann@llanfair.example", "pilot"]
    assert rows[1][2].startswith("too_many_fields")
    assert rows[1][3:] == ["'=1+1", "more"]


def test_given_an_unreadable_row_when_annotated_then_its_text_is_kept() -> None:
    rows = _annotated('upn,wave\nann@llanfair.example,"pi"lot\n')

    assert rows[1][0] == 'ann@llanfair.example,"pi"lot'


def test_given_no_text_when_annotated_then_there_is_nothing() -> None:
    assert parse(users=b"\xff\xfe").annotated_users_csv() == ""
    assert parse(users=b"").annotated_users_csv() == ""


@given(st.lists(st.text(st.sampled_from('ab@.=+-," ;'), max_size=12), max_size=5))
def test_given_any_upns_when_annotated_then_rows_without_a_fault_are_as_they_were(
    upns: list[str],
) -> None:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([["upn", "wave"], *([u, "pilot"] for u in upns)])

    rows = _annotated(text.getvalue())

    assert len(rows) == len(upns) + 1
    for upn, annotated in zip(upns, rows[1:], strict=True):
        assert annotated[0] == upn or annotated[-1]
