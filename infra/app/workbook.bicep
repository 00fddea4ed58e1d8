// The dashboard: figures and traces of the app on one page of the portal, for whoever reads the workspace.
param workspaceId string
param location string
param tags object

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(resourceGroup().id, 'teams-rollout') // Azure wants a GUID here
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: 'Teams Rollout'
    category: 'workbook'
    version: 'Notebook/1.0'
    sourceId: workspaceId
    serializedData: replace(loadTextContent('../workbook.json'), '{workspace}', workspaceId)
  }
}
