// The virtual network of a private deployment: one subnet for the app, one for private endpoints.
param name string
param addressPrefix string
param appSubnetPrefix string
param endpointSubnetPrefix string
param location string
param tags object

resource network 'Microsoft.Network/virtualNetworks@2024-05-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    addressSpace: {
      addressPrefixes: [
        addressPrefix
      ]
    }
    subnets: [
      {
        name: 'app' // Flex Consumption takes no underscore in this name
        properties: {
          addressPrefix: appSubnetPrefix
          defaultOutboundAccess: true // Graph and Entra are out there, and there is no gateway
          delegations: [
            {
              name: 'flex-consumption'
              properties: {
                serviceName: 'Microsoft.App/environments'
              }
            }
          ]
        }
      }
      {
        name: 'endpoints'
        properties: {
          addressPrefix: endpointSubnetPrefix
          privateEndpointNetworkPolicies: 'Disabled'
        }
      }
    ]
  }
}

output networkId string = network.id
output appSubnetId string = '${network.id}/subnets/app'
output endpointSubnetId string = '${network.id}/subnets/endpoints'
