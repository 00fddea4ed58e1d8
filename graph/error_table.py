"""The one table of Microsoft's error texts.

Graph answers five different licence problems with one code (`Request_BadRequest`) and an English
sentence, so texts must be matched. Microsoft does not promise them: whatever no row knows becomes
`request_refused`, which a person looks at. A row applies when all its words occur in the codes
and messages of the error (any depth, any case); the first row that applies wins.
"""

from dataclasses import dataclass

from teams_rollout.domain.vocabulary import Outcome


@dataclass(frozen=True, slots=True)
class Row:
    """Words that must all occur, and what they mean."""

    words: tuple[str, ...]
    code: str
    outcome: Outcome = Outcome.BLOCKED


ROWS: tuple[Row, ...] = (
    # Concurrency (github.com/nais/azurerator#448).
    Row(("directory_concurrencyviolation",), "concurrent_change", Outcome.TRANSIENT),
    Row(("concurrent requests",), "concurrent_change", Outcome.TRANSIENT),
    # Licences: learn.microsoft.com/entra licensing-groups-resolve-problems, user-assignlicense.
    Row(("does not have any available licenses",), "no_seats_left"),
    Row(("countviolation",), "no_seats_left"),
    Row(("invalid usage location",), "usage_location_missing"),
    Row(("prohibitedinusagelocation",), "usage_location_not_allowed"),
    Row(("usage location", "not allowed"), "usage_location_not_allowed"),
    Row(("not available in", "location"), "usage_location_not_allowed"),
    Row(("mutually exclusive",), "conflicting_license"),
    Row(("mutuallyexclusive",), "conflicting_license"),
    Row(("depends on the service plan",), "license_dependency_missing"),
    Row(("dependencyviolation",), "license_dependency_missing"),
    Row(("does not correspond to a valid company license",), "sku_not_in_tenant"),
    Row(("inherited from a group",), "license_held_through_group"),
    Row(("does not have a corresponding license",), "", Outcome.ALREADY),
    # Groups, teams, channels.
    Row(("on-premises mastered",), "group_managed_on_premises"),
    Row(("same value for property mailnickname",), "team_name_taken"),
    Row(("object references already exist",), "", Outcome.ALREADY),
    Row(("namealreadyexists",), "", Outcome.ALREADY),
    Row(("channel name already existed",), "", Outcome.ALREADY),
    Row(("channel with", "name already exists"), "", Outcome.ALREADY),
    Row(("already a team",), "", Outcome.ALREADY),
    Row(("already provisioned",), "", Outcome.ALREADY),
    Row(("team already exists",), "", Outcome.ALREADY),
    Row(("group is already",), "", Outcome.ALREADY),
    # Teams administration: policies.
    Row(("policy type", "not supported"), "policy_type_unsupported"),
    Row(("policytype", "not supported"), "policy_type_unsupported"),
    Row(("unsupported policy type",), "policy_type_unsupported"),
    Row(("homed on-premises",), "user_on_premises"),
    Row(("homed on premises",), "user_on_premises"),
    Row(("sfbonpremuser",), "user_on_premises"),
    Row(("on-premises", "user"), "user_on_premises"),
    Row(("policy", "not found"), "policy_not_found"),
    Row(("policy", "does not exist"), "policy_not_found"),
    # Teams administration: telephone numbers.
    Row(("number", "already assigned"), "number_in_use"),
    Row(("number", "in use"), "number_in_use"),
    Row(("phone system",), "phone_system_missing"),
    Row(("teams phone license",), "phone_system_missing"),
    Row(("mcoev",), "phone_system_missing"),
    Row(("enterprise voice",), "phone_system_missing"),
    Row(("telephone number", "not found"), "number_not_found"),
    Row(("phone number", "not found"), "number_not_found"),
    Row(("number", "does not exist"), "number_not_found"),
    # Throttling that hides behind another status.
    Row(("request_throttled",), "throttled", Outcome.THROTTLED),
    Row(("toomanyrequests",), "throttled", Outcome.THROTTLED),
)

LICENSE_STATE_CODES: dict[str, str] = {
    "CountViolation": "no_seats_left",
    "MutuallyExclusiveViolation": "conflicting_license",
    "DependencyViolation": "license_dependency_missing",
    "ProhibitedInUsageLocationViolation": "usage_location_not_allowed",
}
"""`licenseAssignmentStates.error`, as group licensing reports them; all others need a look."""


def row_for(text: str) -> Row | None:
    """The first row whose words all occur in an error's lower-case text."""
    return next((row for row in ROWS if all(word in text for word in row.words)), None)


def code_of_license_state(error: str) -> str:
    """Our code for an error of a licence state; empty for none.

    Source: learn.microsoft.com/graph/api/resources/licenseassignmentstate
    """
    if error in ("", "None"):
        return ""
    return LICENSE_STATE_CODES.get(error, "request_refused")
