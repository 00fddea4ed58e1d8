<#
.SYNOPSIS
    Assigns the policies of a Teams administrators' hand-off file, in batches.

.DESCRIPTION
    Signs in as an application with a certificate. The application needs no API permission but an
    Entra role, such as Teams Administrator. Batches run one after the other; the results stand in
    the file after each, so the script can be stopped and run again. Rows with a result are left
    alone. Afterwards: Start-HandedOffMeetingMigration.ps1.

.EXAMPLE
    .\Set-HandedOffPolicies.ps1 -Path .\pilot.teams_administrators.csv -ApplicationId $app -CertificateThumbprint $thumb -WhatIf
#>
#Requires -Version 5.1
#Requires -Modules MicrosoftTeams
[CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'High')]
param(
    [Parameter(Mandatory)][string] $Path,
    [Parameter(Mandatory)][string] $ApplicationId,
    [Parameter(Mandatory)][string] $CertificateThumbprint,
    [ValidateRange(1, 5000)][int] $BatchSize = 1000
)
. (Join-Path -Path $PSScriptRoot -ChildPath 'HandOff.ps1')

$rows = Read-HandOff -Path $Path -Addressee 'teams_administrators'
Connect-HandOffTenant -TenantId $rows[0].tenant_id -ApplicationId $ApplicationId -CertificateThumbprint $CertificateThumbprint
Invoke-PolicyHandOff -Rows $rows -BatchSize $BatchSize -AfterBatch {
    Save-HandOff -Rows $rows -Path $Path
}
Write-Output "Microsoft may take 24 hours to show a new mode. Hand the file back: rollout handoff take $Path"
