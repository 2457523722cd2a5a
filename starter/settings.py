"""What an operator can set: environment (REDRESS_…), then redress.toml in the working directory."""

import os
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)

from models.base import problems
from models.database_url import database_url
from models.language import Language, of_locale, of_tag
from models.names import TASK_QUEUE
from starter.errors import OperatorError
from starter.keyring import KeyRing
from starter.settingsfile import FILE, PREFIX
from starter.sources import NotJson, from_environment, from_file, merged

PACKAGED_DIRECTORY = Path(__file__).resolve().parent.parent / "procedures"
TEST_PREFIX = f"{PREFIX}TEST_"
"""Variables that steer the test suite, not the service."""

Port = Annotated[int, Field(ge=0, le=65535)]
LogLevel = Literal["debug", "info", "warning", "error"]
Seconds = Annotated[float, Field(gt=0, le=3600)]
Patience = Annotated[float, Field(gt=0, le=10)]
"""For one answer of a partner (seconds): what the steps of a remedy allow for it (workflows.options), not more."""


class SettingsError(OperatorError):
    """A setting that cannot be used, as one line: which, why, what to do. Never holds a value of a secret."""

    code = 2


def _trimmed(value: object) -> object:
    """Without the line's end that a file of a secret or an `echo` leaves: no setting begins or ends with a space."""
    return value.strip() if isinstance(value, str) else value


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, str_strip_whitespace=True)

    _every_value = field_validator("*", mode="before")(_trimmed)


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def _language(value: object) -> object:
    return of_tag(value) or value if isinstance(value, str) else value


def _http_url(url: str) -> str:
    if not url.startswith(("http://", "https://")):
        raise ValueError("must start with http:// or https://")
    return url.rstrip("/")


class Smtp(_Part):
    """Mail out. Without a host, mail goes to the local stack's catcher."""

    host: str | None = None
    port: Port = 587
    username: str | None = None
    password: SecretStr = SecretStr("")
    sender: Annotated[str, Field(pattern=r"^[^\s@<>]+@[^\s@<>]+$")] = "aftersales@redress.example"
    """The address mails are sent from and answered to."""
    tls: Literal["none", "starttls", "tls"] = "starttls"
    timeout_seconds: Seconds = 20


class Partner(_Part):
    """A system that moves money or goods: the embedded double (for trying out), or an HTTP service."""

    kind: Literal["embedded", "http"] = "embedded"
    base_url: Annotated[str, AfterValidator(_http_url)] | None = None
    secret: SecretStr = SecretStr("")
    """Signs what we send; whoever calls a partner over http needs it."""
    timeout_seconds: Patience = 10
    key_life_hours: Annotated[int, Field(ge=1, le=8760)] = 24
    """How long the payment gateway surely remembers an idempotency key; ask its operator."""

    @model_validator(mode="after")
    def _http_needs_an_address(self) -> Self:
        if self.kind == "http" and self.base_url is None:
            raise ValueError("kind http needs base_url; add it")
        return self


class Partners(_Part):
    """Who carries out a decision."""

    payment: Partner = Partner()
    warehouse: Partner = Partner()
    carrier: Partner = Partner()


def _keys_are_keys(keys: SecretStr) -> SecretStr:
    if keys.get_secret_value():
        KeyRing.parse(keys.get_secret_value())
    return keys


class Codec(_Part):
    """Sealing of everything Temporal stores. Without keys nothing is sealed."""

    keys: Annotated[SecretStr, AfterValidator(_keys_are_keys)] = SecretStr("")
    """`ID:BASE64,ID:BASE64`, 32 bytes each; the first seals, all open."""
    plain: Literal["refuse", "accept"] = "refuse"
    """What to do with a payload nobody has sealed; "accept" while a running service changes over."""
    strangers: tuple[Annotated[str, Field(max_length=40)], ...] = ()
    """Ids of keys that were never yours: what names one is refused as a broken seal instead of waited for."""
    host: str = "127.0.0.1"
    """Where the codec server listens."""
    port: Port = 8234
    origins: tuple[Annotated[str, AfterValidator(_http_url)], ...] = ()
    """Web pages that may use the codec server, such as the Web UI's https://temporal.example."""
    open_to_ui: bool = False
    """Let these pages use it without a token; on loopback only."""

    @property
    def ring(self) -> KeyRing | None:
        """The keys, if there are any."""
        return KeyRing.parse(found) if (found := self.keys.get_secret_value()) else None


class Auth(_Part):
    """How people and programs prove who they are."""

    policy: Literal["required", "claimed"] | None = None
    """Whether a message needs a token. None: "claimed" where Temporal is on this machine, else "required"."""
    jwks_file: Path | None = None
    """The public keys of the company's sign-in; none: those of `redress login` in `home`."""
    issuer: str | None = None
    """The `iss` a token must have; needed with `jwks_file`."""
    audience: str = "redress"
    """The `aud` a token must have."""
    claim: str = "sub"
    """The claim that holds the name as in the directory."""
    worker_key: SecretStr = SecretStr("")
    """What all workers share to vouch for a decider: 32 bytes or more of text; needed with `jwks_file`."""
    longest_minutes: Annotated[int, Field(ge=1, le=1440)] = 60
    """How long a token may be valid."""

    @model_validator(mode="after")
    def _foreign_keys_need_their_issuer(self) -> Self:
        if self.jwks_file is not None and not self.issuer:
            raise ValueError("jwks_file needs issuer; add it")
        if self.jwks_file is not None and len(self.worker_key.get_secret_value()) < 32:
            raise ValueError(
                "jwks_file needs worker_key of 32 characters or more; make one with `openssl rand -hex 32`"
            )
        return self


