"""The addresses of the management API, and the binding that durable clients get (localhost)."""

import json
from dataclasses import dataclass
from urllib.parse import quote

WEBHOOK = "/runtime/webhooks/durabletask"
RPC = "/durabletask"
CONNECTION = "Storage"


@dataclass(frozen=True, slots=True)
class Addresses:
    """Builds addresses below one origin, such as `http://127.0.0.1:7071`."""

    origin: str
    hub: str
    key: str

    def client_binding(self) -> str:
        """Return the JSON text from which the SDK builds a durable client."""
        creation = f"{self.origin}{WEBHOOK}/orchestrators/{{functionName}}[/{{instanceId}}]"
        code = f"code={self.key}"
        wait = "timeout={timeoutInSeconds}&pollingInterval={intervalInSeconds}"
        return json.dumps(
            {
                "taskHubName": self.hub,
                "creationUrls": {
                    "createNewInstancePostUri": f"{creation}?{code}",
                    "createAndWaitOnNewInstancePostUri": f"{creation}?{wait}&{code}",
                },
                "managementUrls": self.management_urls("INSTANCEID", origin=self.origin),
                "baseUrl": f"{self.origin}{WEBHOOK}",
                "requiredQueryStringParameters": code,
                "rpcBaseUrl": f"{self.origin}{RPC}/",
            }
        )

    def management_urls(self, instance_id: str, *, origin: str) -> dict[str, str]:
        """Return every management address of one instance.

        Args:
            origin: scheme and authority as the caller knows them.
        """
        base = f"{origin}{WEBHOOK}/instances/{quote(instance_id, safe='')}"
        query = f"taskHub={quote(self.hub)}&connection={CONNECTION}&code={self.key}"
        reason = f"reason={{text}}&{query}"
        return {
            "id": instance_id,
            "statusQueryGetUri": f"{base}?{query}",
            "sendEventPostUri": f"{base}/raiseEvent/{{eventName}}?{query}",
            "terminatePostUri": f"{base}/terminate?{reason}",
            "rewindPostUri": f"{base}/rewind?{reason}",
            "purgeHistoryDeleteUri": f"{base}?{query}",
            "restartPostUri": f"{base}/restart?{query}",
            "suspendPostUri": f"{base}/suspend?{reason}",
            "resumePostUri": f"{base}/resume?{reason}",
        }

    def check_status(self, instance_id: str, *, origin: str) -> dict[str, str]:
        """Return the payload of a start: like `management_urls`, without rewind."""
        urls = self.management_urls(instance_id, origin=origin)
        del urls["rewindPostUri"]
        return urls
