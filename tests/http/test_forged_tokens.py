"""Tokens that nobody issued: each is refused by HTTP and by the handshake of sockets alike.

The deployment believes HS256 by a shared secret, three public keys of a set, and its own tokens.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any, Final

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from typed_settings import SecretStr

from divan_core.errors import InvalidCredentials
from divan_core.settings import JwtSettings, Settings
from divan_core.tokens.own import ISSUER, KEY_ID
from divan_rt.auth import Handshake
from tests.http.world import World, open_world, problem

pytestmark = pytest.mark.anyio

SECRET: Final = "the secret of the issuer, of 32 bytes and more"
OTHER: Final = "the secret of somebody, of 32 bytes and more"
OURS: Final = "the secret of the deployment, of 32 bytes"
ISSUED_BY: Final = "https://id.example.org"
RSA: Final = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
EC: Final = ec.generate_private_key(ec.SECP256R1())
OKP: Final = ed25519.Ed25519PrivateKey.generate()
STRANGE: Final = ec.generate_private_key(ec.SECP256R1())
PAIRS: Final[Mapping[str, Any]] = {"RS256": RSA, "ES256": EC, "EdDSA": OKP}

Claims = dict[str, Any]
Forged = Callable[[Claims], str]


def jwk(algorithm: str) -> dict[str, Any]:
    """The public key of an algorithm, as a set has it."""
    of = jwt.get_algorithm_by_name(algorithm)
    found: dict[str, Any] = of.to_jwk(PAIRS[algorithm].public_key(), as_dict=True)
    return found | {"kid": algorithm, "alg": algorithm, "use": "sig"}


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("keys") / "jwks.json"
    made.write_text(json.dumps({"keys": [jwk(name) for name in PAIRS]}))
    return made


@pytest.fixture(scope="module")
async def world(keys: Path) -> AsyncIterator[World]:
    settings = JwtSettings(
        secret=SecretStr(SECRET),
        algorithms=("HS256", *PAIRS),
        issuer=ISSUED_BY,
        audience="divan",
        jwks_file=str(keys),
        trust_roles=True,
    )
    known = Settings(env="prod", secret_key=SecretStr(OURS), jwt=settings)
    async with open_world(known) as made:
        yield made


@pytest.fixture
def claims(world: World) -> Claims:
    """What a good token says."""
    now = world.clock.now() // 1000
    return {
        "sub": str(world.ana),
        "campus_id": str(world.campus),
        "iat": now,
        "exp": now + 60,
        "iss": ISSUED_BY,
        "aud": "divan",
    }


def good(claims: Claims, **changes: Any) -> str:
    """A token of the issuer; what is None is left out."""
    said = {name: value for name, value in (claims | changes).items() if value is not None}
    return jwt.encode(said, SECRET, "HS256")


def part(value: object) -> str:
    """A part of a token that is JSON, or the bytes that are given."""
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def crafted(claims: object, key: str | bytes = SECRET, **header: object) -> str:
    """A token by hand, signed by HMAC with SHA-256 whatever its header says."""
    unsigned = f"{part({'alg': 'HS256', 'typ': 'JWT'} | header)}.{part(claims)}"
    secret = key if isinstance(key, bytes) else key.encode()
    return f"{unsigned}.{part(hmac.digest(secret, unsigned.encode(), hashlib.sha256))}"


def pem(name: str) -> bytes:
    """A public key as its file is."""
    found: bytes = (
        PAIRS[name].public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    return found


def swapped(claims: Claims) -> str:
    """The signature of one token below the claims of another."""
    head, _, signature = good(claims).split(".")
    return f"{head}.{part(claims | {'roles': ['staff.admin']})}.{signature}"


def nested(claims: Claims) -> str:
    """A token inside of a token (RFC 7519, section 11.2)."""
    return crafted(good(claims).encode(), alg="HS256", cty="JWT")


def header_of_bytes(raw: bytes) -> Forged:
    """A token whose header is these bytes."""

    def forge(claims: Claims) -> str:
        unsigned = f"{part(raw)}.{part(claims)}"
        return f"{unsigned}.{part(hmac.digest(SECRET.encode(), unsigned.encode(), hashlib.sha256))}"

    return forge


FORGED: Final[Mapping[str, Forged]] = {
    # The algorithm.
    "none": lambda c: f"{part({'alg': 'none'})}.{part(c)}.",
    "none with the signature of another": lambda c: crafted(c, alg="none"),
    "None in capitals": lambda c: f"{part({'alg': 'NoNe'})}.{part(c)}.",
    "no algorithm": lambda c: crafted(c, alg=None),
    "a list of algorithms": lambda c: crafted(c, alg=["HS256", "none"]),
    "an algorithm in small letters": lambda c: crafted(c, alg="hs256"),
    "an algorithm with a space": lambda c: crafted(c, alg="HS256 "),
    "HS384 with the right secret": lambda c: jwt.encode(c, SECRET * 2, "HS384"),
    "HS512 with the right secret": lambda c: jwt.encode(c, SECRET * 2, "HS512"),
    "the name of another algorithm": lambda c: crafted(c, alg="RS256", kid="RS256"),
    "RS512 with the right key": lambda c: jwt.encode(c, RSA, "RS512", {"kid": "RS256"}),
    "PS256 with the right key": lambda c: jwt.encode(c, RSA, "PS256", {"kid": "RS256"}),
    "a public key of RSA as a secret": lambda c: crafted(c, pem("RS256")),
    "a public key of RSA as a named secret": lambda c: crafted(c, pem("RS256"), kid="RS256"),
    "a public key of EC as a secret": lambda c: crafted(c, pem("ES256"), kid="ES256"),
    "a key of the set as a secret": lambda c: crafted(c, json.dumps(jwk("EdDSA")), kid="EdDSA"),
    # The key.
    "another secret": lambda c: crafted(c, OTHER),
    "an empty secret": lambda c: crafted(c, b""),
    "a short secret": lambda c: crafted(c, b"secret"),
    "the beginning of the secret": lambda c: crafted(c, SECRET[:32]),
    "another key of the kind": lambda c: jwt.encode(c, STRANGE, "ES256"),
    "another key under a name of the set": lambda c: jwt.encode(
        c, STRANGE, "ES256", {"kid": "ES256"}
    ),
    "a key under the name of another": lambda c: jwt.encode(c, EC, "ES256", {"kid": "RS256"}),
    "a key that brings itself": lambda c: jwt.encode(
        c,
        STRANGE,
        "ES256",
        {"jwk": jwt.get_algorithm_by_name("ES256").to_jwk(STRANGE.public_key(), as_dict=True)},
    ),
    "a key at an address": lambda c: jwt.encode(
        c, STRANGE, "ES256", {"jku": "https://evil.example.org/keys", "kid": "x"}
    ),
    "a certificate that brings itself": lambda c: jwt.encode(
        c, RSA, "RS256", {"x5c": ["MII"], "kid": "x"}
    ),
    "a name that is a path": lambda c: crafted(c, b"\n", kid="../../../../dev/null"),
    "a name that is a statement": lambda c: crafted(c, b"x", kid="x' UNION SELECT 'x"),
    "a name that is a list": lambda c: crafted(c, OTHER, kid=[KEY_ID]),
    "a name that is very long": lambda c: crafted(c, OTHER, kid="k" * 4000),
    "our own name with the issuer's secret": lambda c: crafted(c | {"iss": ISSUER}, kid=KEY_ID),
    "our own name with the deployment's secret": lambda c: crafted(
        c | {"iss": ISSUER}, OURS, kid=KEY_ID
    ),
    "our own issuer without our name": lambda c: good(c, iss=ISSUER),
    # The claims.
    "no subject": lambda c: good(c, sub=None),
    "no campus": lambda c: good(c, campus_id=None),
    "no end": lambda c: good(c, exp=None),
    "no beginning": lambda c: good(c, iat=None),
    "no issuer": lambda c: good(c, iss=None),
    "no audience": lambda c: good(c, aud=None),
    "an end that has come": lambda c: good(c, exp=c["iat"] - 5),
    "an end that is a text": lambda c: crafted(c | {"exp": str(c["exp"])}),
    "an end that is no number": lambda c: crafted(c | {"exp": float("nan")}),
    "an end that never comes": lambda c: crafted(c | {"exp": 1e308}),
    "an end that is true": lambda c: crafted(c | {"exp": True}),
    "a beginning in the future": lambda c: good(c, iat=c["iat"] + 6),
    "not yet valid": lambda c: good(c, nbf=c["iat"] + 6),
    "another issuer": lambda c: good(c, iss="https://evil.example.org"),
    "another issuer that begins alike": lambda c: good(c, iss=ISSUED_BY + ".evil.example.org"),
    "a list of issuers": lambda c: crafted(c | {"iss": [ISSUED_BY]}),
    "another audience": lambda c: good(c, aud="others"),
    "an audience that is a part": lambda c: good(c, aud="div"),
    "an empty list of audiences": lambda c: good(c, aud=[]),
    "a subject that is a list": lambda c: crafted(c | {"sub": [c["sub"]]}),
    "a subject that is a statement": lambda c: good(c, sub="x' OR '1'='1"),
    "roles that are a text": lambda c: good(c, roles="staff.admin"),
    "claims that are a list": lambda c: crafted([c]),
    "claims that are nothing": lambda _: crafted(None),
    # The form.
    "claims of another": swapped,
    "one inside of another": nested,
    "without a signature": lambda c: good(c).rpartition(".")[0] + ".",
    "with two parts": lambda c: good(c).rpartition(".")[0],
    "with four parts": lambda c: good(c) + "." + part(b"x"),
    "with five parts, as what is encrypted has": lambda c: good(c) + "..",
    "with half a signature": lambda c: good(c)[:-20],
    "of letters that are no code": lambda c: good(c).replace("e", "é", 1),
    "with a zero byte": lambda c: good(c) + "\0",
    "with a break in it": lambda c: good(c)[:20] + "\n" + good(c)[20:],
    "a header of no UTF-8": header_of_bytes(b'{"alg":"HS256","\xff":1}'),
    "a header that is a list": header_of_bytes(b'["HS256"]'),
    "a header that is very deep": header_of_bytes(b'{"alg":"HS256","x":' + b"[" * 2000 + b"}"),
    "claims of no UTF-8": lambda _: crafted(b'{"sub":"\xff"}'),
    "claims that are very deep": lambda _: crafted(b"[" * 4000),
    "a demand that nobody knows": lambda c: crafted(c, crit=["exp"], exp=1),
    "a body that is not encoded": lambda c: crafted(c, b64=False, crit=["b64"]),
    "claims that are packed": lambda c: crafted(c, zip="DEF", alg="dir", enc="A128GCM"),
    "very large": lambda c: good(c, x="x" * 100_000),
}


async def test_the_issuers_tokens_are_good(world: World, claims: Claims) -> None:
    """Without this, the rest would show nothing."""
    names: list[tuple[Any, str]] = [
        (SECRET, "HS256"),
        (RSA, "RS256"),
        (EC, "ES256"),
        (OKP, "EdDSA"),
    ]
    for key, algorithm in names:
        token = jwt.encode(claims, key, algorithm)
        answer = await world.client.get("/me", headers={"Authorization": f"Bearer {token}"})
        assert answer.json()["handle"] == "ana"
        identity = await Handshake(world.divan.identity).identity({"token": token})
        assert identity.actor.user_id == world.ana
    assert len(FORGED) >= 30


@pytest.mark.parametrize("kind", FORGED)
async def test_forged_ones_are_refused(world: World, claims: Claims, kind: str) -> None:
    token = FORGED[kind](claims)
    with pytest.raises(InvalidCredentials):
        await Handshake(world.divan.identity).identity({"token": token})
    header = f"Bearer {token}".encode()
    answer = await world.client.get("/me", headers=[(b"Authorization", header)])
    found = problem(answer, 401, "invalid_credentials")
    assert answer.headers["www-authenticate"] == "Bearer"
    assert token[:40] not in str(found)


async def test_a_good_one_beside_another_is_refused(world: World, claims: Claims) -> None:
    """Nobody can say which of them whatever stands in front has checked."""
    bearers = [f"Bearer {good(claims, sub=str(one))}" for one in (world.ana, world.ben)]
    for pair in (bearers, bearers[::-1], [bearers[0], ""]):
        headers = [("Authorization", one) for one in pair]
        problem(await world.client.get("/me", headers=headers), 401, "invalid_credentials")
    joined = {"Authorization": ", ".join(bearers)}
    problem(await world.client.get("/me", headers=joined), 401, "invalid_credentials")


async def test_a_refused_one_is_not_remembered_for_another(world: World, claims: Claims) -> None:
    """Claims are kept by the whole token: one letter more is another one."""
    token = good(claims)
    assert (await world.client.get("/me", headers={"Authorization": f"Bearer {token}"})).is_success
    for other in (token + "A", token[:-1], token.upper()):
        answer = await world.client.get("/me", headers={"Authorization": f"Bearer {other}"})
        problem(answer, 401, "invalid_credentials")
