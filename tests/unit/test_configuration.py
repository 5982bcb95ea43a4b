import re
from collections.abc import Mapping
from pathlib import Path

import attrs
import pytest

from divan_core.configuration import DEFAULT, MASK, Loaded, describe, load
from divan_core.errors import ConfigurationError
from divan_core.settings import Settings

SECRET = "a secret of at least thirty-two bytes"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "divan.toml"


def from_file(file: Path, text: str, **variables: str) -> Loaded:
    file.write_text(text, encoding="utf-8")
    return load({"DIVAN_CONFIG": str(file), **variables})


def complaint(variables: Mapping[str, str]) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load(variables)
    return caught.value.detail


def file_complaint(file: Path, text: str) -> str:
    file.write_text(text, encoding="utf-8")
    return complaint({"DIVAN_CONFIG": str(file)})


def test_nothing_given_is_the_defaults() -> None:
    loaded = load({})
    assert loaded.settings == Settings()
    assert set(loaded.sources.values()) == {DEFAULT}


def test_every_field_is_a_setting() -> None:
    fields: set[str] = set()
    for name, value in attrs.asdict(Settings(), recurse=False).items():
        inner = attrs.asdict(value) if attrs.has(type(value)) else {}
        fields |= {f"{name}.{field}" for field in inner} or {name}
    assert set(load({}).sources) == fields


@pytest.mark.parametrize(
    ("variable", "text", "path", "value"),
    [
        ("DIVAN_ENV", "test", "env", "test"),
        ("DIVAN_REDIS_URL", "redis://localhost", "redis_url", "redis://localhost"),
        ("DIVAN_SECRET_KEY", SECRET, "secret_key", SECRET),
        ("DIVAN_LOCATION_FLOOR_M", "50", "location_floor_m", 50),
        ("DIVAN_NEARBY_TICK_S", "0.5", "nearby_tick_s", 0.5),
        ("DIVAN_DATABASE_REPLICA_URL", "postgresql://b", "database_replica_url", "postgresql://b"),
        ("DIVAN_DATABASE_REPLICA_LAG_S", "30", "database_replica_lag_s", 30.0),
        ("DIVAN_JWT_ALGORITHMS", "RS256, ES256", "jwt.algorithms", ("RS256", "ES256")),
        ("DIVAN_JWT_PROVISION", "true", "jwt.provision", True),
        ("DIVAN_JWT_LEEWAY_S", "0", "jwt.leeway_s", 0),
        ("DIVAN_LIMIT_HEARTBEAT_PER_MINUTE", "600", "limit.heartbeat_per_minute", 600),
        ("DIVAN_HTTP_CORS_ORIGINS", "", "http.cors_origins", ()),
        ("DIVAN_LIMIT_INVITE_PER_DAY", "20", "limit.invite_per_day", 20),
        ("DIVAN_WORKERS_ENABLED", "false", "workers_enabled", False),
        ("MODERATION_WORKERS_ENABLED", "false", "moderation.workers_enabled", False),
        ("IDEMPOTENCY_REQUIRED", "true", "idempotency.required", True),
        ("IDEMPOTENCY_REQUIRED", "false", "idempotency.required", False),
        ("IDEMPOTENCY_TTL_SECONDS", "1", "idempotency.ttl_seconds", 1),
        ("IDEMPOTENCY_WAIT_MS", "0", "idempotency.wait_ms", 0),
        ("IDEMPOTENCY_KEY_MANDATORY", "true", "idempotency.key_mandatory", True),
        ("OBS_ADMIN_TOKEN", "open sesame", "obs.admin_token", "open sesame"),
        ("OBS_METRICS_PUBLIC", "true", "obs.metrics_public", True),
        ("OBS_TRACING_ENABLED", "true", "obs.tracing_enabled", True),
        (
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            "http://otel:4318",
            "otel.exporter_otlp_endpoint",
            "http://otel:4318",
        ),
        (
            "HEALTH_MIN_MIGRATION",
            "core_0011,profile_0001",
            "health.min_migration",
            ("core_0011", "profile_0001"),
        ),
        ("SEARCH_BACKEND", "db", "search.backend", "db"),
        ("COMMUNITIES_WORKERS_ENABLED", "false", "communities.workers_enabled", False),
        ("LOG_LEVEL", "debug", "log.level", "DEBUG"),
        ("LOG_SAMPLING_RATE_INFO", "0.25", "log.sampling_rate_info", 0.25),
    ],
)
def test_variables_are_typed_by_their_field(
    variable: str, text: str, path: str, value: object
) -> None:
    loaded = load({variable: text, "PATH": "/bin"})
    assert at(loaded.settings, path) == value
    assert loaded.sources[path] == variable
    assert [source for source in loaded.sources.values() if source != DEFAULT] == [variable]


