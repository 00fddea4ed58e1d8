// Everything a rollout needs in Azure, in one resource group of its own.
//
// Written in the part of the language that can be checked without its compiler (tests/infra):
// no union types, no spread, no deployer(), resources instead of registry modules.
targetScope = 'subscription'

@minLength(1)
@maxLength(64)
@description('Name of the azd environment; part of every name.')
param environmentName string

@minLength(1)
@description('Region. Flex Consumption must be offered there.')
@metadata({
  azd: {
    type: 'location'
  }
})
param location string

@minLength(36)
@maxLength(36)
@description('Client id of the app registration that people sign in to (infra/register-app prints it).')
param signInClientId string

@description('Client ids that may call the API for a person, beside the registration itself.')
param allowedClientIds array = []

@allowed([
  'Return401'
  'RedirectToLoginPage'
])
@description('What a caller without a sign-in gets. 401 lets anybody see from outside that the door is shut.')
param unauthenticatedAction string = 'Return401'

@allowed([
  'AzureStorage'
  'DurableTaskScheduler'
])
@description('Where durable state lives. The package must be made for the same backend (make package).')
param durableBackend string = 'AzureStorage'

@description('Virtual network, private endpoints, and no public way to storage and vault.')
param privateNetworking bool = false

@description('Address range of the virtual network; its subnets lie within it.')
param addressPrefix string = '10.90.0.0/24'

@description('Subnet of the app: every instance takes an address. Flex Consumption wants a /27 or larger.')
param appSubnetPrefix string = '10.90.0.0/26'
param endpointSubnetPrefix string = '10.90.0.64/26'

@allowed([
  'Standard_LRS'
  'Standard_ZRS'
  'Standard_GRS'
  'Standard_GZRS'
])
@description('Copies of the ledger. Zones survive a datacentre; some regions have none.')
param ledgerRedundancy string = 'Standard_ZRS'

@allowed([
  512
  2048
  4096
])
param instanceMemoryMB int = 2048

@minValue(1)
@maxValue(1000)
@description('On-demand instances of each function group. As many as partitions in host.json: another one could run no orchestration, and Graph throttles long before one instance is busy.')
param maximumInstanceCount int = 4

@minValue(0)
@maxValue(20)
@description('Instances of the durable group that are always warm, so that a wave never waits for a cold start.')
param alwaysReadyDurable int = 1

@description('Share of the Entra write quota that all instances use together.')
param graphShare string = '0.8'

@allowed([
  'window'
  'bucket'
])
param quotaModel string = 'window'

@allowed([
  '3.11'
  '3.12'
])
@description('Only 3.11 has run.')
param pythonVersion string = '3.11'

@minValue(30)
@maxValue(730)
param logRetentionDays int = 90

@description('Who is told by mail. Empty: nobody, and no alerts are made.')
param alertEmail string = ''

@description('The Entra audit log is exported to the workspace, so that grants can be watched too.')
param watchDirectoryGrants bool = false

@minValue(0)
@description('Monthly cost, in the currency of the subscription, above which a mail is sent. 0: no budget.')
param monthlyBudget int = 0

@description('First day of the first month of the budget. It cannot change later: azd keeps it.')
param budgetStartDate string = ''

@description('Do not set: the default of budgetStartDate on the first day.')
param firstOfThisMonth string = utcNow('yyyy-MM-01')

@description('An Automation account with an empty runbook for the hand-offs of the Teams administrators.')
param withHandOffRunbook bool = false

@description('A vault for the address of the notice channel, which people put into it as notice-webhook.')
param withKeyVault bool = false

var abbreviations = loadJsonContent('abbreviations.json')
var token = toLower(uniqueString(subscription().id, environmentName, location))
var tags = {
  'azd-env-name': environmentName
}
var usesScheduler = durableBackend == 'DurableTaskScheduler'
var budgetStart = empty(budgetStartDate) ? firstOfThisMonth : budgetStartDate

