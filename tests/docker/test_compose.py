"""What docker-compose.yml promises; a machine with Docker would find out by trying."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import environ
import pytest
from django.conf import settings

from cvgorod_hub.container import health
from tests.docker import compose

HUB = {"migrate", "web", "worker", "beat", "collector"}
SERVERS = {"postgres", "redis"}
LASTING = sorted((HUB | SERVERS) - {"migrate"})


def environment_of(service: dict[str, Any]) -> dict[str, str | None]:
    given: dict[str, str | None] = service.get("environment", {})
    return given


def test_it_is_a_compose_file() -> None:
    schema = ["--builtin-schema", "vendor.compose-spec", "docker-compose.yml"]
    done = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", *schema], cwd=compose.ROOT, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, "ok -- validation done\n")


@pytest.mark.parametrize("name", ["POSTGRES_PASSWORD", "DJANGO_SECRET_KEY"])
@pytest.mark.parametrize("missing", [{}, {"empty": ""}], ids=["unset", "empty"])
def test_nothing_starts_without_a_password_and_a_key(name: str, missing: dict[str, str]) -> None:
    given = {key: value for key, value in compose.GIVEN.items() if key != name}
    with pytest.raises(compose.RefusedError, match=f"{name}: set it in .env"):
        compose.services(given | dict.fromkeys([name] if missing else [], ""))


def test_the_example_with_two_values_is_enough(tmp_path: Path) -> None:
    example = (compose.ROOT / ".env.example").read_text(encoding="utf-8")
    (tmp_path / ".env").write_text(
        example.replace("POSTGRES_PASSWORD=\n", "POSTGRES_PASSWORD=one\n", 1).replace(
            "DJANGO_SECRET_KEY=\n", "DJANGO_SECRET_KEY=two\n", 1
        ),
        encoding="utf-8",
    )
    given: dict[str, str] = {}

    class Reader(environ.Env):
        ENVIRON = given

    Reader.read_env(tmp_path / ".env")

    assert given == {"POSTGRES_PASSWORD": "one", "DJANGO_SECRET_KEY": "two"}
    web = environment_of(compose.services(given)["web"])
    assert (web["PGPASSWORD"], web["REDIS_PASSWORD"], web["DJANGO_SECRET_KEY"]) == ("one", "one", "two")


def test_what_can_be_set_stands_in_the_example() -> None:
    example = (compose.ROOT / ".env.example").read_text(encoding="utf-8")
    assert compose.variables() <= set(re.findall(r"^#?([A-Z_]+)=", example, re.MULTILINE))


def test_no_secret_stands_in_the_file() -> None:
    secret = re.compile("PASSWORD|SECRET_KEY|WEBHOOK_SECRET|TOKEN|API_KEY")
    for name, service in compose.read()["services"].items():
        for variable, value in environment_of(service).items():
            if secret.search(variable):
                assert value is None or value.startswith("${"), (name, variable)
    for name, service in compose.services().items():
        words = [*service.get("command", []), *service.get("healthcheck", {}).get("test", [])]
        # What a list of processes shows.
        assert not any(value in word for value in compose.GIVEN.values() for word in words), name


def test_a_hub_password_of_its_own_reaches_redis_and_the_hub() -> None:
    services = compose.services(compose.GIVEN | {"REDIS_PASSWORD": "another"})
    named = {name: environment_of(service).get("REDIS_PASSWORD") for name, service in services.items()}
    assert named == dict.fromkeys(HUB | {"redis"}, "another") | {"postgres": None}


def test_all_services_are_there() -> None:
    assert set(compose.services()) == HUB | SERVERS


@pytest.mark.parametrize("name", sorted(HUB | SERVERS))
def test_each_container_is_bounded(name: str) -> None:
    service = compose.services()[name]
    assert service["restart"] == ("no" if name == "migrate" else "unless-stopped")
    assert service["logging"] == {"driver": "json-file", "options": {"max-size": "10m", "max-file": "5"}}
    assert re.fullmatch(r"\d+m", service["mem_limit"])
    assert service["pids_limit"] == 200


@pytest.mark.parametrize("name", sorted(HUB | SERVERS))
def test_each_container_may_do_no_more_than_it_needs(name: str) -> None:
    service = compose.services()[name]
    assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "cap_add", "network_mode", "pid", "devices"} & set(service)
    # The hub's own image says who runs it (test_image.py).
    assert service.get("user") == {"postgres": "postgres", "redis": "redis"}.get(name)


def test_only_these_ports_are_open_and_to_this_machine_alone() -> None:
    assert {name: service["ports"] for name, service in compose.services().items() if "ports" in service} == {
        "web": ["127.0.0.1:8300:8000"],
        "postgres": ["127.0.0.1:5433:5432"],
        "redis": ["127.0.0.1:6380:6379"],
    }
    assert health.listening() == ("0.0.0.0", 8000)  # noqa: S104


def test_all_share_the_one_network() -> None:
    assert compose.resolve()["networks"] == {"default": {"name": "cvgorod-net"}}
    assert not any("networks" in service for service in compose.services().values())


def test_workers_can_be_many() -> None:
    services = compose.services()
    assert not any("container_name" in service for service in services.values())
    assert not {"ports", "hostname"} & set(services["worker"])


def test_what_must_last_has_a_volume() -> None:
    services = compose.services()
    assert set(compose.resolve()["volumes"]) == {"postgres", "redis", "data"}
    hub = ["data:/data", "./secrets:/run/secrets:ro"]
    assert {name: service["volumes"] for name, service in services.items()} == {
        **dict.fromkeys(HUB, hub),
        # Where the image of PostgreSQL 18 and newer keeps its data; until 17 it was one folder below.
        "postgres": ["postgres:/var/lib/postgresql"],
        "redis": ["redis:/data"],
    }
    assert all(environment_of(services[name])["HUB_DATA_DIR"] == "/data" for name in HUB)


def test_each_starts_after_what_it_needs() -> None:
    migrated = {
        "migrate": {"condition": "service_completed_successfully"},
        "postgres": {"condition": "service_healthy"},
        "redis": {"condition": "service_healthy"},
    }
    assert {name: service.get("depends_on", {}) for name, service in compose.services().items()} == {
        "migrate": {"postgres": {"condition": "service_healthy"}},
        **dict.fromkeys(HUB - {"migrate"}, migrated),
        **{name: {} for name in SERVERS},
    }


def test_whoever_lasts_has_a_health_check() -> None:
    checks = {name: service.get("healthcheck") for name, service in compose.services().items()}
    assert checks["migrate"] == {"disable": True}
    # The hub's own is the image's (test_image.py), the same for all roles.
    assert {name for name, check in checks.items() if check is None} == set(health.CHECKS)
    assert all(checks[name]["test"] and checks[name]["interval"] == "5s" for name in SERVERS)  # type: ignore[index]


def test_one_image_serves_all_roles_and_is_built_once() -> None:
    services = compose.services()
    assert {services[name]["image"] for name in HUB} == {"cvgorod-hub"}
    assert [name for name, service in services.items() if "build" in service] == ["migrate"]
    assert {name: services[name]["command"] for name in HUB} == {name: [name] for name in HUB}
    assert all(services[name]["init"] for name in HUB)


@pytest.mark.parametrize("name", sorted(SERVERS))
def test_servers_are_of_a_fixed_version(name: str) -> None:
    assert re.fullmatch(rf"{name}:\d[\w.-]*-(bookworm|alpine)", compose.services()[name]["image"])


def test_a_reply_on_its_way_is_waited_for() -> None:
    grace = compose.seconds(compose.services()["worker"]["stop_grace_period"])
    assert grace >= settings.SEND_DEADLINE_SECONDS + 10


@pytest.mark.parametrize("name", LASTING)
def test_memory_suffices_for_the_temporary_files(name: str) -> None:
    """A tmpfs counts as memory."""
    service = compose.services()[name]
    sizes = [int(size) for folder in service.get("tmpfs", []) for size in re.findall(r"size=(\d+)m", folder)]
    assert sum(sizes) <= int(service["mem_limit"].rstrip("m")) / 3
