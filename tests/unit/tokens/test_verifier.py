import base64
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import attrs
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from typed_settings import SecretStr

from divan_core.errors import ConfigurationError, InvalidCredentials
from divan_core.identity.messages import Claims
from divan_core.identity.ports import TokenVerifier
from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import CampusId, UserId
from divan_core.settings import JwtSettings
from divan_core.testing.clock import START_MS, ManualClock
from divan_core.tokens.factory import token_verifier

pytestmark = pytest.mark.anyio

KEY = "k" * 32
ANA, HERE = UserId(UUID(int=1)), CampusId(UUID(int=10))
NOW = START_MS // 1000
SHARED = JwtSettings(secret=SecretStr(KEY), issuer="https://id.example.org", audience="divan")
PAYLOAD: Mapping[str, Any] = {
    "sub": str(ANA),
    "campus_id": str(HERE),
    "iat": NOW,
    "exp": NOW + 60,
    "iss": "https://id.example.org",
    "aud": "divan",
}
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
ED_KEY = ed25519.Ed25519PrivateKey.generate()
PRIVATE: Mapping[str, Any] = {"RS256": RSA_KEY, "ES256": EC_KEY, "EdDSA": ED_KEY}


def jwk(algorithm: str, private: Any = None, **more: str) -> dict[str, Any]:
    key = (private or PRIVATE[algorithm]).public_key()
    return jwt.get_algorithm_by_name(algorithm).to_jwk(key, as_dict=True) | more


def signed(
    payload: Mapping[str, Any] = PAYLOAD, key: Any = KEY, algorithm: str = "HS256", **header: str
) -> str:
    body = json.dumps(dict(payload)).encode()  # `jwt.encode` would not let wrong types pass
    return jwt.PyJWS().encode(body, key, algorithm, headers=header)


def crafted(header: object, payload: object, signature: bytes = b"x") -> str:
    """A token as nobody sane would make it."""
    parts = (json.dumps(header).encode(), json.dumps(payload).encode(), signature)
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def verifier(settings: JwtSettings = SHARED, clock: ManualClock | None = None) -> TokenVerifier:
    found = token_verifier(settings, clock or ManualClock())
    assert found is not None
    return found


@pytest.fixture
def jwks(tmp_path: Path) -> Path:
    """A file with a key of each kind."""
    path = tmp_path / "keys.json"
    keys = [jwk(algorithm, kid=algorithm.lower()) for algorithm in PRIVATE]
    path.write_text(json.dumps({"keys": keys, "comment": "other members do not matter"}))
    return path


def from_file(path: Path, *algorithms: str) -> JwtSettings:
    return attrs.evolve(
        SHARED,
        secret=SecretStr(""),
        jwks_file=str(path),
        algorithms=algorithms or tuple(PRIVATE),
    )


def test_without_a_key_there_is_no_verifier() -> None:
    assert token_verifier(JwtSettings(), ManualClock()) is None


async def test_what_a_token_claims() -> None:
    payload = {**PAYLOAD, "roles": ["staff.admin"], "handle": "ana", "name": "Ana", "x": {}}
    claims = Claims(ANA, HERE, valid_until=Millis((NOW + 65) * 1000), handle="ana", name="Ana")
    assert await verifier().verify(signed(payload)) == claims
    trusting = verifier(attrs.evolve(SHARED, trust_roles=True))
    assert (await trusting.verify(signed(payload))).roles == {"staff.admin"}


@pytest.mark.parametrize("name", ["sub", "campus_id", "iat", "exp", "iss", "aud"])
async def test_no_claim_may_be_missing(name: str) -> None:
    payload = {key: value for key, value in PAYLOAD.items() if key != name}
    for broken in (payload, payload | {name: None}):
        with pytest.raises(InvalidCredentials):
            await verifier().verify(signed(broken))


@pytest.mark.parametrize(
    "changes",
    [
        {"sub": "ana"},
        {"campus_id": 5},
        {"exp": str(NOW + 60)},
        {"exp": True},
        {"exp": float("inf")},
        {"exp": float("nan")},
        {"exp": 1e300},
        {"exp": 10**400},
        {"iat": -1},
        {"nbf": "soon"},
        {"roles": "staff.admin"},
        {"roles": [1]},
        {"handle": 5},
        {"aud": ["other"]},
        {"aud": 5},
        {"iss": ["https://id.example.org"]},
    ],
)
async def test_claims_of_wrong_types_and_values(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidCredentials):
        await verifier().verify(signed({**PAYLOAD, **changes}))


