<#
.SYNOPSIS
    Azure Automation: does the Teams administrators' hand-offs without anybody: fetch, assign, return.

.DESCRIPTION
    Published together with HandOff.ps1 as one script (infra/assemble-runbook), because a runbook is
    one file. Signs in everywhere with the account's managed identity: to the rollout's API, where it
    needs the role Rollout.Operate, and to Teams, where it needs an Entra role such as Teams
    Administrator. Move-CsUser is not for a runbook: it needs the server's own management shell.

    Meetings are started for whoever was done; look at them with Start-HandedOffMeetingMigration.ps1.
#>
[CmdletBinding(SupportsShouldProcess)]
param(
    [Parameter(Mandatory)][string] $ApiUrl,
    [Parameter(Mandatory)][string] $ApiClientId,
    [bool] $ShowOnly = $false
)
# HandOff.ps1 stands here in the published runbook.

$ConfirmPreference = 'None' # nobody is there to be asked
if ($ShowOnly) {
    $WhatIfPreference = $true # a runbook's form offers declared parameters only
}
$null = Connect-AzAccount -Identity -WhatIf:$false
$token = (Get-AzAccessToken -ResourceUrl "api://$ApiClientId" -AsSecureString).Token
$call = @{ Authentication = 'Bearer'; Token = $token }
$root = "$($ApiUrl.TrimEnd('/'))/api/v1/hand-offs"

$due = @((Invoke-RestMethod -Uri $root @call).value |
        Where-Object { $_.addressee -eq 'teams_administrators' -and $_.people -gt 0 })
foreach ($handOff in $due) {
    $body = @{ wave = $handOff.wave; addressee = $handOff.addressee; format = 'csv' } | ConvertTo-Json
    $path = Join-Path -Path ([IO.Path]::GetTempPath()) -ChildPath "$([Guid]::NewGuid()).csv"
    try {
        Invoke-RestMethod -Uri $root -Method Post -Body $body -ContentType 'application/json' -OutFile $path @call
        $rows = Read-HandOff -Path $path -Addressee 'teams_administrators'
        Connect-HandOffTenant -TenantId $rows[0].tenant_id -ManagedIdentity
        Invoke-PolicyHandOff -Rows $rows
        foreach ($row in @($rows | Where-Object { $_.result -eq 'done' -and $_.meetings -eq 'migrate' })) {
            if ($PSCmdlet.ShouldProcess($row.sign_in_name, 'migrate meetings to Teams')) {
                Start-CsExMeetingMigration -Identity $row.sign_in_name -TargetMeetingType Teams
            }
        }
        Save-HandOff -Rows $rows -Path $path
        if ($PSCmdlet.ShouldProcess($root, 'hand the results back')) {
            $null = Invoke-RestMethod -Uri "$root/results" -Method Post -Form @{ file = Get-Item -Path $path } @call
        }
    } finally {
        # People's names must not stay in the sandbox.
        Remove-Item -Path $path -ErrorAction SilentlyContinue -WhatIf:$false
    }
}
Write-Output "$($due.Count) hand-offs looked after."
