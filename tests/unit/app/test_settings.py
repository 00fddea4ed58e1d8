"""Settings refuse what would let a rehearsal reach a real tenant, and name the setting."""

import pytest
from pydantic import SecretStr, ValidationError

from teams_rollout.domain.vocabulary import Environment
from teams_rollout.settings import Settings

SIMULATOR = "http://127.0.0.1:8801/v1.0"


def test_nothing_set_when_read_then_it_is_live_and_a_real_tenant(monkeypatch):
    monkeypatch.delenv("ROLLOUT_ENVIRONMENT", raising=False)
    monkeypatch.delenv("ROLLOUT_GRAPH_BASE_URL", raising=False)

    settings = Settings()

    assert settings.environment is Environment.LIVE
    assert not settings.is_simulated


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"environment": "REHEARSAL"}, "ROLLOUT_ENVIRONMENT"),
        ({"environment": "LIVE", "time_scale": 60}, "ROLLOUT_TIME_SCALE"),
        ({"environment": "LIVE", "graph_limits": 50}, "ROLLOUT_GRAPH_LIMITS"),
        ({"environment": "LIVE", "graph_credential": "static"}, "ROLLOUT_GRAPH_CREDENTIAL"),
    ],
)
def test_a_real_tenant_when_a_rehearsals_setting_meets_it_then_refused_by_name(values, named):
    real = {"graph_base_url": "https://graph.microsoft.com/v1.0", **values}

    with pytest.raises(ValidationError, match=named):
        Settings.model_validate(real)

    assert Settings.model_validate({**values, "graph_base_url": SIMULATOR})


@pytest.mark.parametrize("host", ["127.0.0.1.example", "graph.microsoft.com", "localhost.example"])
def test_an_address_that_only_looks_local_when_read_then_no_simulator(host):
    with pytest.raises(ValidationError, match="ROLLOUT_ENVIRONMENT"):
        Settings.model_validate(
            {"environment": "REHEARSAL", "graph_base_url": f"https://{host}/v1.0"}
        )


SECRET = "https://prod.logic.example/workflows/w/triggers/manual/paths/invoke?sig=s3cret"


def test_given_the_channels_address_then_it_is_a_secret_that_nothing_prints():
    settings = Settings(notice_webhook=SecretStr(SECRET))

    assert settings.notice_webhook is not None
    assert settings.notice_webhook.get_secret_value() == SECRET
    assert "s3cret" not in repr(settings)


@pytest.mark.parametrize("value", ["", " ", "@Microsoft.KeyVault(VaultName=v;SecretName=s)"])
def test_given_no_address_or_a_reference_that_azure_left_then_there_is_no_channel(value: str):
    assert Settings(notice_webhook=SecretStr(value)).notice_webhook is None


@pytest.mark.parametrize("value", ["http://prod.logic.example/s3cret", "https://[s3cret"])
def test_given_an_address_in_the_clear_then_refused_without_showing_it(value: str):
    with pytest.raises(ValidationError) as refused:
        Settings(notice_webhook=SecretStr(value))

    (error,) = refused.value.errors(include_input=False)
    assert error["loc"] == ("notice_webhook",)
    assert "s3cret" not in error["msg"]
