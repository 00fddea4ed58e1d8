<#
.SYNOPSIS
    What the hand-off scripts share: the file (docs/hand-off.md), signing in, policy batches.

.DESCRIPTION
    To be dot-sourced. Never run on a real tenant by its authors; see docs/hand-off.md.
    Works in Windows PowerShell 5.1, which the Skype for Business Server management shell is, and
    in PowerShell 7.
#>
Set-StrictMode -Version 3.0
$ErrorActionPreference = 'Stop'

$HandOffSchemaVersion = '1'
$HandOffColumns = @(
    'schema_version', 'hand_off', 'environment', 'tenant_id', 'wave', 'addressee', 'action',
    'user_id', 'sign_in_name', 'policy_type', 'policy_name', 'meetings', 'sign_in_within_days',
    'owner', 'since', 'result', 'reason', 'detail'
)

function Test-HandOffRow {
    <# Throws a sentence for a row that must not be carried out here. #>
    param([Parameter(Mandatory)] $Row, [Parameter(Mandatory)][string] $Addressee)
    $missing = @($HandOffColumns | Where-Object { $_ -notin $Row.PSObject.Properties.Name })
    if ($missing.Count -gt 0) {
        throw "The file lacks the column $($missing[0]). Use the file as it was handed off."
    }
    if ($Row.schema_version -ne $HandOffSchemaVersion) {
        throw "The file is of version $($Row.schema_version); this script knows $HandOffSchemaVersion. Fetch the scripts of the same release."
    }
    if ($Row.addressee -ne $Addressee) {
        throw "The file is for $($Row.addressee), this script does the work of $Addressee."
    }
    if ($Row.environment -ne 'LIVE' -and -not $WhatIfPreference) {
        throw "The file is from a $($Row.environment). It must not be carried out in a real tenant; -WhatIf shows what would be done."
    }
}

function Read-HandOff {
    <# The rows of a hand-off file, all of them checked. #>
    param([Parameter(Mandatory)][string] $Path, [Parameter(Mandatory)][string] $Addressee)
    $rows = @(Import-Csv -Path $Path -Encoding UTF8)
    if ($rows.Count -eq 0) {
        throw "$Path has no rows, so there is nothing to do."
    }
    foreach ($row in $rows) {
        Test-HandOffRow -Row $row -Addressee $Addressee
    }
    $tenants = @($rows | ForEach-Object { $_.tenant_id } | Sort-Object -Unique)
    if ($tenants.Count -ne 1) {
        throw "$Path names $($tenants.Count) tenants; a hand-off is for one."
    }
    return , $rows
}

function Save-HandOff {
    <# Write the rows back, beside the old file first, so that a crash never loses results. #>
    param([Parameter(Mandatory)] $Rows, [Parameter(Mandatory)][string] $Path)
    # Without the byte order mark Windows PowerShell and spreadsheets misread names with accents.
    $encoding = 'utf8BOM'
    if ($PSVersionTable.PSVersion.Major -lt 6) {
        $encoding = 'UTF8'
    }
    $new = "$Path.new"
    $Rows | Select-Object -Property $HandOffColumns |
        Export-Csv -Path $new -NoTypeInformation -Encoding $encoding -WhatIf:$false
    # Moving would need a switch to overwrite; copying overwrites, and the new file stays till then.
    Copy-Item -Path $new -Destination $Path -WhatIf:$false
    Remove-Item -Path $new -WhatIf:$false
}

function Set-HandOffResult {
    <# Fill in one row. #>
    param(
        [Parameter(Mandatory)] $Row,
        [Parameter(Mandatory)][ValidateSet('done', 'failed')][string] $Result,
        [string] $Reason = '',
        [string] $Detail = ''
    )
    $text = $Detail -replace '\s+', ' '
    if ($text.Length -gt 300) {
        $text = $text.Substring(0, 300)
    }
    $Row.result = $Result
    $Row.reason = $Reason
    $Row.detail = $text
}

function Get-RefusalReason {
    <# The word for the column reason, guessed from what the cmdlet says; the words go into detail. #>
    param([Parameter(Mandatory)][AllowEmptyString()][string] $Message)
    if ($Message -match 'not found|cannot find|could not find') {
        return 'user_not_found'
    }
    if ($Message -match 'phone system|enterprise voice') {
        return 'phone_system_missing'
    }
    return 'refused'
}