def test_sections_of_the_file_are_the_groups(file: Path) -> None:
    loaded = from_file(
        file,
        f"""
        [divan]
        env = "prod"
        secret_key = "{SECRET}"
        nearby_tick_s = 1
        [jwt]
        algorithms = ["EdDSA"]
        trust_roles = true
        [limit]
        nearby_per_minute = 60
        [http]
        cors_origins = ["https://a.example", "https://b.example"]
        [idempotency]
        required = false
        [obs]
        metrics_public = true
        [log]
        level = "ERROR"
        """,
    )
    settings = loaded.settings
    assert (settings.env, settings.nearby_tick_s) == ("prod", 1.0)
    assert (settings.jwt.algorithms, settings.jwt.trust_roles) == (("EdDSA",), True)
    assert settings.limit.nearby.windows[0].count == 60
    assert settings.http.cors_origins == ("https://a.example", "https://b.example")
    assert settings.idempotency.required is False
    assert settings.obs.metrics_public is True
    assert settings.log.level == "ERROR"
    assert loaded.sources["jwt.algorithms"] == str(file)
    assert loaded.sources["jwt.issuer"] == DEFAULT


def test_a_variable_wins_over_the_file(file: Path) -> None:
    loaded = from_file(file, '[divan]\nenv = "prod"\nlocation_floor_m = 30', DIVAN_ENV="test")
    assert (loaded.settings.env, loaded.sources["env"]) == ("test", "DIVAN_ENV")
    assert loaded.settings.location_floor_m == 30


