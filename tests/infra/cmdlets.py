"""Cmdlets that the hand-off scripts may call, with the parameters that each has and who says so.

Parameters are those of Microsoft's reference (learn.microsoft.com/powershell/module), read in the
sources of the pages in August 2026; common parameters are added for all.
"""

from dataclasses import dataclass

COMMON = frozenset({"ErrorAction", "ErrorVariable", "WarningAction", "Verbose", "Debug"})
RISK = frozenset({"WhatIf", "Confirm"})


@dataclass(frozen=True)
class Cmdlet:
    """What a call may say.

    Attributes:
        changes: whether it changes people; then a question must stand before it.
    """

    parameters: frozenset[str]
    changes: bool = False


def _of(*parameters: str, changes: bool = False) -> Cmdlet:
    return Cmdlet(frozenset(parameters) | COMMON, changes=changes)


# skype/skype-ps: Move-CsUser. Its switch that throws contacts and meetings away is left out on
# purpose, as are the deprecated ones.
SKYPE_SERVER = {
    "Move-CsUser": _of(
        *("Identity", "Target", "Credential", "HostedMigrationOverrideUrl", "TenantAdminUserName"),
        *("BypassEnterpriseVoiceCheck", "ProxyPool", "DomainController", "PassThru", *RISK),
        changes=True,
    ),
}
# teams/teams-ps: one page per cmdlet
TEAMS = {
    "Connect-MicrosoftTeams": _of(
        "TenantId", "ApplicationId", "CertificateThumbprint", "Identity", "LogLevel", *RISK
    ),
    "Get-CsTenant": _of("Identity"),
    "New-CsBatchPolicyAssignmentOperation": _of(
        *("PolicyType", "PolicyName", "Identity", "OperationName", *RISK), changes=True
    ),
    "Get-CsBatchPolicyAssignmentOperation": _of("Identity", "Status"),
    "Start-CsExMeetingMigration": _of(
        "Identity", "SourceMeetingType", "TargetMeetingType", changes=True
    ),
    "Get-CsMeetingMigrationStatus": _of("Identity", "StartTime", "EndTime", "State", "SummaryOnly"),
}
# module Az.Accounts, of the Azure pages
AZURE = {
    "Connect-AzAccount": _of("Identity", *RISK),
    "Get-AzAccessToken": _of("ResourceUrl", "AsSecureString"),
}
# microsoft.powershell.utility and .management
POWERSHELL = {
    "Import-Csv": _of("Path", "Encoding"),
    "Export-Csv": _of("Path", "NoTypeInformation", "Encoding", "WhatIf"),
    "Copy-Item": _of("Path", "Destination", "WhatIf"),
    "Remove-Item": _of("Path", "WhatIf"),
    "Get-Item": _of("Path"),
    "Join-Path": _of("Path", "ChildPath"),
    "Select-Object": _of("Property", "First", "ExpandProperty"),
    "Sort-Object": _of("Property", "Descending", "Unique"),
    "Group-Object": _of("Property"),
    "Where-Object": _of(),
    "ForEach-Object": _of(),
    "Get-Date": _of(),
    "Start-Sleep": _of("Seconds"),
    "Set-StrictMode": _of("Version"),
    "Write-Output": _of(),
    "ConvertTo-Json": _of(),
    "Invoke-RestMethod": _of(
        *("Uri", "Method", "Body", "ContentType", "OutFile", "Form", "Authentication", "Token"),
        changes=False,
    ),
}
CMDLETS = SKYPE_SERVER | TEAMS | AZURE | POWERSHELL
