"""The app's settings: the only module that reads the environment."""

from functools import cache
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from teams_rollout.domain.vocabulary import Environment

LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})


class Settings(BaseSettings):
    """Every `ROLLOUT_*` setting; values come from app settings or `local.settings.json`.

    Attributes:
        storage_connection: connection string of the ledger's account (Azurite, or with a key).
        storage_table_url, storage_queue_url: endpoints of the ledger's account, reached with the
            app's identity instead; the template knows them in every cloud.
        graph_limits: multiplies the published limits that the pacer keeps (rehearsal only).
        graph_share: share of the Entra write quota that we use.
        governor: whether all processes of the app keep within one quota together (ADR 0007), or
            this one paces alone.
        time_scale: divides waits caused by Microsoft's delays; 1 except against a simulator.
        notice_webhook: address of the workflow that posts cards into the team's channel; a secret.
        easy_auth: whether App Service authentication stands in front (set by the platform).
        host_name: name of the deployed app (set by the platform).
        dev_identity: who the person at the keyboard is taken for on loopback.
    """

    model_config = SettingsConfigDict(env_prefix="ROLLOUT_", extra="ignore", frozen=True)

    environment: Environment = Environment.LIVE
    storage_connection: SecretStr | None = None
    storage_table_url: str = ""
    storage_queue_url: str = ""
    graph_base_url: str = "https://graph.microsoft.com/v1.0"
    graph_credential: Literal["managed", "cli", "secret", "workload", "static"] = "managed"
    graph_client_id: str = ""
    graph_tenant_id: str = ""
    graph_client_secret: SecretStr | None = None
    graph_limits: float = Field(default=1.0, gt=0)
    graph_share: float = Field(default=0.8, gt=0, le=1)
    quota_model: Literal["window", "bucket"] = "window"
    governor: Literal["shared", "local"] = "shared"
    time_scale: float = Field(default=1.0, ge=1)
    notice_webhook: SecretStr | None = None
    dev_identity: str = ""
    easy_auth: bool = Field(default=False, validation_alias="WEBSITE_AUTH_ENABLED")
    host_name: str = Field(default="", validation_alias="WEBSITE_HOSTNAME")

    @property
    def is_simulated(self) -> bool:
        """Whether Graph is a simulator on this machine."""
        return urlsplit(self.graph_base_url).hostname in LOOPBACK_HOSTS

    @field_validator("notice_webhook")
    @classmethod
    def _is_encrypted_or_here(cls, value: SecretStr | None) -> SecretStr | None:
        text = value.get_secret_value().strip() if value else ""
        # A reference to the vault that Azure could not resolve must not take the app down.
        if not text or text.startswith("@Microsoft.KeyVault"):
            return None
        try:
            parts = urlsplit(text)
        except ValueError:
            parts = urlsplit("")
        if parts.scheme != "https" and parts.hostname not in LOOPBACK_HOSTS:
            # Never the value: it is a secret.
            raise ValueError("must be an https address")
        return SecretStr(text)

    @model_validator(mode="after")
    def _real_tenants_are_no_rehearsal(self) -> "Settings":
        if self.is_simulated:
            return self
        wrong = [
            name
            for name, value, default in (
                ("ROLLOUT_TIME_SCALE", self.time_scale, 1.0),
                ("ROLLOUT_GRAPH_LIMITS", self.graph_limits, 1.0),
            )
            if value != default
        ]
        if self.environment is Environment.REHEARSAL:
            wrong.append("ROLLOUT_ENVIRONMENT=REHEARSAL")
        if self.graph_credential == "static":
            wrong.append("ROLLOUT_GRAPH_CREDENTIAL")
        if wrong:
            raise ValueError(
                f"{', '.join(wrong)} may only be set with a simulator on this machine; "
                "remove the setting or point ROLLOUT_GRAPH_BASE_URL to 127.0.0.1."
            )
        return self


class TelemetrySettings(BaseSettings):
    """Where telemetry goes, by the names that Azure and OpenTelemetry have given.

    Nothing in here can be wrong, so that a process with a wrong setting can still say so.

    Attributes:
        connection_string: of Application Insights.
        traces_exporter, metrics_exporter: an exporter that is installed (`console` always is);
            for laptops, where there is no Application Insights.
    """

    model_config = SettingsConfigDict(extra="ignore", frozen=True)

    connection_string: SecretStr | None = Field(
        default=None, validation_alias="APPLICATIONINSIGHTS_CONNECTION_STRING"
    )
    traces_exporter: str = Field(default="none", validation_alias="OTEL_TRACES_EXPORTER")
    metrics_exporter: str = Field(default="none", validation_alias="OTEL_METRICS_EXPORTER")


@cache
def load_settings() -> Settings:
    """The settings of this process, read once on first use and never at import."""
    return Settings()