@pytest.mark.parametrize(
    ("variable", "text", "allowed"),
    [
        ("DIVAN_ENV", "pro", "'pro'; it must be one of dev, test, prod."),
        ("DIVAN_LOCATION_FLOOR_M", "2.5", "'2.5'; it must be a whole number from 1 to 1000."),
        ("DIVAN_LOCATION_FLOOR_M", "", "''; it must be a whole number from 1 to 1000."),
        ("DIVAN_LOCATION_FLOOR_M", "1001", "'1001'; it must be a whole number from 1 to 1000."),
        ("DIVAN_NEARBY_TICK_S", "nan", "'nan'; it must be a number from 0.05 to 5.0."),
        ("DIVAN_DATABASE_REPLICA_LAG_S", "1", "'1'; it must be a number from 2.0 to 300.0."),
        ("DIVAN_JWT_PROVISION", "perhaps", "'perhaps'; it must be true or false."),
        ("IDEMPOTENCY_REQUIRED", "perhaps", "'perhaps'; it must be true or false."),
        ("IDEMPOTENCY_REQUIRED", "", "''; it must be true or false."),
        ("IDEMPOTENCY_TTL_SECONDS", "0", "'0'; it must be a whole number from 1 to 31622400."),
        ("IDEMPOTENCY_WAIT_MS", "-1", "'-1'; it must be a whole number from 0 to 5000."),
        ("DIVAN_JWT_ALGORITHMS", "none", "'none'; it must be some of HS256, RS256, ES256, EdDSA."),
        ("DIVAN_JWT_ALGORITHMS", "", "''; it must be some of HS256, RS256, ES256, EdDSA."),
        (
            "DIVAN_CANDID_CAMPUSES",
            "here",
            "'here'; it must be ids of campuses, UUIDs in lower case.",
        ),
        (
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            "otel:4317",
            "'otel:4317'; it must be an address that begins with https:// or http://.",
        ),
        (
            "HEALTH_MIN_MIGRATION",
            "0011",
            "'0011'; it must be revisions, one of a branch, such as core_0011,profile_0001.",
        ),
        (
            "SEARCH_BACKEND",
            "opensearch",
            "'opensearch'; it must be db, as this version has no other search engine.",
        ),
        (
            "COMMUNITIES_WORKERS_ENABLED",
            "true",
            "'true'; it must be false, as this version has no communities.",
        ),
        ("LOG_LEVEL", "loud", "'loud'; it must be one of DEBUG, INFO, WARNING, ERROR."),
    ],
)
def test_a_wrong_variable_is_named_with_what_is_allowed(
    variable: str, text: str, allowed: str
) -> None:
    assert complaint({variable: text}) == f"{variable} is {allowed}"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (
            "[divan]\nlocation_floor_m = 30.7",
            "[divan] location_floor_m is 30.7; it must be a whole",
        ),
        (
            "[divan]\nlocation_floor_m = true",
            "[divan] location_floor_m is True; it must be a whole",
        ),
        (
            "[divan]\nlocation_floor_m = '25'",
            "[divan] location_floor_m is '25'; it must be a whole",
        ),
        ("[divan]\nenv = 'Prod'", "[divan] env is 'Prod'; it must be one of dev, test, prod."),
        ("[divan]\ndatabase_url = 5", "[divan] database_url is 5; it must be a text."),
        (
            "[idempotency]\nrequired = 'true'",
            "[idempotency] required is 'true'; it must be true or false.",
        ),
        ("[jwt]\nprovision = 'true'", "[jwt] provision is 'true'; it must be true or false."),
        ("[jwt]\nalgorithms = 'HS256'", "[jwt] algorithms is 'HS256'; it must be a list of texts"),
        ("[jwt]\nalgorithms = ['HS256', 1]", "[jwt] algorithms is ['HS256', 1]; it must be a list"),
        ("[divan]\nenvv = 'prod'", "[divan] envv is not a setting; did you mean env?"),
        ("[divan]\nzzz = 1", "[divan] zzz is not a setting; divan config show lists them all."),
        ("[jtw]\nissuer = 'a'", "[jtw] is not a section; there are [divan], [jwt], "),
        ("env = 'prod'", "env stands outside of a section; there are [divan], "),
    ],
)
def test_a_wrong_line_of_the_file_is_named_with_what_is_allowed(
    file: Path, text: str, fault: str
) -> None:
    assert file_complaint(file, text).startswith(f"{file}: {fault}")


def test_all_faults_are_told_at_once() -> None:
    text = complaint({"DIVAN_ENV": "x", "DIVAN_ENVIRONMENT": "y", "LOG_LEVEL": "z"})
    assert len(text.splitlines()) == 3


def test_a_long_wrong_value_is_cut_short() -> None:
    assert len(complaint({"DIVAN_ENV": "x" * 10_000})) < 200


@pytest.mark.parametrize(
    ("variables", "required"),
    [
        ({}, False),
        ({"DIVAN_ENV": "test"}, False),
        ({"DIVAN_ENV": "prod"}, True),
        ({"DIVAN_ENV": "prod", "IDEMPOTENCY_REQUIRED": "false"}, False),
        ({"IDEMPOTENCY_REQUIRED": "true"}, True),
    ],
)
def test_keys_are_required_where_others_rely_on_them(
    variables: Mapping[str, str], required: bool
) -> None:
    loaded = load(variables)
    assert loaded.settings.keys_required is required
    views = {view.name: view.value for view in describe(loaded)}
    assert views["IDEMPOTENCY_REQUIRED"] is required


