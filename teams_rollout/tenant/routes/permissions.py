"""Tenant simulator: Microsoft Graph's application permissions and their app role ids.

Source: microsoftgraph/microsoft-graph-devx-content, `permissions/new/provisioningInfo.json`.
"""

from __future__ import annotations

APP_ROLES: dict[str, str] = {
    "User.Read.All": "df021288-bdef-4463-88db-98f22de89214",
    "User.ReadWrite.All": "741f803b-c850-494e-b5df-cde7c675a1ca",
    "LicenseAssignment.ReadWrite.All": "5facf0c1-8979-4e95-abcf-ff3d079771c0",
    "Organization.Read.All": "498476ce-e0fe-48b0-b801-37ba7e2685c6",
    "Directory.Read.All": "7ab1d382-f21e-4acd-a863-ba3e13f7da61",
    "Group.Create": "bf7b1a76-6e77-406b-b258-bf5c7720e98f",
    "Group.ReadWrite.All": "62a82d76-70ea-41e2-9197-370581804d09",
    "GroupMember.ReadWrite.All": "dbaae8cf-10b5-4b86-a4a1-f871c94c6695",
    "Group.Read.All": "5b567255-7703-4780-807c-7be8301ae99b",
    "GroupMember.Read.All": "98830695-27a2-44f7-8c18-0c3ebc9698f6",
    "Team.Create": "23fc2474-f741-46ce-8465-674744c5c361",
    "Team.ReadBasic.All": "2280dda6-0bfd-44ee-a2f4-cb867cfc4c1e",
    "TeamSettings.ReadWrite.All": "bdd80a03-d9bc-451d-b7c4-ce7c63fe3c8f",
    "TeamMember.ReadWriteNonOwnerRole.All": "4437522e-9a86-4a41-a7da-e380edd4a97d",
    "TeamMember.ReadWrite.All": "0121dc95-1b9f-4aed-8bac-58c5ac466691",
    "Channel.Create": "f3a65bd4-b703-46df-8f7e-0174fea562aa",
    "TeamsPolicyUserAssign.ReadWrite.All": "1801e8f4-cf09-4c4e-a1b5-036dfcca6c90",
    "TeamsUserConfiguration.Read.All": "a91eadaf-2c3c-4362-908b-fb172d208fc6",
    "TeamsTelephoneNumber.Read.All": "39b17d18-680c-41f4-b9c2-5f30629e7cb6",
    "TeamsTelephoneNumber.ReadWrite.All": "0a42382f-155c-4eb1-9bdc-21548ccaa387",
    "Mail.Send": "b633e1c5-b582-4048-a93e-9f11b44c7e96",
    "TeamsActivity.Send": "a267235f-af13-44dc-8385-c1dc93023186",
}
