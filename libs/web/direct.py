"""The short way of a hot route: from the outermost layer to its endpoint, with nothing between."""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import FastAPI, Request
from fastapi.routing import APIRoute
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

Endpoint = Callable[[Request], Coroutine[Any, Any, Response]]


class Direct(APIRoute):
    """A route whose endpoint takes the request and gives the response: there is nothing to inject or to convert."""

    def get_route_handler(self) -> Endpoint:
        """Give the endpoint itself."""
        return self.endpoint


class Straight:
    """ASGI: calls the endpoints of direct routes itself, and leaves everything else to the app.

    An app finds a route by asking each in turn, and gives a request to it through six layers that catch errors
    and hold stacks of contexts: more than checking a token and deciding a command together. A direct route needs
    none of them, since the outermost layer answers every error. Routes are tried in the app's order.
    """

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._plain: dict[tuple[str, str], APIRoute] = {}
        self._patterns: dict[str, list[tuple[re.Pattern[str], APIRoute]]] = {}
        for route in app.routes:
            if not isinstance(route, Direct):
                continue
            for method in route.methods or ():
                if route.param_convertors:
                    self._patterns.setdefault(method, []).append((route.path_regex, route))
                else:
                    self._plain.setdefault((method, route.path), route)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        route = self._find(scope) if scope["type"] == "http" else None
        if route is None:
            await self._app(scope, receive, send)
            return
        scope["app"] = self._app
        scope["route"] = route
        response = await route.endpoint(Request(scope, receive, send))
        await response(scope, receive, send)

    def _find(self, scope: Scope) -> APIRoute | None:
        method, path = scope["method"], scope["path"]
        route = self._plain.get((method, path))
        if route is not None:
            scope["path_params"] = {}
            return route
        for pattern, candidate in self._patterns.get(method, ()):
            match = pattern.match(path)
            if match is not None:
                scope["path_params"] = match.groupdict()
                return candidate
        return None
