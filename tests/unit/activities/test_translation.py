"""What Microsoft shows of licences, in our terms."""

import pytest

from activities.reading import to_catalogue, translate
from graph.licenses import GraphSku
from graph.users import GraphLicenseState
from tests.unit.activities.readings import a_user


@pytest.mark.parametrize(
    ("state", "error", "trouble"),
    [
        ("Active", "None", ""),
        ("ActiveWithError", "DependencyViolation", ""),
        ("Error", "CountViolation", "no_seats_left"),
        ("Error", "MutuallyExclusiveViolation", "conflicting_license"),
        ("Error", "Other", "request_refused"),
        ("Disabled", "None", "request_refused"),
    ],
)
def test_given_a_licence_state_when_translated_then_trouble_has_a_code(
    state: str, error: str, trouble: str
) -> None:
    licence = GraphLicenseState(sku_id="e3", state=state, error=error)

    (found,) = translate(
        a_user("ann", license_states=(licence,)), None, catalogue=to_catalogue([])
    ).licenses

    assert found.error == trouble


def test_given_products_when_translated_then_only_those_for_people_with_seats_to_give_count():
    products = [
        GraphSku(sku_id="1", part_number="SPE_E3", units=5, warning=2, capability_status="Enabled"),
        GraphSku(sku_id="2", part_number="OLD", units=5, capability_status="Suspended"),
        GraphSku(sku_id="3", part_number="SITE", units=5, applies_to="Company"),
    ]

    found = to_catalogue(products)

    assert {s.part_number: s.enabled for s in found.skus} == {"SPE_E3": 7, "OLD": 0}
