"""JSON over HTTP to a server that may be busy, slow or down: timeouts, and retries with growing, jittered waits.

Nothing of what a server answers to a mistake is shown: it may repeat the prompt, or the key.
"""

from __future__ import annotations

import email.utils
import http.client
import json
import os
import random
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from typing import Any

from ..errors import EvaluationError, Problem

__all__ = ["DownError", "RefusedError", "Server", "checked_url"]

FIRST_WAIT_S, LONGEST_WAIT_S, LONGEST_RETRY_AFTER_S = 0.5, 20.0, 300.0
PATIENCE = 4  # a single request may fail so many times `retries` while others succeed
_AGAIN = frozenset({408, 409, 425, 429})
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class RefusedError(Exception):
    """The server understood and said no. Holds the status, and the body for looking at, never for showing."""

    def __init__(self, status: int, body: str) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status
        self.body = body


class DownError(EvaluationError):
    """Patience is at its end. `status` is that of the last reply; None where there was none."""

    def __init__(self, problem: Problem, status: int | None) -> None:
        super().__init__(problem)
        self.status = status


class _TransientError(Exception):
    """Worth another try; `wait_s` is what the server asked for."""

    def __init__(self, why: str, status: int | None = None, wait_s: float | None = None) -> None:
        super().__init__(why)
        self.status = status
        self.wait_s = wait_s


def checked_url(base_url: str) -> str:
    """`base_url` without a slash at its end. Raises EvaluationError for what is no plain http(s) address.

    The address is written into records, so it must not hold a key or a password.
    """
    parts = urllib.parse.urlsplit(base_url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise EvaluationError("an endpoint needs an address like http://localhost:8000/v1", cure="give its base URL")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise EvaluationError(
            f"the address of the endpoint {parts.scheme}://{parts.hostname} holds a user, a password or a query",
            cure="give the plain base URL, and the key in an environment variable (--api-key-env)",
        )
    return base_url.rstrip("/")


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """urllib would send the key along to wherever it is redirected."""

    def redirect_request(self, *_: Any) -> None:
        return None


@dataclass
class Server:
    """One server. Its methods may be called from many threads.

    Attributes:
        base_url: e.g. http://localhost:8000/v1.
        timeout_s: longest wait for a reply.
        retries: how often a request is repeated while nothing else succeeds.
        api_key_env: the environment variable that holds the key; it is read anew for every request and kept nowhere.
        stop: set it, and every wait ends.
    """

    base_url: str
    timeout_s: float
    retries: int
    api_key_env: str
    stop: threading.Event = field(default_factory=threading.Event)
    _failures_in_a_row: int = 0

    def __post_init__(self) -> None:
        self.base_url = checked_url(self.base_url)
        local = urllib.parse.urlsplit(self.base_url).hostname in _LOOPBACK
        proxies = [urllib.request.ProxyHandler({})] if local else []
        self._opener = urllib.request.build_opener(_NoRedirect, *proxies)

    def call(self, path: str, body: Any = None, *, what: str = "", retries: int | None = None) -> Any:
        """The JSON that the server replies to `body` (None = GET). `what` completes "does not answer …" in messages.

        429, 408, 5xx, broken connections, timeouts and replies that are no JSON are tried again; `Retry-After` is
        heeded. Raises DownError when patience is at its end, RefusedError for any other status.
        """
        retries = self.retries if retries is None else retries
        failures = 0
        while True:
            try:
                reply = self._once(path, body)
            except _TransientError as e:
                failures += 1
                self._failures_in_a_row += 1
                hopeless = failures > retries and self._failures_in_a_row > retries
                if hopeless or failures > PATIENCE * retries:
                    raise self._down(str(e), failures, what, e.status) from e
                wait_s = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** (failures - 1)) * random.uniform(0.5, 1.5)
                if self.stop.wait(max(wait_s, e.wait_s or 0.0)):
                    raise self._down("stopped", failures, what) from e
            else:
                self._failures_in_a_row = 0
                return reply

    def _once(self, path: str, body: Any) -> Any:
        headers = {"Content-Type": "application/json", "Accept": "application/json", "User-Agent": "mergealign"}
        if key := os.environ.get(self.api_key_env, "").strip():
            headers["Authorization"] = f"Bearer {key}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.base_url}{path}", data=data, headers=headers)
        try:
            with self._opener.open(request, timeout=self.timeout_s) as response:
                return json.loads(response.read())
        except urllib.error.HTTPError as e:
            with e:
                text = _text(e)
            if e.code in _AGAIN or e.code >= 500:
                raise _TransientError(f"HTTP {e.code}", e.code, _retry_after(e.headers.get("Retry-After"))) from e
            raise RefusedError(e.code, text) from e
        except urllib.error.URLError as e:
            raise _TransientError(_why(e.reason)) from e
        except (OSError, http.client.HTTPException) as e:
            raise _TransientError(_why(e)) from e
        except ValueError as e:  # not JSON, not UTF-8
            raise _TransientError("its reply is no JSON") from e

    def _down(self, why: str, failures: int, what: str, status: int | None = None) -> DownError:
        tries = "1 try" if failures == 1 else f"{failures} tries"
        first = "start the server" if status is None else "look into the server's log"
        problem = Problem(
            f"the endpoint {self.base_url} does not answer{what} after {tries}: {why}",
            f"{first} and run the same command again: what was answered so far is kept",
        )
        return DownError(problem, status)


def _text(error: urllib.error.HTTPError) -> str:
    try:
        return error.read(1 << 16).decode("utf-8", "replace")
    except (OSError, http.client.HTTPException):
        return ""


def _why(error: object) -> str:
    """The system's word for it; never more, for exceptions may carry what was sent."""
    if isinstance(error, TimeoutError):
        return "timeout"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return type(error).__name__


def _retry_after(value: str | None) -> float | None:
    """Seconds of a `Retry-After` header, which holds a number or a date."""
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(value).timestamp() - time.time()
        except ValueError:
            return None
    return min(max(seconds, 0.0), LONGEST_RETRY_AFTER_S)