class Tuning(_Part):
    """How a worker runs; defaults as measured on two cores."""

    max_cached_workflows: Annotated[int, Field(ge=0, le=1_000_000)] = 1000
    workflow_task_pollers: Annotated[int, Field(ge=2, le=200)] = 10
    """How many begin; their number then follows the load, up to `most_pollers`."""
    most_pollers: Annotated[int, Field(ge=2, le=1000)] = 100
    sticky_seconds: Seconds = 1
    """How long a case waits for a dead worker before another one takes it."""
    graceful_shutdown_seconds: Seconds = 30
    deployment: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[\w-]+$")] | None = None
    """Name of the worker deployment; none: no worker versioning, any worker takes any case."""
    build_id: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[\w.+-]+$")] | None = None
    """What tells this build from the others; none: the release."""


class Observe(_Part):
    """What a worker shows of itself; neither endpoint asks who reads it, so they are on loopback unless you say."""

    host: str = "127.0.0.1"
    """Where both listen; 0.0.0.0 in a container."""
    health_port: Port = 9465
    """`/healthz` and `/readyz`; a port that is taken is replaced by a free one, 0 takes any."""
    metrics_port: Port = 9464
    """`/metrics` for Prometheus."""
    figures_seconds: Seconds = 15
    """How often the service's own figures are read from SQL."""
    traces_url: Annotated[str, AfterValidator(_http_url)] | None = None
    """An OTLP/HTTP receiver of traces, such as http://collector:4318; none: nothing is traced."""


class Local(_Part):
    """Ports of the local stack, all on 127.0.0.1; 0 takes any free one."""

    port: Port = 7233
    ui_port: Port = 8233
    http_port: Port = 7243
    """Temporal's HTTP API."""
    smtp_port: Port = 1025


class Settings(BaseModel):
    """Everything but the Temporal connection, which has its own standard (temporal.toml, TEMPORAL_*)."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    home: Path = Path(".redress")
    """Where a local stack keeps its files."""
    database_url: SecretStr | None = None
    """SQLAlchemy URL; none: a SQLite file in `home`. See `database`."""
    task_queue: Annotated[str, Field(min_length=1, max_length=200)] = TASK_QUEUE
    lang: Annotated[Language | None, BeforeValidator(_language)] = None
    """Language of our own output; none: from LC_ALL, LC_MESSAGES or LANG. See `language`."""
    log_json: bool = False
    log_level: Annotated[LogLevel, BeforeValidator(_lower)] = "info"
    directory_file: Path | None = None
    """Who answers for a department: a file, or a folder of `*.directory.toml`; none: the packaged example."""
    procedures_dir: Path | None = None
    """A folder of further procedure packs."""
    default_procedure: str = "marketplace"
    calendar_file: Path | None = None
    """Working days of years the calendar of China does not know yet, or a company's own; see docs/procedure.md."""
    actor: str | None = None
    """Who acts on the command line where `--as` is not given: a name as in the directory."""
    temporal_cli: Path | None = None
    """The `temporal` program of the local stack; none: the installed one."""
    smtp: Smtp = Smtp()
    partners: Partners = Partners()
    auth: Auth = Auth()
    codec: Codec = Codec()
    worker: Tuning = Tuning()
    observe: Observe = Observe()
    local: Local = Local()

    _every_value = field_validator("*", mode="before")(_trimmed)

    @field_validator("database_url")
    @classmethod
    def _the_database_is_one_we_can_use(cls, url: SecretStr | None) -> SecretStr | None:
        return None if url is None else SecretStr(database_url(url.get_secret_value()))

    @property
    def database(self) -> str:
        """The SQLAlchemy URL with its async driver. It may hold a password: never log it."""
        if self.database_url is None:
            return f"sqlite+aiosqlite:///{self.home.absolute() / 'redress.db'}"
        return self.database_url.get_secret_value()

    @property
    def language(self) -> Language:
        """The language of our own output."""
        return self.lang or of_locale(os.environ)

    @property
    def directory(self) -> Path:
        """The directory file in use."""
        return self.directory_file or PACKAGED_DIRECTORY

    @property
    def procedure_folders(self) -> tuple[Path, ...]:
        """Where packs stand beside our own."""
        return () if self.procedures_dir is None else (self.procedures_dir,)


def load_settings(**overrides: Any) -> Settings:
    """Reads the settings; `overrides` (from command-line options) win over environment and file.

    Raises SettingsError with one line.
    """
    _refuse_unknown_variables()
    try:
        return Settings.model_validate(merged(from_file(), from_environment(Settings), overrides))
    except ValidationError as error:
        raise SettingsError(_line(error)) from None
    except NotJson as error:
        field = error.field
        raise SettingsError(f"{field}: is not valid JSON; set its parts, such as {_variable(field)}__…") from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{FILE}: is not valid TOML ({error}); correct it") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{FILE}: cannot be read ({type(error).__name__}); make it a readable UTF-8 file") from None


def _variable(field: str) -> str:
    return PREFIX + field.upper().replace(".", "__")


def _line(error: ValidationError) -> str:
    lines = []
    for problem in problems(error):
        known = not problem.field.startswith("(") and problem.code != "extra_forbidden"
        hint = f" (set {_variable(problem.field)}, or {problem.field} in {FILE})" if known else ""
        lines.append(problem.line() + hint)
    return "; ".join(lines)[:1000]


def _refuse_unknown_variables() -> None:
    """A misspelt variable would be ignored in silence, and the default would rule."""
    for name in sorted(os.environ):
        upper = name.upper()
        if not upper.startswith(PREFIX) or upper.startswith(TEST_PREFIX):
            continue
        field = upper.removeprefix(PREFIX).partition("__")[0].lower()
        if field not in Settings.model_fields:
            raise SettingsError(f"{name}: is not a known setting; remove it or check its spelling")