async def test_one_of_several_audiences_is_enough() -> None:
    await verifier().verify(signed({**PAYLOAD, "aud": ["other", "divan"]}))


async def test_an_audience_that_nobody_configured_is_somebody_elses() -> None:
    free = verifier(JwtSettings(secret=SecretStr(KEY)))
    with pytest.raises(InvalidCredentials):
        await free.verify(signed())
    await free.verify(signed({key: PAYLOAD[key] for key in ("sub", "campus_id", "iat", "exp")}))


@pytest.mark.parametrize(
    ("changes", "before", "after"),
    [
        ({}, 64.999, 65.0),
        ({"iat": NOW + 10}, 5.0, 4.999),
        ({"nbf": NOW + 10}, 5.0, 4.999),
    ],
)
async def test_times_by_the_injected_clock_with_leeway(
    changes: dict[str, Any], before: float, after: float
) -> None:
    token = signed({**PAYLOAD, **changes})
    for seconds, good in ((before, True), (after, False)):
        clock = ManualClock()
        clock.advance(seconds)
        if good:
            await verifier(clock=clock).verify(token)
        else:
            with pytest.raises(InvalidCredentials):
                await verifier(clock=clock).verify(token)


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "..",
        "a.b.c",
        "ü.ü.ü",
        "\ud800.a.b",
        signed()[:-2],
        signed().rpartition(".")[0] + ".",
        signed() + "x",
        crafted({"alg": "none"}, dict(PAYLOAD), b""),
        crafted({"alg": None}, dict(PAYLOAD)),
        crafted({"alg": ["HS256"]}, dict(PAYLOAD)),
        crafted({}, dict(PAYLOAD)),
        crafted([], dict(PAYLOAD)),
        crafted({"alg": "HS256", "kid": 5}, dict(PAYLOAD)),
        crafted({"alg": "HS256", "b64": False, "crit": ["b64"]}, dict(PAYLOAD)),
        "W" * 8000 + ".a.b",
        base64.urlsafe_b64encode(b'{"alg":' + b"[" * 5000).decode().rstrip("=") + ".e30.eA",
    ],
)
async def test_tokens_that_are_none(token: str) -> None:
    with pytest.raises(InvalidCredentials):
        await verifier().verify(token)


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
async def test_another_algorithm_with_the_right_key(algorithm: str) -> None:
    with pytest.raises(InvalidCredentials):
        await verifier().verify(signed(key=KEY * 2, algorithm=algorithm))


async def test_another_key() -> None:
    with pytest.raises(InvalidCredentials):
        await verifier().verify(signed(key="l" * 32))


@pytest.mark.parametrize("algorithm", list(PRIVATE))
async def test_keys_of_a_set(jwks: Path, algorithm: str) -> None:
    checks = verifier(from_file(jwks))
    named = signed(key=PRIVATE[algorithm], algorithm=algorithm, kid=algorithm.lower())
    unnamed = signed(key=PRIVATE[algorithm], algorithm=algorithm)
    for token in (named, unnamed):
        assert (await checks.verify(token)).user_id == ANA
    with pytest.raises(InvalidCredentials):
        await checks.verify(signed(key=PRIVATE[algorithm], algorithm=algorithm, kid="other"))


