// The function app on Flex Consumption: one plan, one app, identity instead of every secret, and
// App Service authentication in front of every route.
param name string
param planName string
param identityId string
param identityClientId string
param durableEndpoints object
param packageContainer string
param ledgerEndpoints object
param componentName string
param taskHub string
param schedulerEndpoint string
param subnetId string
param pythonVersion string
param instanceMemoryMB int
param maximumInstanceCount int
param alwaysReadyDurable int
param graphShare string
param quotaModel string
param noticeWebhook string
param signInClientId string
param allowedClientIds array
param unauthenticatedAction string
param location string
param tags object

var issuer = '${environment().authentication.loginEndpoint}${tenant().tenantId}/v2.0'

// App Service authentication proves itself to Entra with the app's identity; it finds the identity's
// client id in the app setting of this name (a preview).
var signInProof = 'OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID'

resource component 'Microsoft.Insights/components@2020-02-02' existing = {
  name: componentName
}

resource plan 'Microsoft.Web/serverfarms@2024-11-01' = {
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: {
    name: 'FC1'
    tier: 'FlexConsumption'
  }
  properties: {
    reserved: true
  }
}

resource app 'Microsoft.Web/sites@2025-03-01' = {
  name: name
  location: location
  tags: union(tags, {
    'azd-service-name': 'api'
  })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identityId}': {}
    }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    clientAffinityEnabled: false
    keyVaultReferenceIdentity: identityId
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    siteConfig: {
      ftpsState: 'Disabled'
      http20Enabled: true
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
    }
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${durableEndpoints.blob}${packageContainer}'
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identityId
          }
        }
      }
      runtime: {
        name: 'python'
        version: pythonVersion
      }
      scaleAndConcurrency: {
        // Orchestrations and activities share the group `durable`, and only they talk to Graph. The
        // limit counts on-demand instances of each group, beside those that are always ready.
        alwaysReady: alwaysReadyDurable == 0 ? [] : [
          {
            name: 'durable'
            instanceCount: alwaysReadyDurable
          }
        ]
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstanceCount
      }
      // A deployment kills what runs, which waves survive. Rolling updates would let old and new
      // instances spend the same Graph quota side by side.
      siteUpdateStrategy: {
        type: 'Recreate'
      }
    }
  }
}

var schedulerSettings = empty(schedulerEndpoint) ? {} : {
  DURABLE_TASK_SCHEDULER_CONNECTION_STRING: 'Endpoint=${schedulerEndpoint};Authentication=ManagedIdentity;ClientID=${identityClientId}'
}

// Spans of libraries hold addresses, and those hold ids of people, search words and keys of rows.
var uninstrumented = 'azure_sdk,django,fastapi,flask,httpx,httpx2,psycopg2,requests,urllib,urllib3'

// Settings that only a laptop has are named, with the reason, in docs/infrastructure.md.
resource settings 'Microsoft.Web/sites/config@2025-03-01' = {
  parent: app
  name: 'appsettings'
  properties: union(schedulerSettings, {
    AzureWebJobsStorage__blobServiceUri: durableEndpoints.blob
    AzureWebJobsStorage__queueServiceUri: durableEndpoints.queue
    AzureWebJobsStorage__tableServiceUri: durableEndpoints.table
    AzureWebJobsStorage__credential: 'managedidentity'
    AzureWebJobsStorage__clientId: identityClientId
    RolloutStorage__queueServiceUri: ledgerEndpoints.queue
    RolloutStorage__credential: 'managedidentity'
    RolloutStorage__clientId: identityClientId
    TASKHUB_NAME: taskHub
    AZURE_FUNCTIONS_DURABLE_STRICT_TYPING: '1'
    PYTHON_THREADPOOL_THREAD_COUNT: '8' // orchestrators run in threads: as many as host.json takes at once
    FUNCTIONS_WORKER_PROCESS_COUNT: '1' // more processes would only share the same quota
    APPLICATIONINSIGHTS_CONNECTION_STRING: component.properties.ConnectionString
    APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identityClientId};Authorization=AAD'
    // The worker starts OpenTelemetry before the app is imported, so that all of this is for it to read.
    PYTHON_APPLICATIONINSIGHTS_ENABLE_TELEMETRY: 'true'
    OTEL_PYTHON_DISABLED_INSTRUMENTATIONS: uninstrumented
    OTEL_TRACES_SAMPLER: 'always_on' // the distribution would keep five traces a second
    APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL: 'true' // nothing about our use goes to the makers
    OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID: identityClientId
    WEBSITE_AUTH_AAD_ALLOWED_TENANTS: tenant().tenantId
    ROLLOUT_ENVIRONMENT: 'LIVE'
    ROLLOUT_STORAGE_TABLE_URL: ledgerEndpoints.table
    ROLLOUT_STORAGE_QUEUE_URL: ledgerEndpoints.queue
    ROLLOUT_GRAPH_BASE_URL: 'https://graph.microsoft.com/v1.0'
    ROLLOUT_GRAPH_CREDENTIAL: 'managed'
    ROLLOUT_GRAPH_CLIENT_ID: identityClientId
    ROLLOUT_GRAPH_TENANT_ID: tenant().tenantId
    ROLLOUT_GRAPH_SHARE: graphShare
    ROLLOUT_GOVERNOR: 'shared' // instances lease their part of the quota from the ledger
    ROLLOUT_QUOTA_MODEL: quotaModel
    ROLLOUT_NOTICE_WEBHOOK: noticeWebhook // a reference to the vault, never the address itself
  })
}

resource signIn 'Microsoft.Web/sites/config@2025-03-01' = {
  parent: app
  name: 'authsettingsV2'
  properties: {
    platform: {
      enabled: true
    }
    globalValidation: {
      requireAuthentication: true
      unauthenticatedClientAction: unauthenticatedAction
      redirectToProvider: 'azureactivedirectory'
      excludedPaths: [
        '/api/v1/health' // says whether it works, never a value
      ]
    }
    httpSettings: {
      requireHttps: true
    }
    identityProviders: {
      azureActiveDirectory: {
        enabled: true
        registration: {
          openIdIssuer: issuer
          clientId: signInClientId
          clientSecretSettingName: signInProof
        }
        validation: {
          allowedAudiences: [
            signInClientId
            'api://${signInClientId}'
          ]
          defaultAuthorizationPolicy: {
            allowedApplications: union([
              signInClientId
            ], allowedClientIds)
          }
        }
      }
    }
    login: {
      tokenStore: {
        enabled: false // pages need the claims, never the tokens
      }
    }
  }
  dependsOn: [
    settings
  ]
}

// Publishing passwords would be a second way in, beside Entra.
resource noFtpPassword 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-11-01' = {
  parent: app
  name: 'ftp'
  properties: {
    allow: false
  }
}

resource noScmPassword 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-11-01' = {
  parent: app
  name: 'scm'
  properties: {
    allow: false
  }
}

output name string = app.name
output host string = app.properties.defaultHostName