// Letters and digits only, 3 to 45 of them: it is part of names in storage.
var taskHub = 'TeamsRollout'
var packageContainer = 'app-package'

// As in teams_rollout/contracts/names.py. The poison queues are made by the Functions host when
// they are needed; here they exist from the start, so that a look at them is never an error.
var queues = [
  'rollout-batches'
  'rollout-batches-poison'
  'rollout-wakeups'
  'rollout-wakeups-poison'
]
var tables = [
  'RolloutUsers'
  'RolloutWaves'
  'RolloutLookup'
  'RolloutImports'
  'RolloutPlans'
  'RolloutReady'
  'RolloutDrift'
  'RolloutAudit'
  'RolloutOperations'
  'RolloutQuotas'
]

resource group 'Microsoft.Resources/resourceGroups@2024-03-01' = {
  name: '${abbreviations.resourcesResourceGroups}${environmentName}'
  location: location
  tags: tags
}

module identity 'app/identity.bicep' = {
  name: 'identity'
  scope: group
  params: {
    name: '${abbreviations.managedIdentityUserAssignedIdentities}${token}'
    location: location
    tags: tags
  }
}

module monitoring 'app/monitoring.bicep' = {
  name: 'monitoring'
  scope: group
  params: {
    workspaceName: '${abbreviations.operationalInsightsWorkspaces}${token}'
    componentName: '${abbreviations.insightsComponents}${token}'
    retentionInDays: logRetentionDays
    location: location
    tags: tags
  }
}

module network 'app/network.bicep' = if (privateNetworking) {
  name: 'network'
  scope: group
  params: {
    name: '${abbreviations.networkVirtualNetworks}${token}'
    addressPrefix: addressPrefix
    appSubnetPrefix: appSubnetPrefix
    endpointSubnetPrefix: endpointSubnetPrefix
    location: location
    tags: tags
  }
}

// Two accounts: durable load and business data throttle apart, and only one of them is worth a backup.
module durableStorage 'app/storage.bicep' = {
  name: 'durable-storage'
  scope: group
  params: {
    name: '${abbreviations.storageStorageAccounts}${token}d'
    redundancy: 'Standard_LRS'
    containers: [
      packageContainer
    ]
    queues: []
    tables: []
    isPublic: !privateNetworking
    location: location
    tags: tags
  }
}

module ledgerStorage 'app/storage.bicep' = {
  name: 'ledger-storage'
  scope: group
  params: {
    name: '${abbreviations.storageStorageAccounts}${token}l'
    redundancy: ledgerRedundancy
    containers: []
    queues: queues
    tables: tables
    isPublic: !privateNetworking
    location: location
    tags: tags
  }
}

module storageEndpoints 'app/private-endpoints.bicep' = if (privateNetworking) {
  name: 'storage-endpoints'
  scope: group
  params: {
    prefix: abbreviations.networkPrivateEndpoints
    subnetId: privateNetworking ? network!.outputs.endpointSubnetId : ''
    networkId: privateNetworking ? network!.outputs.networkId : ''
    durableAccountName: durableStorage.outputs.name
    ledgerAccountName: ledgerStorage.outputs.name
    location: location
    tags: tags
  }
}

module scheduler 'app/task-scheduler.bicep' = if (usesScheduler) {
  name: 'scheduler'
  scope: group
  params: {
    name: '${abbreviations.durableTaskSchedulers}${token}'
    taskHubName: taskHub
    location: location
    tags: tags
  }
}

module vault 'app/vault.bicep' = if (withKeyVault) {
  name: 'vault'
  scope: group
  params: {
    name: '${abbreviations.keyVaultVaults}${token}'
    isPublic: !privateNetworking
    principalId: identity.outputs.principalId
    location: location
    tags: tags
  }
}

module automation 'app/automation.bicep' = if (withHandOffRunbook) {
  name: 'automation'
  scope: group
  params: {
    name: '${abbreviations.automationAutomationAccounts}${token}'
    isPublic: !privateNetworking
    location: location
    tags: tags
  }
}

