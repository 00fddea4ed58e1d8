// The app's only identity: storage, Application Insights, Microsoft Graph, and the sign-in's proof.
// User-assigned, so that it and what was granted to it outlive a deletion of the app.
param name string
param location string
param tags object

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: name
  location: location
  tags: tags
}

output id string = identity.id
output clientId string = identity.properties.clientId
output principalId string = identity.properties.principalId
