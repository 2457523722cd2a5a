"""Settings: what wins, what is refused, and that no secret is ever shown."""

from pathlib import Path

import pytest

from models.language import Language
from starter.settings import SettingsError, load_settings

SECRET = "s3cret-canary"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("REDRESS_HOME", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_without_any_setting_everything_has_a_default(folder: Path) -> None:
    settings = load_settings()
    assert settings.database == f"sqlite+aiosqlite:///{folder}/.redress/redress.db"
    assert list(settings.directory.glob("marketplace.directory.toml"))
    assert (settings.task_queue, settings.language, settings.smtp.host) == ("redress", Language.EN, None)


def test_the_environment_wins_over_the_file_and_an_option_over_both(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "redress.toml").write_text('home = "a"\ntask_queue = "q"\n[smtp]\nhost = "h"\nport = 25\n')
    monkeypatch.setenv("REDRESS_HOME", "b")
    monkeypatch.setenv("REDRESS_SMTP__PORT", "26")
    assert load_settings().home == Path("b")
    settings = load_settings(home=Path("c"))
    assert (settings.home, settings.task_queue) == (Path("c"), "q")
    assert (settings.smtp.host, settings.smtp.port) == ("h", 26)


@pytest.mark.parametrize("name", ["REDRESS_HOME", "REDRESS_DATABASE_URL", "REDRESS_SMTP", "REDRESS_SMTP__PORT"])
def test_a_blank_variable_counts_as_unset(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = load_settings()
    monkeypatch.setenv(name, "")
    assert load_settings() == plain


def test_a_part_is_told_as_a_whole_in_json_and_what_is_in_it_wins_over_that(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDRESS_PARTNERS__PAYMENT__BASE_URL", "http://pay")
    monkeypatch.setenv("REDRESS_PARTNERS", '{"payment": {"kind": "http", "base_url": "http://x"}}')
    monkeypatch.setenv("REDRESS_CODEC__STRANGERS", '["k1", "k2"]')
    settings = load_settings()
    assert (settings.partners.payment.kind, settings.partners.payment.base_url) == ("http", "http://pay")
    assert settings.codec.strangers == ("k1", "k2")


def test_a_variable_is_read_however_its_letters_are_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("redress_smtp__Host", "h")
    assert load_settings().smtp.host == "h"


def test_the_end_of_a_line_after_a_value_is_no_part_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (
        ("REDRESS_TASK_QUEUE", "complaints"),
        ("REDRESS_DEFAULT_PROCEDURE", "returns"),
        ("REDRESS_DIRECTORY_FILE", "/etc/redress/directory.toml"),
        ("REDRESS_LOG_JSON", "true"),
        ("REDRESS_LOG_LEVEL", "Warning"),
        ("REDRESS_AUTH__JWKS_FILE", "/etc/redress/jwks.json"),
        ("REDRESS_AUTH__ISSUER", "https://sign-in.example.com"),
        ("REDRESS_AUTH__WORKER_KEY", "k" * 32),
    ):
        monkeypatch.setenv(name, f"{value}\n")
    settings = load_settings()
    assert (settings.task_queue, settings.default_procedure) == ("complaints", "returns")
    assert (settings.directory_file, settings.auth.jwks_file) == (
        Path("/etc/redress/directory.toml"),
        Path("/etc/redress/jwks.json"),
    )
    assert (settings.log_json, settings.log_level) == (True, "warning")
    assert settings.auth.worker_key.get_secret_value() == "k" * 32


def test_who_acts_on_the_command_line_is_a_known_setting(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "redress.toml").write_text('actor = "耿焰"\n', encoding="utf-8")
    assert load_settings().actor == "耿焰"
    monkeypatch.setenv("REDRESS_ACTOR", "徐莉")
    assert load_settings().actor == "徐莉"


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("postgresql://u:p@db/x", "postgresql+asyncpg://u:p@db/x"),
        ("postgres://u:p@db/x?sslmode=require", "postgresql+asyncpg://u:p@db/x?ssl=require"),
        ("postgresql+asyncpg://db/x", "postgresql+asyncpg://db/x"),
        ("postgresql://db/x\n", "postgresql+asyncpg://db/x"),  # as a secret from a file ends
        (
            "postgresql://u@a,b:5433/x?target_session_attrs=read-write",
            "postgresql+asyncpg://u@/x?target_session_attrs=read-write&host=a%3A5432&host=b%3A5433",
        ),
        ("sqlite:///cases.db", "sqlite+aiosqlite:///cases.db"),
    ],
)
def test_a_plain_database_url_gets_its_async_driver(given: str, used: str) -> None:
    assert load_settings(database_url=given).database == used


@pytest.mark.parametrize(
    ("locale", "language"),
    [
        ({"LANG": "zh_CN.UTF-8"}, Language.ZH),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C.UTF-8"}, Language.EN),
        ({"LANG": "de_DE.UTF-8"}, Language.EN),
        ({"LANG": "zh_CN.UTF-8", "REDRESS_LANG": "en"}, Language.EN),
    ],
)
def test_the_language_follows_the_locale_unless_it_is_set(
    locale: dict[str, str], language: Language, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in locale.items():
        monkeypatch.setenv(name, value)
    assert load_settings().language is language


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("REDRESS_SMTP__PORT", SECRET, "smtp.port: must be a whole number (set REDRESS_SMTP__PORT"),
        ("REDRESS_SMTP", SECRET, "smtp: is not valid JSON; set its parts"),
        ("REDRESS_SMTP", f'["{SECRET}"]', "smtp: must be a JSON object"),
        ("REDRESS_CODEC__ORIGINS", SECRET, "codec: is not valid JSON; set its parts"),
        ("REDRESS_LOCAL__PORT__X", SECRET, "local.port: must be a whole number"),
        ("REDRESS_SMTP__PASWORD", SECRET, "smtp.pasword: is not a known field"),
        ("REDRESS_TASKQUEUE", SECRET, "REDRESS_TASKQUEUE: is not a known setting"),
        ("REDRESS_DATABASE_URL", f"mysql://u:{SECRET}@h/x", "database_url: must start with postgresql://"),
        ("REDRESS_DATABASE_URL", f"postgresql://u:{SECRET}@h:x/x", "database_url: its port is not one"),
        ("REDRESS_DATABASE_URL", f"postgresql://u:p?{SECRET}=1@h/x", "database_url: its port is not one"),
        ("REDRESS_DATABASE_URL", f"postgresql://h?{SECRET}=1@h/x", "database_url: its parameters are not known here"),
        (
            "REDRESS_DATABASE_URL",
            f"postgresql://u:{SECRET}@h/x?sslmode=require&channel_binding=require",
            "database_url: its parameter channel_binding is not known here; remove",
        ),
        ("REDRESS_DATABASE_URL", "postgresql://h/x?connect_timeout=soon", "its connect_timeout is not a number"),
        ("REDRESS_PARTNERS__PAYMENT__KIND", "http", "partners.payment: kind http needs base_url; add it"),
        ("REDRESS_PARTNERS__CARRIER__BASE_URL", f"ftp://{SECRET}", "must start with http:// or https://"),
        ("REDRESS_LANG", SECRET, "lang: must be one of"),
    ],
)
def test_a_bad_variable_is_answered_with_one_line_that_hides_its_value(
    name: str, value: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as refused:
        load_settings()
    line = str(refused.value)
    assert says in line
    assert "\n" not in line
    assert SECRET not in line


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"smtp = [", "redress.toml: is not valid TOML"),
        (b"\xff\xfe", "redress.toml: cannot be read"),
        (f"password = '{SECRET}'".encode(), "password: is not a known field"),
        (f"[smtp]\nport = '{SECRET}'".encode(), "smtp.port: must be a whole number"),
        (f"[smtp]\npassword = '{SECRET}\n".encode(), "redress.toml: is not valid TOML"),
    ],
)
def test_a_bad_file_is_answered_with_one_line_that_hides_its_values(content: bytes, says: str, folder: Path) -> None:
    (folder / "redress.toml").write_bytes(content)
    with pytest.raises(SettingsError) as refused:
        load_settings()
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)
    assert SECRET not in str(refused.value)


def test_printed_settings_show_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDRESS_SMTP__PASSWORD", SECRET)
    monkeypatch.setenv("REDRESS_PARTNERS__PAYMENT__SECRET", SECRET)
    settings = load_settings(database_url=f"postgresql://u:{SECRET}@db/x")
    assert settings.smtp.password.get_secret_value() == SECRET
    assert SECRET not in repr(settings)
    assert SECRET not in settings.model_dump_json()


@pytest.mark.parametrize("seconds", ["10.5", "60", "0"])
def test_a_partner_is_not_given_more_time_for_an_answer_than_a_step_of_a_remedy_has(
    seconds: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDRESS_PARTNERS__PAYMENT__TIMEOUT_SECONDS", seconds)
    with pytest.raises(SettingsError, match=r"^partners\.payment\.timeout_seconds: must be [^;]+$") as refused:
        load_settings()
    assert "set REDRESS_PARTNERS__PAYMENT__TIMEOUT_SECONDS" in str(refused.value)
    monkeypatch.setenv("REDRESS_PARTNERS__PAYMENT__TIMEOUT_SECONDS", "10")
    assert load_settings().partners.payment.timeout_seconds == 10
