// What the app's identity may do in Azure, each with its reason. Nothing reaches beyond one resource.
param principalId string
param durableAccountName string
param ledgerAccountName string
param componentName string
param schedulerName string

var roles = loadJsonContent('../roles.json')

// Blob Data Owner: the host's locks, the package, large durable payloads. Queues and tables: the task
// hub's messages and history. The documentation of the Functions host asks for exactly these three.
var durableRoles = [
  roles.storageBlobDataOwner
  roles.storageQueueDataContributor
  roles.storageTableDataContributor
]

// The ledger has no blobs, so nothing is granted for them.
var ledgerRoles = [
  roles.storageQueueDataContributor
  roles.storageTableDataContributor
]

resource durableAccount 'Microsoft.Storage/storageAccounts@2023-05-01' existing = {
  name: durableAccountName
}

resource ledgerAccount 'Microsoft.Storage/storageAccounts@2023-05-01' existing = {
  name: ledgerAccountName
}

resource component 'Microsoft.Insights/components@2020-02-02' existing = {
  name: componentName
}

resource scheduler 'Microsoft.DurableTask/schedulers@2025-11-01' existing = {
  name: empty(schedulerName) ? 'none' : schedulerName
}

resource durableGrants 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for role in durableRoles: {
  name: guid(durableAccount.id, principalId, role)
  scope: durableAccount
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)
  }
}]

resource ledgerGrants 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for role in ledgerRoles: {
  name: guid(ledgerAccount.id, principalId, role)
  scope: ledgerAccount
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)
  }
}]

// Telemetry is sent with the identity, because keys are switched off there too.
resource telemetryGrant 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(component.id, principalId, roles.monitoringMetricsPublisher)
  scope: component
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.monitoringMetricsPublisher)
  }
}

resource schedulerGrant 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(schedulerName)) {
  name: guid(scheduler.id, principalId, roles.durableTaskDataContributor)
  scope: scheduler
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.durableTaskDataContributor)
  }
}