@pytest.mark.parametrize("algorithm", list(PRIVATE))
async def test_a_public_key_is_never_taken_for_a_secret(jwks: Path, algorithm: str) -> None:
    """The classical confusion: sign with the public key's text, and say HS256."""
    public = PRIVATE[algorithm].public_key()
    texts = [json.dumps(jwk(algorithm)).encode()]
    texts.append(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    both = attrs.evolve(from_file(jwks), secret=SecretStr(KEY), algorithms=("HS256", *PRIVATE))
    for settings in (from_file(jwks), both):
        for text in texts:
            for kid in ({}, {"kid": algorithm.lower()}):
                token = hmac_signed(text, kid)
                with pytest.raises(InvalidCredentials):
                    await verifier(settings).verify(token)


def hmac_signed(key: bytes, header: Mapping[str, str]) -> str:
    """Sign with a key that PyJWT itself refuses to use as a secret."""
    algorithm = jwt.get_algorithm_by_name("HS256")
    unsigned = crafted({"alg": "HS256", "typ": "JWT", **header}, dict(PAYLOAD)).rpartition(".")[0]
    signature = algorithm.sign(unsigned.encode(), key)
    return unsigned + "." + base64.urlsafe_b64encode(signature).rstrip(b"=").decode()


async def test_the_other_ways_of_signing_are_refused_unless_accepted(jwks: Path) -> None:
    checks = verifier(from_file(jwks, "ES256"))
    await checks.verify(signed(key=EC_KEY, algorithm="ES256"))
    with pytest.raises(InvalidCredentials):
        await checks.verify(signed(key=RSA_KEY, algorithm="RS256"))


async def test_with_two_keys_of_a_kind_the_token_names_its_own(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    other = ec.generate_private_key(ec.SECP256R1())
    keys = [jwk("ES256", kid="a"), jwk("ES256", other, kid="b")]
    path.write_text(json.dumps({"keys": keys}))
    checks = verifier(from_file(path, "ES256"))
    await checks.verify(signed(key=other, algorithm="ES256", kid="b"))
    for wrong in ({"kid": "a"}, {}):
        with pytest.raises(InvalidCredentials):
            await checks.verify(signed(PAYLOAD, other, "ES256", **wrong))


SMALL = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 - weak on purpose


@pytest.mark.parametrize(
    "document",
    [
        "",
        "[]",
        "{}",
        '{"keys": {}}',
        '{"keys": []}',
        "[" * 100_000,
        json.dumps({"keys": [{"kty": "oct", "k": "a2V5"}]}),
        json.dumps({"keys": [{"kty": "RSA"}]}),
        json.dumps({"keys": [jwk("RS256", SMALL)]}),
        json.dumps({"keys": [jwk("RS256", use="enc")]}),
        json.dumps({"keys": [jwk("RS256", alg="RS512")]}),
    ],
)
def test_a_file_without_a_sound_key_stops_the_start(tmp_path: Path, document: str) -> None:
    path = tmp_path / "keys.json"
    path.write_text(document)
    with pytest.raises(ConfigurationError, match="DIVAN_JWT_JWKS_FILE"):
        verifier(from_file(path))


def test_a_file_that_is_not_there_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="DIVAN_JWT_JWKS_FILE"):
        verifier(from_file(tmp_path / "none"))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"algorithms": ("RS256",)}, "DIVAN_JWT_SECRET"),
        ({"algorithms": ("HS256", "RS256")}, "RS256"),
        ({"secret": SecretStr("ssh-rsa " + "A" * 40)}, "DIVAN_JWT_SECRET"),
        ({"secret": SecretStr(""), "jwks_url": "https://id.example.org/k"}, "JWK set"),
        ({"jwks_url": "http://id.example.org/k", "algorithms": ("HS256", "RS256")}, "https"),
        ({"jwks_url": "file:///etc/passwd", "algorithms": ("HS256", "RS256")}, "https"),
        (
            {"jwks_url": "https://a", "jwks_file": "b", "algorithms": ("HS256", "RS256")},
            "not both",
        ),
    ],
)
def test_settings_that_do_not_fit_together_stop_the_start(
    changes: dict[str, Any], told: str
) -> None:
    with pytest.raises(ConfigurationError, match=told):
        verifier(attrs.evolve(SHARED, **changes))


def test_a_key_without_pyjwt_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "divan_core.tokens.verifier", None)
    assert token_verifier(JwtSettings(), ManualClock()) is None
    with pytest.raises(ConfigurationError, match=r"divan\[auth\]"):
        verifier()


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_keys_may_come_from_this_machine_without_encryption(host: str) -> None:
    url = f"http://{host}:8080/keys"
    verifier(attrs.evolve(SHARED, jwks_url=url, algorithms=("HS256", "ES256")))
