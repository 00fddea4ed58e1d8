// Who is told, and of what. Queries ask for records and metrics by the names in contracts/signals.py.
param actionGroupName string
param queryRulePrefix string
param activityRulePrefix string
param email string
param workspaceId string
param watchDirectoryGrants bool
param location string
param tags object

// `again` is how long an alert stays silent after it has been sent.
var rules = [
  {
    name: 'poisoned-batch'
    severity: 1
    window: 'PT5M'
    every: 'PT5M'
    again: 'PT5M'
    operator: 'GreaterThan'
    threshold: 0
    what: 'A batch failed five times and was given up. Its people are in the report of the wave: rollout wave show.'
    query: 'union isfuzzy=true AppTraces, AppExceptions | where tostring(Properties["action"]) == "batch_poisoned"'
  }
  {
    name: 'failed-instance'
    severity: 1
    window: 'PT15M'
    every: 'PT15M'
    again: 'PT6H'
    operator: 'GreaterThan'
    threshold: 0
    what: 'An orchestration ended although its wave has not, which the code never means to do. The record has its instance id.'
    query: 'AppTraces | where tostring(Properties["action"]) == "instance_failed"'
  }
  {
    name: 'stalled-wave'
    severity: 2
    window: 'PT15M'
    every: 'PT15M'
    again: 'PT6H'
    operator: 'GreaterThan'
    threshold: 0
    what: 'A wave is at work and nobody in it has moved for longer than Microsoft explains: rollout wave show says where they are.'
    query: 'AppTraces | where tostring(Properties["action"]) == "wave_stalled"'
  }
  {
    name: 'halted-wave'
    severity: 2
    window: 'PT5M'
    every: 'PT5M'
    again: 'PT5M'
    operator: 'GreaterThan'
    threshold: 0
    what: 'A gate halted a wave: too many people met trouble that the plan had not foreseen.'
    query: 'AppTraces | where tostring(Properties["action"]) == "wave_halted"'
  }
  {
    name: 'late-message'
    severity: 2
    window: 'PT15M'
    every: 'PT15M'
    again: 'PT6H'
    operator: 'GreaterThan'
    threshold: 0
    what: 'A batch has waited in its queue for half an hour: the app does not read the queue.'
    query: 'AppMetrics | where Name == "rollout.queue.age" and tostring(Properties["rollout.queue"]) == "rollout-batches" and Sum > 1800'
  }
  {
    name: 'silent-app'
    severity: 2
    window: 'PT30M'
    every: 'PT15M'
    again: 'PT6H'
    operator: 'LessThan'
    threshold: 1
    what: 'The app has not taken stock for half an hour, so that no other alert would come: it is stopped, or cannot start.'
    query: 'AppTraces | where tostring(Properties["action"]) == "stock_taken"'
  }
  {
    name: 'app-errors'
    severity: 2
    window: 'PT15M'
    every: 'PT15M'
    again: 'PT1H'
    operator: 'GreaterThan'
    threshold: 0
    what: 'The app reported errors. They carry an action and ids, never a name.'
    query: 'union isfuzzy=true AppTraces, AppExceptions | where SeverityLevel >= 3 and tostring(Properties["action"]) !in ("batch_poisoned", "instance_failed")'
  }
]

// The directory's own log is in the workspace only where the organisation exports it.
var directoryRules = watchDirectoryGrants ? [
  {
    name: 'directory-grant'
    severity: 1
    window: 'PT15M'
    every: 'PT15M'
    again: 'PT15M'
    operator: 'GreaterThan'
    threshold: 0
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
    muteActionsDuration: rule.again
    skipQueryValidation: true // tables appear with the first row
    criteria: {
      allOf: [
        {
          query: rule.query
          timeAggregation: 'Count'
          operator: rule.operator
          threshold: rule.threshold
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
