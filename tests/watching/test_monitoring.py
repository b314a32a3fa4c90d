"""The dashboard and the rules of docs/monitoring name what the hub tells, with the labels that it has."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.test import Client
from django.utils import timezone
from prometheus_client.core import Metric

from bots.models import SpeechUsage, TelegramBot, VoiceGate
from bots.problems import Severity
from cvgorod_hub.watching.tallies import tallies
from intents.llm.budget import today
from tests.fakes import BOT_ID
from tests.watching.conftest import Scrape

FOLDER = Path(__file__).resolve().parents[2] / "docs/monitoring"
RULES = yaml.safe_load((FOLDER / "alerts.yml").read_text(encoding="utf-8"))
DASHBOARD = json.loads((FOLDER / "grafana-dashboard.json").read_text(encoding="utf-8"))
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
ALERTS = [rule for group in RULES["groups"] for rule in group["rules"]]
SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "gauge": ("",)}
SELECTOR = re.compile(r"\b(hub_\w+){([^}]*)}")
MATCHER = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"')
# Values that exist, and of which a hub at rest tells nothing.
NOT_NOW = {
    "severity": {severity.value for severity in Severity},
    "view": {"metrics", "static", "health-live", "health-ready"},
}


def expressions() -> Iterator[tuple[str, str]]:
    for rule in ALERTS:
        yield rule["alert"], rule["expr"]
    for panel in PANELS:
        for target in panel["targets"]:
            yield panel["title"], target["expr"]


@pytest.fixture
def told(db: None, scrape: Scrape) -> dict[str, Metric]:
    """Every family there is, each with a sample where its labels are known only then."""
    bot = TelegramBot.objects.create(
        id=BOT_ID, username="hub_bot", last_poll_at=timezone.now(), last_update_at=timezone.now()
    )
    TelegramBot.objects.create(id=bot.id + 1, webhook_url="https://hub.example.com", webhook_waiting=0)
    SpeechUsage.objects.create(day=today(), api="short")
    VoiceGate.objects.create(name="short")
    tallies.note("requests", ("home", "GET", "2xx"), of=("home",), seconds=0.1)
    tallies.note("tasks", ("x", "failure"), of=("x",), seconds=0.1)
    return scrape()


def series(families: dict[str, Metric]) -> set[str]:
    return {f"{name}{suffix}" for name, family in families.items() for suffix in SUFFIXES[family.type]}


@pytest.mark.parametrize(("where", "expression"), list(expressions()))
def test_what_an_expression_names_is_told(where: str, expression: str, told: dict[str, Metric]) -> None:
    named = set(re.findall(r"\bhub_\w+", expression))
    assert named or expression.startswith("up{")
    assert named <= series(told)


@pytest.mark.parametrize(("where", "expression"), list(expressions()))
def test_what_a_matcher_asks_for_is_told_of_that_series(
    where: str, expression: str, told: dict[str, Metric]
) -> None:
    for name, matchers in SELECTOR.findall(expression):
        family = family_of(name, told)
        for label, operator, text in MATCHER.findall(matchers):
            known = {sample.labels[label] for sample in family.samples} | NOT_NOW.get(label, set())
            asked = re.split(r"\|", text) if "~" in operator else [text]
            for each in asked:
                assert [one for one in known if re.fullmatch(each, one)], (name, label, each)


@pytest.mark.parametrize(
    ("legend", "expression"),
    [(target.get("legendFormat", ""), target["expr"]) for panel in PANELS for target in panel["targets"]],
)
def test_a_legend_names_labels_that_are_left(legend: str, expression: str, told: dict[str, Metric]) -> None:
    [(name, _matchers), *_] = re.findall(r"\b(hub_\w+)(?:{([^}]*)})?", expression)
    left = {label for sample in family_of(name, told).samples for label in sample.labels}
    if kept := re.search(r"\bsum by \(([^)]*)\)", expression):
        left = set(kept[1].split(", "))
    assert set(re.findall(r"{{(\w+)}}", legend)) <= left


def family_of(series_name: str, told: dict[str, Metric]) -> Metric:
    [family] = [
        family
        for name, family in told.items()
        if series_name in {f"{name}{suffix}" for suffix in SUFFIXES[family.type]}
    ]
    return family


def test_everything_that_is_told_is_shown(told: dict[str, Metric]) -> None:
    shown = {
        name
        for panel in PANELS
        for target in panel["targets"]
        for name in re.findall(r"hub_\w+", target["expr"])
    }
    assert {
        name
        for name, family in told.items()
        if not shown & {f"{name}{suffix}" for suffix in SUFFIXES[family.type]}
    } == set()


def test_rules_have_their_shape() -> None:
    assert set(RULES) == {"groups"}
    assert len({rule["alert"] for rule in ALERTS}) == len(ALERTS)
    for rule in ALERTS:
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
        assert re.fullmatch(r"Hub[A-Z]\w+", rule["alert"])
        assert re.fullmatch(r"\d+[smh]", rule.get("for", "0s"))
        assert rule["labels"]["severity"] in {"critical", "warning"}
        assert set(rule["annotations"]) == {"summary", "description"}
        assert rule["expr"].count("(") == rule["expr"].count(")")


def test_panels_have_their_shape() -> None:
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place: dict[str, Any] = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert max(x for x, _y in cells) < 24
        taken |= cells


def test_the_scrape_configuration_reads_the_rules() -> None:
    said = yaml.safe_load((FOLDER / "prometheus.yml").read_text(encoding="utf-8"))
    assert said["rule_files"] == ["alerts.yml"]
    assert [one["job_name"] for one in said["scrape_configs"]] == ["cvgorod-hub"]


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool (Debian: prometheus) is not installed")
def test_promtool_takes_them(client: Client, db: None) -> None:
    rules = subprocess.run(
        ["promtool", "check", "rules", FOLDER / "alerts.yml"], capture_output=True, text=True
    )
    assert rules.returncode == 0, rules.stderr
    config = subprocess.run(
        ["promtool", "check", "config", FOLDER / "prometheus.yml"], capture_output=True, text=True
    )
    assert config.returncode == 0, config.stderr
    said = client.get("/metrics").content
    metrics = subprocess.run(["promtool", "check", "metrics"], input=said, capture_output=True)
    assert metrics.returncode == 0, metrics.stderr.decode()