function Connect-HandOffTenant {
    <# Sign in to Teams as an application, to the tenant of the file and no other. #>
    param(
        [Parameter(Mandatory)][string] $TenantId,
        [string] $ApplicationId = '',
        [string] $CertificateThumbprint = '',
        [switch] $ManagedIdentity
    )
    if ($ManagedIdentity) {
        $null = Connect-MicrosoftTeams -Identity -WhatIf:$false
        $found = (Get-CsTenant).TenantId
        if ("$found" -ne $TenantId) {
            throw "The identity belongs to tenant $found and the file is for $TenantId. Nothing was done."
        }
        return
    }
    if (-not $ApplicationId -or -not $CertificateThumbprint) {
        throw 'Give -ApplicationId and -CertificateThumbprint, or -ManagedIdentity.'
    }
    # -WhatIf is about people; without a connection it could not even look.
    $null = Connect-MicrosoftTeams -TenantId $TenantId -ApplicationId $ApplicationId -CertificateThumbprint $CertificateThumbprint -WhatIf:$false
}

function Wait-PolicyBatch {
    <# The operation once it has ended, or as it is when the patience is over. #>
    param(
        [Parameter(Mandatory)][string] $OperationId,
        [int] $PollSeconds = 30,
        [int] $PatienceMinutes = 120
    )
    $until = (Get-Date).AddMinutes($PatienceMinutes)
    do {
        Start-Sleep -Seconds $PollSeconds
        $operation = Get-CsBatchPolicyAssignmentOperation -Identity $OperationId
    } while ($operation.OverallStatus -notmatch '^Complete' -and (Get-Date) -lt $until)
    return $operation
}

function Invoke-PolicyBatch {
    <#
        Assign one policy to at most 5,000 people and fill in the results. An operation that is
        completed may hold people for whom it failed, so each person's own result counts; whoever
        has none yet keeps an empty row and is done by the next run.
    #>
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'High')]
    param(
        [Parameter(Mandatory)] $Rows,
        [Parameter(Mandatory)][string] $PolicyType,
        [Parameter(Mandatory)][string] $PolicyName,
        [int] $PatienceMinutes = 120
    )
    $byId = @{}
    foreach ($row in $Rows) {
        $byId[$row.user_id] = $row
    }
    $ids = [string[]] @($byId.Keys)
    if (-not $PSCmdlet.ShouldProcess("$($ids.Count) people", "assign $PolicyType $PolicyName")) {
        return
    }
    $operationId = New-CsBatchPolicyAssignmentOperation -PolicyType $PolicyType -PolicyName $PolicyName -Identity $ids -OperationName "hand-off $PolicyName"
    $operation = Wait-PolicyBatch -OperationId "$operationId" -PatienceMinutes $PatienceMinutes
    foreach ($person in @($operation.UserState)) {
        $row = $byId[$person.Id]
        if ($null -eq $row -or $person.State -ne 'Completed') {
            continue
        }
        if ($person.Result -eq 'Success') {
            Set-HandOffResult -Row $row -Result 'done'
        } else {
            $reason = Get-RefusalReason -Message "$($person.Result)"
            Set-HandOffResult -Row $row -Result 'failed' -Reason $reason -Detail "$($person.Result)"
        }
    }
}

function Invoke-PolicyHandOff {
    <# Assign every policy of the rows that have no result yet, one batch after the other. #>
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'High')]
    param(
        [Parameter(Mandatory)] $Rows,
        [ValidateRange(1, 5000)][int] $BatchSize = 1000,
        [scriptblock] $AfterBatch
    )
    $open = @($Rows | Where-Object { $_.action -eq 'assign_policy' -and -not $_.result })
    $groups = $open | Group-Object -Property 'policy_type', 'policy_name'
    foreach ($group in @($groups)) {
        $people = @($group.Group)
        for ($start = 0; $start -lt $people.Count; $start += $BatchSize) {
            $end = [Math]::Min($start + $BatchSize, $people.Count) - 1
            $batch = @($people[$start..$end])
            Invoke-PolicyBatch -Rows $batch -PolicyType $batch[0].policy_type -PolicyName $batch[0].policy_name
            if ($AfterBatch) {
                & $AfterBatch
            }
        }
    }
}
