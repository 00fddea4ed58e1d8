// Who is told, and of what. Each query asks for functions by the names in contracts/names.py.
param actionGroupName string
param queryRulePrefix string
param activityRulePrefix string
param email string
param workspaceId string
param watchDirectoryGrants bool
param location string
param tags object

var rules = [
  {
    name: 'poisoned-batch'
    severity: 1
    window: 'PT5M'
    every: 'PT5M'
    what: 'A batch failed five times and was given up. Its people are in the report of the wave: rollout wave show.'
    query: 'AppRequests | where Name has "poisoned_batch"'
  }
  {
    name: 'failed-instance'
    severity: 1
    window: 'PT15M'
    every: 'PT5M'
    what: 'An orchestration failed, which the code never means to do. Look at its instance, then start the wave again.'
    query: 'union isfuzzy=true (AppRequests | where Name startswith "orchestration:" and Success == false), (AppTraces | where tostring(Properties["prop__state"]) == "Failed" or tostring(Properties["state"]) == "Failed")'
  }
  {
    name: 'stalled-wave'
    severity: 2
    window: 'PT1H'
    every: 'PT15M'
    what: 'A wave is at work, and nobody in it has moved for an hour. It was halted, paused, or waits for Microsoft: rollout wave show says which.'
    query: 'AppRequests | summarize turns = countif(Name has "advance_wave"), work = countif(Name has_any ("resolve_batch", "set_usage_location", "assign_license", "assign_policies", "set_coexistence_mode", "assign_phone_number", "accept_batch", "send_members")) | where turns > 60 and work == 0'
  }
  {
    name: 'app-errors'
    severity: 2
    window: 'PT15M'
    every: 'PT15M'
    what: 'The app reported errors. They carry an action and ids, never a name.'
    query: 'AppTraces | where SeverityLevel >= 3'
  }
]

// The directory's own log is in the workspace only where the organisation exports it.
var directoryRules = watchDirectoryGrants ? [
  {
    name: 'directory-grant'
    severity: 1
    window: 'PT15M'
    every: 'PT15M'
    what: 'Somebody granted or removed an application permission or an app role.'
    query: 'AuditLogs | where OperationName in ("Add app role assignment to service principal", "Remove app role assignment from service principal", "Add app role assignment grant to user", "Add federated identity credential to application")'
  }
] : []

resource people 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: actionGroupName
  location: 'global'
  tags: tags
  properties: {
    groupShortName: 'rollout'
    enabled: true
    emailReceivers: [
      {
        name: 'project-team'
        emailAddress: email
        useCommonAlertSchema: true
      }
    ]
  }
}

resource queryRule 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [for rule in concat(rules, directoryRules): {
  name: '${queryRulePrefix}${rule.name}'
  location: location
  tags: tags
  kind: 'LogAlert'
  properties: {
    displayName: 'Teams Rollout: ${rule.name}'
    description: rule.what
    severity: rule.severity
    enabled: true
    scopes: [
      workspaceId
    ]
    windowSize: rule.window
    evaluationFrequency: rule.every
    autoMitigate: false
    skipQueryValidation: true // tables appear with the first row
    criteria: {
      allOf: [
        {
          query: rule.query
          timeAggregation: 'Count'
          operator: 'GreaterThan'
          threshold: 0
          failingPeriods: {
            numberOfEvaluationPeriods: 1
            minFailingPeriodsToAlert: 1
          }
        }
      ]
    }
    actions: {
      actionGroups: [
        people.id
      ]
    }
  }
}]

// Roles on our resources, and the settings of the app: both decide who gets in.
resource roleChange 'Microsoft.Insights/activityLogAlerts@2020-10-01' = {
  name: '${activityRulePrefix}role-change'
  location: 'global'
  tags: tags
  properties: {
    description: 'Somebody changed roles or settings in the resource group of the rollout.'
    enabled: true
    scopes: [
      resourceGroup().id
    ]
    condition: {
      allOf: [
        {
          field: 'category'
          equals: 'Administrative'
        }
        {
          anyOf: [
            {
              field: 'operationName'
              equals: 'Microsoft.Authorization/roleAssignments/write'
            }
            {
              field: 'operationName'
              equals: 'Microsoft.Authorization/roleAssignments/delete'
            }
            {
              field: 'operationName'
              equals: 'Microsoft.Web/sites/config/write'
            }
          ]
        }
      ]
    }
    actions: {
      actionGroups: [
        {
          actionGroupId: people.id
        }
      ]
    }
  }
}
