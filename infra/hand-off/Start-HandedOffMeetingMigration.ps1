<#
.SYNOPSIS
    Starts the migration of meetings for the people of a hand-off file, or looks what became of it.

.DESCRIPTION
    For rows that are done: those with "migrate" get a migration; those with "by_the_move" had one by
    Move-CsUser, and get another only where it failed. Run it once the mode is in force, and some
    hours later again with -Check, which writes failures into the file.

.EXAMPLE
    .\Start-HandedOffMeetingMigration.ps1 -Path .\pilot.server_team.csv -ApplicationId $app -CertificateThumbprint $thumb -Check
#>
#Requires -Version 5.1
#Requires -Modules MicrosoftTeams
[CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'High')]
param(
    [Parameter(Mandatory)][string] $Path,
    [Parameter(Mandatory)][string] $ApplicationId,
    [Parameter(Mandatory)][string] $CertificateThumbprint,
    [ValidateSet('server_team', 'teams_administrators')][string] $Addressee = 'teams_administrators',
    [switch] $Check
)
. (Join-Path -Path $PSScriptRoot -ChildPath 'HandOff.ps1')

$rows = Read-HandOff -Path $Path -Addressee $Addressee
Connect-HandOffTenant -TenantId $rows[0].tenant_id -ApplicationId $ApplicationId -CertificateThumbprint $CertificateThumbprint
foreach ($row in @($rows | Where-Object { $_.result -eq 'done' -and $_.meetings -ne 'keep' })) {
    $latest = Get-CsMeetingMigrationStatus -Identity $row.sign_in_name |
        Sort-Object -Property ModifiedDate -Descending | Select-Object -First 1
    $state = ''
    if ($latest) {
        $state = "$($latest.State)"
    }
    if ($Check) {
        if ($state -eq 'Failed') {
            Set-HandOffResult -Row $row -Result 'failed' -Reason 'meetings_not_migrated' -Detail "$($latest.LastMessage)"
        }
        continue
    }
    $isDue = $state -eq 'Failed' -or ($row.meetings -eq 'migrate' -and -not $state)
    if ($isDue -and $PSCmdlet.ShouldProcess($row.sign_in_name, 'migrate meetings to Teams')) {
        Start-CsExMeetingMigration -Identity $row.sign_in_name -TargetMeetingType Teams
    }
}
if ($Check) {
    Save-HandOff -Rows $rows -Path $Path
    Write-Output "Hand the file back: rollout handoff take $Path"
}
