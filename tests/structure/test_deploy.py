"""What deploy/ hands to an operator is understood by this version."""

import base64
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from models.names import Queue, task_queue
from starter.cli.commands import COMMANDS
from starter.gate import gate_of
from starter.localserver import DYNAMIC_CONFIG
from starter.settings import Settings, load_settings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
COMPOSE = DEPLOY / "compose" / "compose.yaml"
OVERLAYS = ("development", "production")
KEDA = {"endpoint", "namespace", "taskQueue", "queueTypes", "targetQueueSize"}
SECRET = re.compile(r"PASSWORD|SECRET|KEYS|DATABASE_URL|API_KEY|WORKER_KEY")
KEYS = DEPLOY / "k8s" / "base" / "jwks.json"
Manifest = dict[str, Any]
kubectl = pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl, which has kustomize, is not installed")


def test_the_example_environment_is_accepted_as_it_stands(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    text = (DEPLOY / "worker.env.example").read_text(encoding="utf-8")
    lines = dict(re.findall(r"^(REDRESS_[A-Z_]+)=(.*)$", text, flags=re.MULTILINE))
    assert "REDRESS_AUTH__WORKER_KEY (the same on every host)" in text
    monkeypatch.setenv("REDRESS_AUTH__WORKER_KEY", "k" * 32)
    for name, value in lines.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    settings = load_settings()
    assert settings.database == "postgresql+asyncpg://redress@db.internal/redress"
    assert (settings.partners.payment.kind, settings.smtp.host) == ("http", "mail.internal")


def test_a_worker_is_given_more_time_to_stop_than_it_takes() -> None:
    unit = (DEPLOY / "redress-worker.service").read_text(encoding="utf-8")
    stop = int(re.findall(r"^TimeoutStopSec=(\d+)$", unit, flags=re.MULTILINE)[0])
    assert stop > load_settings().worker.graceful_shutdown_seconds
    assert "redress worker" in unit


def test_a_hosts_secrets_come_from_a_file_of_their_own_and_stand_in_no_unit() -> None:
    unit = (DEPLOY / "redress-worker.service").read_text(encoding="utf-8")
    files = re.findall(r"^EnvironmentFile=(\S+)$", unit, flags=re.MULTILINE)
    assert files == ["/etc/redress/worker.env", "-/etc/redress/secrets.env"]  # the later one wins
    assert not re.search(r"^Environment=", unit, flags=re.MULTILINE)
    said = (DEPLOY / "README.md").read_text(encoding="utf-8")
    assert "`/etc/redress/secrets.env` of root, mode 600" in said
    assert "useradd" in said, "the unit's user is there"


@pytest.fixture(scope="module", params=OVERLAYS)
def manifests(request: pytest.FixtureRequest) -> list[Manifest]:
    command = ["kubectl", "kustomize", str(DEPLOY / "k8s" / "overlays" / request.param)]
    made = subprocess.run(command, capture_output=True, text=True, check=True)
    return list(yaml.safe_load_all(made.stdout))


def pods(manifests: list[Manifest]) -> Iterator[tuple[str, Manifest]]:
    yield from (
        (one["metadata"]["name"], one["spec"]["template"]) for one in manifests if "template" in one.get("spec", {})
    )


def containers(pod: Manifest) -> list[Manifest]:
    return [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]


def of_kind(manifests: list[Manifest], kind: str) -> list[Manifest]:
    return [one for one in manifests if one["kind"] == kind]


@kubectl
def test_manifests_are_what_kubernetes_takes(manifests: list[Manifest]) -> None:
    unknown = []
    for one in manifests:
        try:
            kubernetes_validate.validate(one, "1.37", strict=True)
        except kubernetes_validate.utils.SchemaNotFoundError:
            unknown.append(one["kind"])
    assert unknown == ["ScaledObject"]


def test_what_the_manifests_are_made_from_is_what_kubernetes_takes() -> None:
    # Needs no kubectl: what kustomize adds to them are names, labels and addresses.
    files = [file for file in (DEPLOY / "k8s" / "base").glob("*.yaml") if file.name != "kustomization.yaml"]
    found = [one for file in files for one in yaml.safe_load_all(file.read_text(encoding="utf-8"))]
    for one in (one for one in found if one["kind"] != "ScaledObject"):
        kubernetes_validate.validate(one, "1.37", strict=True)
    assert {"Deployment", "Job", "NetworkPolicy", "PodDisruptionBudget", "Service"} <= {one["kind"] for one in found}


@kubectl
def test_with_what_it_is_given_a_worker_knows_whom_to_believe_and_the_codec_server_has_keys(
    manifests: list[Manifest], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    given = {name: value for one in of_kind(manifests, "ConfigMap") for name, value in one["data"].items()}
    sealed = [one["data"] for one in of_kind(manifests, "Secret")] or [{}]
    vault = {"REDRESS_AUTH__WORKER_KEY": "k" * 32, "REDRESS_CODEC__KEYS": f"k1:{base64.b64encode(bytes(32)).decode()}"}
    given |= {name: base64.b64decode(value).decode() for name, value in sealed[0].items()} or vault
    assert given["REDRESS_AUTH__JWKS_FILE"] == f"/etc/redress/{KEYS.name}"
    given["REDRESS_AUTH__JWKS_FILE"] = str(KEYS)
    monkeypatch.chdir(tmp_path)
    for name in (name for name in given if name.startswith("REDRESS_")):
        monkeypatch.setenv(name, given[name])
    settings = load_settings()
    gate = gate_of(settings, given["TEMPORAL_ADDRESS"])
    assert gate.required
    assert isinstance(gate.vouch("集团领导", "complaint.C-1"), str), "a meeting's decision reaches its cases"
    assert settings.codec.ring is not None


@kubectl
def test_the_scaler_scales_a_deployment_that_is_there_by_every_queue_of_the_service(manifests: list[Manifest]) -> None:
    [scaler] = of_kind(manifests, "ScaledObject")
    triggers = [trigger["metadata"] for trigger in scaler["spec"]["triggers"]]
    assert scaler["spec"]["scaleTargetRef"]["name"] in {
        one["metadata"]["name"] for one in of_kind(manifests, "Deployment")
    }
    assert scaler["spec"]["minReplicaCount"] >= 1
    base = Settings.model_fields["task_queue"].default
    assert [trigger["taskQueue"] for trigger in triggers] == [task_queue(base, queue) for queue in Queue]
    for trigger in triggers:
        assert set(trigger) == KEDA
        assert all(isinstance(value, str) for value in trigger.values())


@kubectl
def test_every_container_is_unprivileged_on_a_read_only_image_and_runs_one_of_our_verbs(
    manifests: list[Manifest],
) -> None:
    for name, pod in pods(manifests):
        assert pod["spec"]["securityContext"]["runAsNonRoot"], name
        assert pod["spec"]["automountServiceAccountToken"] is False, name
        for container in containers(pod):
            allowed = container["securityContext"]
            assert allowed["readOnlyRootFilesystem"], name
            assert not allowed["allowPrivilegeEscalation"], name
            assert allowed["capabilities"] == {"drop": ["ALL"]}, name
            assert container["args"][0] in COMMANDS, name


def test_no_pod_is_told_the_address_of_a_service_as_if_it_were_a_setting() -> None:
    files = [file for file in (DEPLOY / "k8s" / "base").glob("*.yaml") if file.name != "kustomization.yaml"]
    made = [one for file in files for one in yaml.safe_load_all(file.read_text(encoding="utf-8"))]
    assert any(one["metadata"]["name"].startswith("redress") for one in of_kind(made, "Service"))
    told = {name: pod["spec"].get("enableServiceLinks", True) for name, pod in pods(made)}
    assert told == dict.fromkeys(told, False)
    assert len(told) == 3


@kubectl
def test_probes_ask_where_a_worker_answers_and_it_has_time_to_finish(manifests: list[Manifest]) -> None:
    [worker] = [pod["spec"] for name, pod in pods(manifests) if name == "redress-worker"]
    observe, tuning = Settings().observe, Settings().worker
    [container] = worker["containers"]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert ports == {"metrics": observe.metrics_port, "health": observe.health_port}
    probes = {kind: container[kind]["httpGet"] for kind in ("startupProbe", "livenessProbe", "readinessProbe")}
    assert {probe["port"] for probe in probes.values()} == {"health"}
    assert (probes["livenessProbe"]["path"], probes["readinessProbe"]["path"]) == ("/healthz", "/readyz")
    assert worker["terminationGracePeriodSeconds"] > tuning.graceful_shutdown_seconds


@kubectl
def test_prometheus_finds_the_workers_under_the_name_the_alerts_ask_for(manifests: list[Manifest]) -> None:
    [job] = yaml.safe_load((DEPLOY / "prometheus" / "kubernetes.yaml").read_text(encoding="utf-8"))
    asked = set(re.findall(r'job="(\w+)"', (DEPLOY / "prometheus" / "alerts.yaml").read_text(encoding="utf-8")))
    assert asked == {job["job_name"]}
    kept = {rule["source_labels"][0]: rule["regex"] for rule in job["relabel_configs"] if rule.get("action") == "keep"}
    [worker] = [pod for name, pod in pods(manifests) if name == "redress-worker"]
    [container] = containers(worker)
    label = "__meta_kubernetes_pod_label_app_kubernetes_io_"
    labels = {f"app.kubernetes.io/{name}": kept.pop(label + name) for name in ("name", "component")}
    assert labels.items() <= worker["metadata"]["labels"].items()
    assert set(kept.values()) <= {port["name"] for port in container["ports"]}


@kubectl
def test_the_network_policy_holds_for_every_pod_and_lets_the_mail_out(manifests: list[Manifest]) -> None:
    policy = next(one for one in of_kind(manifests, "NetworkPolicy") if one["metadata"]["name"] == "redress")["spec"]
    chosen = policy["podSelector"]["matchLabels"].items()
    assert all(chosen <= pod["metadata"]["labels"].items() for _, pod in pods(manifests))
    values = {name: value for one in of_kind(manifests, "ConfigMap") for name, value in one["data"].items()}
    reached = {port["port"] for rule in policy["egress"] for port in rule["ports"]}
    assert {int(values.get("REDRESS_SMTP__PORT", "587")), 5432, 443, 53} <= reached


@kubectl
def test_every_setting_is_one_and_no_secret_stands_in_a_config_map(manifests: list[Manifest]) -> None:
    values = {name: value for one in of_kind(manifests, "ConfigMap") for name, value in one["data"].items()}
    values |= {
        item["name"]: item["value"]
        for _, pod in pods(manifests)
        for one in containers(pod)
        for item in one.get("env", [])
    }
    assert [name for name in values if SECRET.search(name)] == []
    known(values)


def test_compose_is_what_compose_takes_and_every_setting_is_one() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(COMPOSE)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    services = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["services"]
    ours = {name: service for name, service in services.items() if service["image"].startswith("redress:")}
    assert {service["command"][0] for service in ours.values()} <= COMMANDS.keys()
    for name, service in ours.items():
        assert service["read_only"], name
        assert service["volumes"] == ["home:/var/lib/redress"], "all believe the same keys"
        known(service["environment"])
    published = [port for service in services.values() for port in service.get("ports", [])]
    assert [port for port in published if not port.startswith("127.0.0.1:")] == []
    mounted = [volume.partition(":")[0] for service in services.values() for volume in service.get("volumes", [])]
    assert [path for path in mounted if path.startswith(".") and not (COMPOSE.parent / path).is_file()] == []


def test_a_case_may_be_asked_as_much_at_once_under_compose_as_on_the_local_stack() -> None:
    server = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["services"]["temporal"]
    [mounted] = server["volumes"]
    file, place, _ = mounted.split(":")
    assert server["environment"]["DYNAMIC_CONFIG_FILE_PATH"] == place
    said = yaml.safe_load((COMPOSE.parent / file).read_text(encoding="utf-8"))
    asked = {name: int(value) for name, value in DYNAMIC_CONFIG.items() if name.startswith("history.")}
    assert {name: one["value"] for name, [one] in said.items()} == asked


def test_what_compose_asks_for_is_in_the_example_and_no_secret_has_a_value_there() -> None:
    asked = set(re.findall(r"\$\{(\w+):\?", COMPOSE.read_text(encoding="utf-8")))
    example = (COMPOSE.parent / ".env.example").read_text(encoding="utf-8")
    assert dict(re.findall(r"^(\w+)=(.*)$", example, re.MULTILINE)) == dict.fromkeys(asked, "")


def test_the_image_holds_every_package_at_its_pinned_version_and_runs_as_nobody() -> None:
    image = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]["targets"][
        "wheel"
    ]
    copied = {word for line in re.findall(r"^COPY (?!--)(.+) \S+$", image, re.MULTILINE) for word in line.split()}
    assert set(wheel["only-include"]) <= copied
    assert "-c constraints.txt" in image
    assert image.count("\nFROM ") + image.startswith("FROM ") == 2
    user = re.findall(r"^USER (\d+)$", image, re.MULTILINE)
    assert user == ["10001"]
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert {line.removeprefix("!") for line in ignored if line.startswith("!")} == copied


def known(values: Manifest) -> None:
    """Each variable leads to a setting, part and all."""
    for variable in (name for name in values if name.startswith("REDRESS_")):
        model: Any = Settings
        for part in variable.removeprefix("REDRESS_").lower().split("__"):
            assert part in model.model_fields, variable
            model = model.model_fields[part].annotation
