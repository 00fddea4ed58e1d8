// Private ways to the two storage accounts, and the names that lead to them.
param prefix string
param subnetId string
param networkId string
param durableAccountName string
param ledgerAccountName string
param location string
param tags object

var services = [
  'blob'
  'queue'
  'table'
]
var ways = [
  {
    account: durableAccountName
    service: 'blob'
    zone: 0
  }
  {
    account: durableAccountName
    service: 'queue'
    zone: 1
  }
  {
    account: durableAccountName
    service: 'table'
    zone: 2
  }
  {
    account: ledgerAccountName
    service: 'queue'
    zone: 1
  }
  {
    account: ledgerAccountName
    service: 'table'
    zone: 2
  }
]

resource zone 'Microsoft.Network/privateDnsZones@2020-06-01' = [for service in services: {
  name: 'privatelink.${service}.${environment().suffixes.storage}'
  location: 'global'
  tags: tags
}]

resource zoneLink 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2020-06-01' = [for (service, index) in services: {
  parent: zone[index]
  name: 'rollout'
  location: 'global'
  tags: tags
  properties: {
    registrationEnabled: false
    virtualNetwork: {
      id: networkId
    }
  }
}]

resource endpoint 'Microsoft.Network/privateEndpoints@2024-05-01' = [for way in ways: {
  name: '${prefix}${way.account}-${way.service}'
  location: location
  tags: tags
  properties: {
    subnet: {
      id: subnetId
    }
    privateLinkServiceConnections: [
      {
        name: way.service
        properties: {
          privateLinkServiceId: resourceId('Microsoft.Storage/storageAccounts', way.account)
          groupIds: [
            way.service
          ]
        }
      }
    ]
  }
}]

resource zoneGroup 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2024-05-01' = [for (way, index) in ways: {
  parent: endpoint[index]
  name: 'default'
  properties: {
    privateDnsZoneConfigs: [
      {
        name: way.service
        properties: {
          privateDnsZoneId: zone[way.zone].id
        }
      }
    ]
  }
}]
