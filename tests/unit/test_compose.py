"""compose.yaml, judged without Docker: its parts fit each other, our settings and our proxy."""

import re
from typing import Any

import msgspec
import pytest
import yaml

from lsos.core.settings.environment import environment_name, load
from lsos.core.settings.settings import Settings
from tests.support.stack import ROOT

TEXT = (ROOT / "compose.yaml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = ("migrate", "api", "worker")
KEYS = {
    "build", "image", "init", "env_file", "environment", "restart", "cap_drop", "security_opt",
    "volumes", "healthcheck", "shm_size", "command", "depends_on", "ports", "stop_grace_period",
    "network_mode", "cpu_shares",
}  # fmt: skip
"""Of the Compose specification, those in use: a misspelt one would be ignored or refused."""
REFERENCE = re.compile(r"\$\{(\w+)(?::-((?:[^${}]|\$\{[^{}]*\})*)|:\?[^}]*)?\}")


def interpolate(text: str, values: dict[str, str]) -> str:
    """As Compose does: ${NAME}, ${NAME:-default}, ${NAME:?message}, nested in defaults."""

    def one(match: re.Match[str]) -> str:
        name, default = match[1], match[2]
        if values.get(name):
            return values[name]
        assert default is not None, f"{name} must be set"
        return interpolate(default, values)

    return REFERENCE.sub(one, text)


def test_all_services_of_the_product_are_there() -> None:
    assert set(SERVICES) == {
        "postgres", "redis", "migrate", "api", "worker", "storage", "mail", "nginx"
    }  # fmt: skip
    for name, service in SERVICES.items():
        assert set(service) <= KEYS, name
        assert "image" in service, name
        assert not service["image"].endswith(":latest"), name


def test_every_service_waits_for_services_that_exist_and_can_tell() -> None:
    for name, service in SERVICES.items():
        for other, how in service.get("depends_on", {}).items():
            assert other in SERVICES, f"{name} waits for {other}"
            if how["condition"] == "service_healthy":
                # The API's is in the Dockerfile.
                assert "healthcheck" in SERVICES[other] or "build" in SERVICES[other], other
    assert SERVICES["api"]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
    assert SERVICES["migrate"]["restart"] == "no"


def test_an_api_beside_busy_workers_goes_first() -> None:
    """Each container is a group of its own for the kernel: niceness counts within it only."""
    weights = {name: service.get("cpu_shares", 1_024) for name, service in SERVICES.items()}
    assert weights["worker"] * 4 <= weights["api"]
    assert all(weights["api"] == weights[store] for store in ("postgres", "redis", "nginx"))


def test_named_volumes_are_declared_and_all_used() -> None:
    used = {
        volume.partition(":")[0]
        for service in SERVICES.values()
        for volume in service.get("volumes", [])
    }
    named = {volume for volume in used if not volume.startswith(".")}
    assert named == set(COMPOSE["volumes"])
    for volume in used - named:
        assert (ROOT / volume).is_file(), volume


def test_nothing_is_published_beyond_loopback() -> None:
    published = [port for s in SERVICES.values() for port in s.get("ports", [])]
    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)
    for store in ("postgres", "redis", "storage", "api"):
        assert "ports" not in SERVICES[store]


@pytest.mark.parametrize("name", OURS)
def test_the_settings_it_gives_are_accepted_in_staging(name: str) -> None:
    given = {
        "POSTGRES_PASSWORD": "abc123",
        "STORAGE_SECRET": "storagesecret99",
        "JWT_SECRET": "0123456789abcdefghijklmnopqrstuvwxyz",
        "RANK_PROVIDER_BACKEND": "synthetic",
        "LOCAL_PROVIDER_BACKEND": "synthetic",
        "AUTHORITY_PROVIDER_BACKEND": "synthetic",
    }
    environment = SERVICES[name]["environment"]
    known = {environment_name(field.name) for field in msgspec.structs.fields(Settings)}
    assert set(environment) <= known
    settings = load({**given, **{k: interpolate(v, given) for k, v in environment.items()}})
    assert settings.app_env == "staging"
    assert settings.object_storage_secret_key == "storagesecret99"
    assert settings.object_storage_endpoint == "http://storage:8333"


def test_the_stand_ins_are_where_the_settings_say() -> None:
    storage = SERVICES["storage"]["environment"]
    ours = SERVICES["api"]["environment"]
    assert storage["AWS_SECRET_ACCESS_KEY"] == ours["OBJECT_STORAGE_SECRET_KEY"]
    assert storage["AWS_ACCESS_KEY_ID"] == ours["OBJECT_STORAGE_ACCESS_KEY"]
    assert storage["S3_BUCKET"] == ours["OBJECT_STORAGE_BUCKET"]
    # Mail goes to 127.0.0.1, so the catcher must share the worker's network.
    assert SERVICES["mail"]["network_mode"] == "service:worker"


def test_nginx_serves_the_shipped_configuration_before_the_api() -> None:
    conf = (ROOT / "Docs" / "ops" / "nginx.conf").read_text()
    command = SERVICES["nginx"]["command"][-1]
    old, new = re.findall(r"server [\w.]+:\d+;", command)
    assert conf.count(old) == 1
    host, port = new.removeprefix("server ").rstrip(";").split(":")
    assert host in SERVICES
    assert port in SERVICES[host]["command"]
