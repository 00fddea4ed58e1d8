"""Tenant simulator: the property names of the resources, and which of them may be written.

Source: Microsoft Graph v1.0 metadata, the types user, group, team, channel and
teamsUserConfiguration.
"""

from __future__ import annotations

from typing import Any

from teams_rollout.tenant.errors import GraphError, bad_request
from teams_rollout.tenant.wire import Json


def _names(text: str) -> list[str]:
    return text.split()


USER_DEFAULT = (
    "businessPhones",
    "displayName",
    "givenName",
    "id",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
    "userPrincipalName",
)

# Properties that Graph gives for one user only: asking a list for them is 501.
USER_SINGLE_ONLY = frozenset(
    _names(
        "aboutMe birthday hireDate interests mySite pastProjects preferredName "
        "responsibilities schools skills mailboxSettings"
    )
)

# What a request may change, with the type of the value.
USER_WRITABLE: dict[str, type] = dict.fromkeys(
    _names(
        "usageLocation displayName givenName surname department jobTitle mail mobilePhone city "
        "companyName country employeeId employeeType faxNumber mailNickname officeLocation "
        "postalCode preferredLanguage state streetAddress userPrincipalName userType"
    ),
    str,
)
USER_WRITABLE |= {"accountEnabled": bool, "businessPhones": list, "otherMails": list}

# The directory sync masters everything else of a synchronised user.
USER_CLOUD_MASTERED = frozenset({"usageLocation", "preferredLanguage", "otherMails"})

USER_PROPERTIES = (
    frozenset(
        _names(
            "ageGroup assignedLicenses assignedPlans authorizationInfo consentProvidedForMinor "
            "createdDateTime creationType customSecurityAttributes deletedDateTime "
            "employeeHireDate employeeLeaveDateTime employeeOrgData externalUserState "
            "externalUserStateChangeDateTime id identities imAddresses isManagementRestricted "
            "isResourceAccount lastPasswordChangeDateTime legalAgeGroupClassification "
            "licenseAssignmentStates onPremisesDistinguishedName onPremisesDomainName "
            "onPremisesExtensionAttributes onPremisesImmutableId onPremisesLastSyncDateTime "
            "onPremisesProvisioningErrors onPremisesSamAccountName onPremisesSecurityIdentifier "
            "onPremisesSyncEnabled onPremisesUserPrincipalName passwordPolicies passwordProfile "
            "preferredDataLocation provisionedPlans proxyAddresses securityIdentifier "
            "serviceProvisioningErrors showInAddressList signInActivity "
            "signInSessionsValidFromDateTime"
        )
    )
    | USER_SINGLE_ONLY
    | set(USER_WRITABLE)
)

# Lists in the type: null would not be valid for them.
USER_LISTS = frozenset(
    _names(
        "assignedLicenses assignedPlans businessPhones identities imAddresses interests "
        "licenseAssignmentStates onPremisesProvisioningErrors otherMails pastProjects "
        "provisionedPlans proxyAddresses responsibilities schools serviceProvisioningErrors "
        "skills"
    )
)

GROUP_WRITABLE: dict[str, type] = dict.fromkeys(
    _names(
        "classification description displayName mailNickname membershipRule "
        "membershipRuleProcessingState preferredDataLocation theme uniqueName visibility"
    ),
    str,
)
GROUP_WRITABLE |= {
    "groupTypes": list,
    "mailEnabled": bool,
    "securityEnabled": bool,
    "isAssignableToRole": bool,
    "resourceBehaviorOptions": list,
    "resourceProvisioningOptions": list,
    "members@odata.bind": list,
    "owners@odata.bind": list,
}

GROUP_LISTS = frozenset(
    _names(
        "assignedLabels assignedLicenses groupTypes infoCatalogs onPremisesProvisioningErrors "
        "proxyAddresses resourceBehaviorOptions resourceProvisioningOptions "
        "serviceProvisioningErrors"
    )
)

GROUP_DEFAULT = tuple(
    _names(
        "id deletedDateTime classification createdDateTime description displayName "
        "expirationDateTime groupTypes isAssignableToRole mail mailEnabled mailNickname "
        "membershipRule membershipRuleProcessingState onPremisesLastSyncDateTime "
        "onPremisesSyncEnabled preferredDataLocation preferredLanguage proxyAddresses "
        "renewedDateTime resourceBehaviorOptions resourceProvisioningOptions securityEnabled "
        "securityIdentifier theme uniqueName visibility"
    )
)

GROUP_PROPERTIES = (
    frozenset(
        _names(
            "assignedLabels assignedLicenses hasMembersWithLicenseErrors infoCatalogs "
            "licenseProcessingState onPremisesDomainName onPremisesNetBiosName "
            "onPremisesProvisioningErrors onPremisesSamAccountName onPremisesSecurityIdentifier "
            "serviceProvisioningErrors"
        )
    )
    | set(GROUP_DEFAULT)
    | {name for name in GROUP_WRITABLE if "@" not in name}
)

TEAM_SETTINGS = ("memberSettings", "guestSettings", "messagingSettings", "funSettings")
TEAM_WRITABLE: dict[str, type] = {
    "displayName": str,
    "description": str,
    "classification": str,
    "specialization": str,
    "visibility": str,
    **dict.fromkeys((*TEAM_SETTINGS, "discoverySettings", "summary"), dict),
}
TEAM_PROPERTIES = frozenset(TEAM_WRITABLE) | {
    "id",
    "createdDateTime",
    "internalId",
    "isArchived",
    "tenantId",
    "webUrl",
    "firstChannelName",
}
CHANNEL_PROPERTIES = frozenset(
    _names(
        "id createdDateTime description displayName email isArchived isFavoriteByDefault "
        "layoutType membershipType migrationMode originalCreatedDateTime tenantId webUrl "
        "summary"
    )
)
CONFIGURATION_PROPERTIES = frozenset(
    _names(
        "id userPrincipalName tenantId accountType featureTypes isEnterpriseVoiceEnabled "
        "telephoneNumbers effectivePolicyAssignments createdDateTime modifiedDateTime"
    )
)


def check_body(body: Json, writable: dict[str, type], *, nullable: bool = True) -> Json:
    """Return the properties to write, without OData annotations.

    Raises:
        GraphError: 400 for an unknown property or a value of the wrong type.
    """
    wanted: Json = {}
    for name, value in body.items():
        if name.startswith("@odata."):
            continue
        kind = writable.get(name)
        if kind is None:
            raise bad_request(f"Invalid property '{name}'.")
        if value is None and nullable:
            wanted[name] = None
        elif isinstance(value, kind):
            wanted[name] = value
        else:
            raise wrong_value(name)
    return wanted


def wrong_value(name: str, resource: str = "") -> GraphError:
    """Entra's answer to a value that a property cannot take."""
    where = f" of resource '{resource}'" if resource else ""
    return bad_request(
        f"Invalid value specified for property '{name}'{where}.",
        details=[{"code": "InvalidValue", "message": "Invalid value.", "target": name}],
    )


def with_lists(row: Json, lists: frozenset[str]) -> Json:
    """Replace null by an empty list where the type has a list."""
    for name, value in row.items():
        if value is None and name in lists:
            row[name] = []
    return row


def text(body: Json, name: str) -> str:
    """Return a required string of a body.

    Raises:
        GraphError: 400.
    """
    value: Any = body.get(name)
    if not isinstance(value, str) or not value:
        raise bad_request(f"A value is required for property '{name}' of the request.")
    return value
