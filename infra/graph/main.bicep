// The permissions on Microsoft Graph as a template, for organisations whose administrators deploy
// templates rather than run scripts. The same table as infra/grant-permissions; choose one of both.
//
// Apart from the rest on purpose: who deploys this needs Privileged Role Administrator, or the
// permissions AppRoleAssignment.ReadWrite.All and Application.Read.All, and nobody else should.
extension microsoftGraphV1

targetScope = 'subscription'

@minLength(36)
@description('Object id of the app\'s identity: the output ROLLOUT_IDENTITY_PRINCIPAL_ID.')
param principalId string

@description('What the rollout will use; a feature that is left out needs no permission.')
param features array = [
  'reading'
  'usage_location'
  'licenses'
]

var table = loadJsonContent('../permissions.json')
var needed = filter(table.permissions, item => contains(features, item.feature))

resource graph 'Microsoft.Graph/servicePrincipals@v1.0' existing = {
  appId: table.graphAppId
}

resource grant 'Microsoft.Graph/appRoleAssignedTo@v1.0' = [for item in needed: {
  appRoleId: item.id
  principalId: principalId
  resourceId: graph.id
}]

output granted array = [for item in needed: item.permission]
