// Does the Teams administrators' hand-offs unattended (docs/hand-off.md). An identity of its own: it
// holds a Teams role that the app must not have. The template makes an empty runbook; its content is
// published once by hand, because a template can only take content from a public address.
param name string
param isPublic bool
param location string
param tags object

resource account 'Microsoft.Automation/automationAccounts@2023-11-01' = {
  name: name
  location: location
  tags: tags
  identity: {
    type: 'SystemAssigned'
  }
  properties: {
    sku: {
      name: 'Basic'
    }
    disableLocalAuth: true
    publicNetworkAccess: isPublic
  }
}

resource runbook 'Microsoft.Automation/automationAccounts/runbooks@2023-11-01' = {
  parent: account
  name: 'hand-off'
  location: location
  tags: tags
  properties: {
    description: 'Fetches, assigns and returns the hand-offs of the Teams administrators.'
    runbookType: 'PowerShell72'
    logVerbose: false
    logProgress: false
    draft: {}
  }
}

output name string = account.name
output principalId string = account.identity.principalId