module vaultEndpoint 'app/vault-endpoint.bicep' = if (withKeyVault && privateNetworking) {
  name: 'vault-endpoint'
  scope: group
  params: {
    prefix: abbreviations.networkPrivateEndpoints
    subnetId: privateNetworking ? network!.outputs.endpointSubnetId : ''
    networkId: privateNetworking ? network!.outputs.networkId : ''
    vaultName: withKeyVault ? vault!.outputs.name : ''
    location: location
    tags: tags
  }
}

module access 'app/access.bicep' = {
  name: 'access'
  scope: group
  params: {
    principalId: identity.outputs.principalId
    durableAccountName: durableStorage.outputs.name
    ledgerAccountName: ledgerStorage.outputs.name
    componentName: monitoring.outputs.componentName
    schedulerName: usesScheduler ? scheduler!.outputs.name : ''
  }
}

module app 'app/function-app.bicep' = {
  name: 'function-app'
  scope: group
  params: {
    name: '${abbreviations.webSitesFunctions}${token}'
    planName: '${abbreviations.webServerFarms}${token}'
    identityId: identity.outputs.id
    identityClientId: identity.outputs.clientId
    durableEndpoints: durableStorage.outputs.endpoints
    packageContainer: packageContainer
    ledgerEndpoints: ledgerStorage.outputs.endpoints
    componentName: monitoring.outputs.componentName
    taskHub: taskHub
    schedulerEndpoint: usesScheduler ? scheduler!.outputs.endpoint : ''
    subnetId: privateNetworking ? network!.outputs.appSubnetId : ''
    pythonVersion: pythonVersion
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    alwaysReadyDurable: alwaysReadyDurable
    graphShare: graphShare
    quotaModel: quotaModel
    noticeWebhook: withKeyVault ? '@Microsoft.KeyVault(VaultName=${abbreviations.keyVaultVaults}${token};SecretName=notice-webhook)' : ''
    signInClientId: signInClientId
    allowedClientIds: allowedClientIds
    unauthenticatedAction: unauthenticatedAction
    location: location
    tags: tags
  }
  dependsOn: [
    access // it cannot fetch its package or its locks before it may
    storageEndpoints
  ]
}

module workbook 'app/workbook.bicep' = {
  name: 'workbook'
  scope: group
  params: {
    workspaceId: monitoring.outputs.workspaceId
    location: location
    tags: tags
  }
}

module alerts 'app/alerts.bicep' = if (!empty(alertEmail)) {
  name: 'alerts'
  scope: group
  params: {
    actionGroupName: '${abbreviations.insightsActionGroups}${token}'
    queryRulePrefix: abbreviations.insightsScheduledQueryRules
    activityRulePrefix: abbreviations.insightsActivityLogAlerts
    email: alertEmail
    workspaceId: monitoring.outputs.workspaceId
    watchDirectoryGrants: watchDirectoryGrants
    location: location
    tags: tags
  }
}

module budget 'app/budget.bicep' = if (monthlyBudget > 0 && !empty(alertEmail)) {
  name: 'budget'
  scope: group
  params: {
    name: '${abbreviations.consumptionBudgets}${token}'
    amount: monthlyBudget
    startDate: budgetStart
    email: alertEmail
  }
}

// azd keeps outputs as variables of its environment; scripts and documents use these names.
output AZURE_RESOURCE_GROUP string = group.name
output AZURE_TENANT_ID string = tenant().tenantId
output ROLLOUT_APP_NAME string = app.outputs.name
output ROLLOUT_APP_HOST string = app.outputs.host
output ROLLOUT_IDENTITY_PRINCIPAL_ID string = identity.outputs.principalId
output ROLLOUT_AUTOMATION_ACCOUNT string = withHandOffRunbook ? automation!.outputs.name : ''
output ROLLOUT_AUTOMATION_PRINCIPAL_ID string = withHandOffRunbook ? automation!.outputs.principalId : ''
output ROLLOUT_BUDGET_START_DATE string = budgetStart