def test_the_operators_token_is_never_printed() -> None:
    loaded = load({"OBS_ADMIN_TOKEN": "open sesame"})
    assert "sesame" not in repr(loaded)
    assert {view.name: view.value for view in describe(loaded)}["OBS_ADMIN_TOKEN"] == MASK


@pytest.mark.parametrize("name", ["DIVAN_SECRET_KEY", "DIVAN_JWT_SECRET"])
def test_a_secret_is_never_printed(file: Path, name: str) -> None:
    assert complaint({name: "hunter2"}) == (
        f"{name} is not valid; it must be at least 32 bytes long."
    )
    assert "4711" not in file_complaint(file, "[divan]\nsecret_key = 4711")
    views = {view.name: view.value for view in describe(load({name: SECRET}))}
    assert views[name] == MASK
    assert SECRET not in repr(load({name: SECRET}))


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://divan:pass@db/divan", f"postgresql://divan:{MASK}@db/divan"),
        ("postgresql+asyncpg://divan:p@ss/w@db/x", f"postgresql+asyncpg://divan:{MASK}@db/x"),
        ("postgresql://db/divan?password=pass&a=b", f"postgresql://db/divan?password={MASK}&a=b"),
        ("sqlite:////var/lib/divan.sqlite3", "sqlite:////var/lib/divan.sqlite3"),
        ("postgresql://db:5432/divan", "postgresql://db:5432/divan"),
    ],
)
def test_passwords_in_addresses_are_masked(url: str, shown: str) -> None:
    views = {view.name: view.value for view in describe(load({"DIVAN_DATABASE_URL": url}))}
    assert views["DIVAN_DATABASE_URL"] == shown


def test_unknown_variables_are_refused_with_a_hint() -> None:
    assert complaint({"DIVAN_EMV": "prod"}) == "DIVAN_EMV is not a setting; did you mean DIVAN_ENV?"


def test_variables_of_others_are_none_of_ours() -> None:
    kubernetes = {
        "DIVAN_SERVICE_HOST": "10.0.0.1",
        "DIVAN_SERVICE_PORT_HTTP": "8000",
        "DIVAN_PORT": "tcp://10.0.0.1:8000",
        "DIVAN_REDIS_PORT_6379_TCP_ADDR": "10.0.0.2",
    }
    tests = {"DIVAN_TEST_REDIS_URL": "redis://localhost"}
    others = {"OTEL_SERVICE_NAME": "divan", "LOG_FILE": "/var/log/x"}
    assert load({**kubernetes, **tests, **others}).settings == Settings()


def test_a_port_that_kubernetes_did_not_set_is_a_mistake() -> None:
    assert "DIVAN_PORT is not a setting" in complaint({"DIVAN_PORT": "8000"})


def test_a_missing_file_is_told() -> None:
    text = complaint({"DIVAN_CONFIG": "/nowhere/divan.toml"})
    assert text == "DIVAN_CONFIG names /nowhere/divan.toml: No such file or directory."


@pytest.mark.parametrize("content", [b"[divan", b'[divan]\nenv = "\xff"'])
def test_a_file_that_is_not_toml_is_told(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    assert re.match(rf"{file} is not valid TOML: ", complaint({"DIVAN_CONFIG": str(file)}))


def test_views_name_variable_key_and_source(file: Path) -> None:
    loaded = from_file(file, "[jwt]\nissuer = 'https://id.example'")
    view = next(view for view in describe(loaded) if view.name == "DIVAN_JWT_ISSUER")
    assert (view.key, view.value, view.source) == ("[jwt] issuer", "https://id.example", str(file))


def at(settings: Settings, path: str) -> object:
    value: object = settings
    for name in path.split("."):
        value = getattr(value, name)
    return value
