<#
.SYNOPSIS
    Moves the people of a server team's hand-off file from Skype for Business Server to Teams.

.DESCRIPTION
    Run it in the Skype for Business Server management shell, with the MicrosoftTeams module 6.2.1
    or later installed. Move-CsUser has no documented sign-in as an application, so it asks for one;
    with multi-factor authentication the server must be 2015 CU12 or later.

    Nobody's contacts or meetings are thrown away: the switch that does so is not used here, and
    must not be added. The result stands in the file after every person, so the script can be
    stopped and run again. Rows with a result are left alone.

.EXAMPLE
    .\Move-HandedOffUsers.ps1 -Path .\pilot.server_team.csv -WhatIf
#>
#Requires -Version 5.1
[CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'High')]
param(
    [Parameter(Mandatory)][string] $Path,
    [string] $Target = 'sipfed.online.lync.com'
)
. (Join-Path -Path $PSScriptRoot -ChildPath 'HandOff.ps1')

$rows = Read-HandOff -Path $Path -Addressee 'server_team'
foreach ($row in @($rows | Where-Object { -not $_.result })) {
    if (-not $PSCmdlet.ShouldProcess($row.sign_in_name, "move to $Target")) {
        continue
    }
    try {
        Move-CsUser -Identity $row.sign_in_name -Target $Target -Confirm:$false -ErrorAction Stop
        Set-HandOffResult -Row $row -Result 'done'
    } catch {
        $message = $_.Exception.Message
        $reason = Get-RefusalReason -Message $message
        Set-HandOffResult -Row $row -Result 'failed' -Reason $reason -Detail $message
    }
    Save-HandOff -Rows $rows -Path $Path
}

$days = @($rows | ForEach-Object { $_.sign_in_within_days } | Where-Object { $_ } | Select-Object -First 1)
Write-Output "Whoever was moved must sign in to Teams within $days days, or their contacts do not arrive. Tell them today."
Write-Output "Hand the file back: rollout handoff take $Path"
