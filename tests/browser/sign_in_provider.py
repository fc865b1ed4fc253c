"""A sign-in provider for tests: OpenID Connect on loopback, in which whoever is named signs in without asking."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import uvicorn
from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse
from starlette.routing import Route

from tests.browser.conftest import free_port

CLIENT = "readroom"


@dataclass
class Provider:
    """A running provider. claims : of whoever signs in next."""

    port: int
    claims: dict[str, Any] = field(default_factory=dict)
    key: RSAKey = field(
        default_factory=lambda: RSAKey.generate_key(2048, {"kid": "test", "use": "sig", "alg": "RS256"})
    )
    given: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def secrets_toml(self, app_port: int) -> str:
        """What docs/deploy.md asks to be written into `.streamlit/secrets.toml`."""
        return (
            f'[auth]\nredirect_uri = "http://127.0.0.1:{app_port}/oauth2callback"\n'
            f'cookie_secret = "{secrets.token_urlsafe(32)}"\nclient_id = "{CLIENT}"\nclient_secret = "known to both"\n'
            f'server_metadata_url = "{self.issuer}/.well-known/openid-configuration"\n'
        )

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._metadata),
                Route("/authorize", self._authorize),
                Route("/token", self._token, methods=["POST"]),
                Route("/keys", self._keys),
            ]
        )

    def _metadata(self, _request: Request) -> JSONResponse:
        return JSONResponse(
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
            }
        )

    def _authorize(self, request: Request) -> RedirectResponse:
        asked, code = request.query_params, secrets.token_urlsafe(16)
        self.given[code] = {**self.claims, "nonce": asked.get("nonce", "")}
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}")

    async def _token(self, request: Request) -> JSONResponse:
        claims, now = self.given.pop(str((await request.form())["code"])), int(time.time())
        said = {"iss": self.issuer, "aud": CLIENT, "sub": "a person", "iat": now, "exp": now + 600, **claims}
        token = jwt.encode({"alg": "RS256", "kid": "test"}, said, self.key)
        return JSONResponse({"access_token": "none", "token_type": "Bearer", "expires_in": 600, "id_token": token})

    def _keys(self, _request: Request) -> JSONResponse:
        return JSONResponse({"keys": [self.key.as_dict(private=False)]})


@contextmanager
def provider() -> Iterator[Provider]:
    """The provider on a free port, for as long as the block lasts."""
    made = Provider(free_port())
    server = uvicorn.Server(uvicorn.Config(made.app(), host="127.0.0.1", port=made.port, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    yield made
    server.should_exit = True
    thread.join(timeout=10)
