"""What cannot be read back is an error, and the error quotes nobody."""

from collections.abc import Callable

import pytest
from pydantic import ValidationError

from teams_rollout.ledger import people
from teams_rollout.ledger.records import UserRecord


@pytest.mark.parametrize("row", ["u|person", "u|observed|1"])
def test_a_damaged_row_is_refused_without_quoting_it(
    make_person: Callable[..., UserRecord], row: str
) -> None:
    columns = people.whole_columns([make_person(1)])
    columns[row]["u000001"] = '{"assignment": {"upn": 1, "wave": "Zadie"}, "upn": ["zadie@x.org"]}'
    rows = [{"RowKey": key, **values} for key, values in columns.items()]

    with pytest.raises(ValidationError) as refused:
        people.assemble("sample:0001", rows)

    assert "adie" not in str(refused.value)
