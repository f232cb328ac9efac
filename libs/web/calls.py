"""Commands over HTTP: the raw body decoded by its model, a command id for ever, bytes returned.

Hot commands pass no dependency injection and no response model: the body is decoded once by pydantic's JSON
mode (its Python mode would refuse dates and enums in strict models) and the stored reply's bytes go out as they
are. The OpenAPI document still shows every model.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

import orjson
from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.responses import Response
from uuid_utils.compat import uuid5

from libs.events.bus import Loaded, Meta, Reply
from libs.events.ids import fingerprint, http_command_id
from libs.kernel.decisions import Actor, Aggregate
from libs.kernel.refusals import Reason, Refused
from libs.kernel.terms import MaterialKind, Role
from libs.web.auth import ANYONE, Principal
from libs.web.direct import Direct
from libs.web.problems import form_refusal
from libs.web.server import header

if TYPE_CHECKING:
    from libs.web.spine import Spine

MAX_KEY = 200
OURS_ALONE = frozenset({Role.SYSTEM})
"""The roles of a route that our own services call: the word in a token is not enough there, the client counts."""
CREATED = 201
PATH_ID = {"type": "string", "format": "uuid"}
PATH_TEXTS = {
    "hash": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
    "kind": {"type": "string", "enum": [kind.value for kind in MaterialKind]},
}
"""What the path parameters are that are no UUIDs."""
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
"""U+0000 as JSON escapes it; as it is, it stands in no JSON."""
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_KEY_SCHEMA = {"type": "string", "minLength": 1, "maxLength": MAX_KEY, "pattern": "^[!-~]+$"}


class Form(BaseModel):
    """The base of request bodies: strict, and no extra members."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class Nothing(Form):
    """A body that says nothing more than the path."""


@dataclass(slots=True)
class Call:
    """One request on its way to a handler."""

    request: Request
    spine: Spine
    principal: Principal
    actor: Actor
    body: bytes
    _meta: Meta | None = None
    _made: str = ""
    """The identity that this command creates, once it was asked for."""

    def id(self, name: str) -> str:
        """Give a path parameter that is a UUID, in its canonical form."""
        return path_id(self.request, name)

    def meta(self) -> Meta:
        """Give what goes with the command: its id for ever, its fingerprint, its sender, the version it saw."""
        if self._meta is None:
            self._meta = self._read_meta()
        return self._meta

    def _read_meta(self) -> Meta:
        scope = self.request.scope
        key = header(scope, b"idempotency-key")
        if not key or len(key) > MAX_KEY or not key.isascii() or not key.isprintable():
            raise Refused.one("IDEMPOTENCY_KEY_REQUIRED", change={"header": "Idempotency-Key", "max": MAX_KEY})
        return Meta(
            command_id=http_command_id(
                self.principal.client, self.principal.subject, scope["method"], scope["path"], key
            ),
            fingerprint=fingerprint(self.body, scope["query_string"]),
            actor=self.actor,
            correlation_id=correlation(header(scope, b"correlation-id")),
            traceparent=scope["traceparent"],
            if_version=_if_match(header(scope, b"if-match")),
        )

    def new_identity(self) -> str:
        """Give the identity of what this command creates: the same however often the command is sent."""
        self._made = str(uuid5(self.meta().command_id, "identity"))
        return self._made

    async def execute(self, aggregate: Aggregate, identity: str, command: Any) -> Reply:
        """Decide a command on one stream of this service."""
        stream = aggregate.stream(identity)
        return await self.spine.bus.execute(aggregate, stream, command, self.meta(), new=identity == self._made)

    async def load(self, aggregate: Aggregate, identity: str) -> Loaded:
        """Read another stream of this service, as a fact for a decision that cites it as `stream@version`."""
        return await self.spine.bus.load(aggregate, aggregate.stream(identity))


Handler = Callable[[Call, Any], Awaitable[Reply]]
Question = Callable[[Call, Any], Awaitable[Any]]
Download = Callable[[Call], Awaitable[Response]]


class Commands:
    """The command routes of one resource, and the policy table that goes with them."""

    def __init__(self, tag: str) -> None:
        self.router = APIRouter(tags=[tag], route_class=Direct)
        self.models: dict[str, type[BaseModel]] = {}
        self.answers: dict[str, type] = {}

    def post(
        self, path: str, body: type[BaseModel], roles: Iterable[Role], status: int = 201, **document: Any
    ) -> Callable[[Handler], Handler]:
        """Add a command: what it takes, who may give it, and what it answers (201 new, 200 an action)."""
        return self._add("POST", path, body, frozenset(roles), status, document)

    def put(
        self, path: str, body: type[BaseModel], roles: Iterable[Role], **document: Any
    ) -> Callable[[Handler], Handler]:
        """Add a command that replaces content: `If-Match` is required."""
        return self._add("PUT", path, body, frozenset(roles), 200, {"if_match": True, **document})

    def ask(
        self, path: str, body: type[BaseModel] | None, roles: Iterable[Role], answer: type, **document: Any
    ) -> Callable[[Question], Question]:
        """Add a POST that changes nothing in any stream; it needs no Idempotency-Key.

        `answer` is a dataclass, model or TypedDict: what the document says of the answer.
        """
        allowed = frozenset(roles)
        self.answers[answer.__name__] = answer
        if body is not None:
            self.models[body.__name__] = body

        def register(handler: Question) -> Question:
            async def endpoint(request: Request) -> Response:
                call = await _call(request, allowed)
                said = await handler(call, call.body if body is None else decode(body, call.body))
                return Response(orjson.dumps(said), 200, media_type="application/json")

            extra = _document(path, _content(body, document), allowed, 200, answer=answer.__name__)
            self._route("POST", path, handler, endpoint, extra)
            return handler

        return register

    def fetch(self, path: str, roles: Iterable[Role], media_types: tuple[str, ...]) -> Callable[[Download], Download]:
        """Add a GET of a stored file; everything else that is read is the gateway's to answer."""
        allowed = frozenset(roles)

        def register(handler: Download) -> Download:
            async def endpoint(request: Request) -> Response:
                return await handler(await _call(request, allowed))

            self._route("GET", path, handler, endpoint, _described(path, _files(media_types), allowed))
            return handler

        return register

    def upload(
        self, path: str, roles: Iterable[Role], media_types: tuple[str, ...], **document: Any
    ) -> Callable[[Handler], Handler]:
        """Add a command whose body is a file; the handler gets the bytes as they came."""
        return self._add("PUT", path, None, frozenset(roles), 200, {"media_types": media_types, **document})

    def _add(
        self,
        method: str,
        path: str,
        body: type[BaseModel] | None,
        roles: frozenset[Role],
        status: int,
        document: dict[str, Any],
    ) -> Callable[[Handler], Handler]:
        if body is not None:
            self.models[body.__name__] = body
        if_match = document.get("if_match", False)
        collection = path if status == CREATED and "{" not in path else ""

        def register(handler: Handler) -> Handler:
            async def endpoint(request: Request) -> Response:
                call = await _call(request, roles)
                if if_match and not header(request.scope, b"if-match"):
                    raise Refused.one("IF_MATCH_REQUIRED")
                call.meta()  # a missing key is told before anything is read or written
                reply = await handler(call, call.body if body is None else decode(body, call.body))
                return render(reply, status, collection)

            extra = _document(path, _content(body, document), roles, status, keyed=True, if_match=if_match)
            self._route(method, path, handler, endpoint, extra)
            return handler

        return register

    def _route(self, method: str, path: str, handler: Any, endpoint: Any, extra: dict[str, Any]) -> None:
        summary, _, description = (handler.__doc__ or "").partition("\n\n")
        self.router.add_api_route(
            path,
            endpoint,
            methods=[method],
            name=handler.__name__,
            summary=summary.strip().rstrip("."),
            description=description.strip(),
            response_model=None,
            openapi_extra=extra,
        )


async def _call(request: Request, roles: frozenset[Role]) -> Call:
    spine: Spine = request.app.state.spine
    principal = await spine.tokens.check(header(request.scope, b"authorization"))
    actor = _public(roles) if principal is ANYONE else principal.actor(roles)
    if roles == OURS_ALONE and not spine.settings.is_ours(principal.client, principal.subject):
        raise Refused.one("FORBIDDEN_ACTOR", "§7", facts={"client": principal.client})
    return Call(request, spine, principal, actor, await request.body())


def decode(model: type[BaseModel], raw: bytes) -> Any:
    """Decode a body; an empty one stands for an empty object.

    Raises
    ------
    Refused
        SCHEMA_INVALID with every failure at its JSON Pointer; ENCODING_INVALID for what is not UTF-8, and for
        U+0000, which no table can hold: an event with it could be stored and never shown.
    """
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        raise Refused.one("ENCODING_INVALID") from error
    if b"\\u0000" in raw and _NUL.search(raw):
        facts = {"failing": "U+0000"}
        raise Refused([Reason("ENCODING_INVALID", facts=facts, pointer=one) for one in _places_of_nul(raw)])
    try:
        return model.model_validate_json(raw or b"{}")
    except ValidationError as error:
        raise form_refusal(error) from error


def _places_of_nul(raw: bytes) -> list[str]:
    """Point at every text with U+0000 in it, or in the name of a member; at the whole of what cannot be read."""
    try:
        waiting: list[tuple[str, Any]] = [("", orjson.loads(raw))]
    except orjson.JSONDecodeError:
        return [""]
    found: list[str] = []
    while waiting:
        pointer, value = waiting.pop()
        if isinstance(value, str):
            found += [pointer] if "\0" in value else []
        elif isinstance(value, list):
            waiting += [(f"{pointer}/{place}", one) for place, one in enumerate(cast("list[Any]", value))]
        elif isinstance(value, dict):
            members = cast("dict[str, Any]", value)
            found += [pointer for name in members if "\0" in name]
            waiting += [
                (f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}", one) for name, one in members.items()
            ]
    return sorted(found) or [""]


def render(reply: Reply, status: int, collection: str = "") -> Response:
    """Answer with the stored bytes; one whose reply was forgotten after seven days answers id and version.

    What was made in a `collection` is found there, as `Location` says.
    """
    if reply.body is None:
        body = orjson.dumps({"id": reply.stream.partition("-")[2], "version": reply.version})
        return Response(body, 200, {"Consistency-Token": f"{reply.stream}@{reply.version}"}, "application/json")
    headers = {"Consistency-Token": f"{reply.stream}@{reply.version}"}
    members = cast("dict[str, Any]", orjson.loads(reply.body))
    if "etag" in members:
        headers["ETag"] = members["etag"]
    if collection:
        headers["Location"] = f"{collection}/{members['id']}"
    return Response(reply.body, status, headers, "application/json")


def correlation(given: str) -> str:
    """Give a correlation id that may stand in every event: a UUID, in which nobody is named; others are ignored."""
    return given.lower() if _UUID.fullmatch(given) else ""


def path_id(request: Request, name: str) -> str:
    """Give a path parameter that is a UUID, in its canonical form.

    Raises
    ------
    Refused
        NOT_FOUND: what is no UUID names nothing.
    """
    try:
        return str(UUID(request.path_params[name]))
    except ValueError as error:
        raise Refused.one("NOT_FOUND") from error


def _public(roles: frozenset[Role]) -> Actor:
    if Role.PUBLIC not in roles:
        raise Refused.one("UNAUTHENTICATED", change={"header": "Authorization"})
    return Actor("anonymous", Role.PUBLIC)


def _if_match(text: str) -> int | None:
    if not text or text == "*":
        return None
    version = text.removeprefix("W/").strip('"').partition(".")[0]
    if not version.isdecimal() or len(version) > 18:  # noqa: PLR2004 - no version has more digits
        raise Refused.one("STALE_VERSION", facts={"given": "unreadable"})
    return int(version)


def _content(body: type[BaseModel] | None, document: dict[str, Any]) -> dict[str, Any]:
    if body is None:
        return _files(document["media_types"])
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{body.__name__}"}}}


def _files(media_types: Iterable[str]) -> dict[str, Any]:
    return {kind: {"schema": {"type": "string", "format": "binary"}} for kind in media_types}


def _path_parameters(path: str) -> list[dict[str, Any]]:
    names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    return [{"name": name, "in": "path", "required": True, "schema": PATH_TEXTS.get(name, PATH_ID)} for name in names]


def _described(path: str, content: dict[str, Any], roles: frozenset[Role]) -> dict[str, Any]:
    found = {"description": "The file", "headers": {"ETag": {"schema": {"type": "string"}}}, "content": content}
    document: dict[str, Any] = {
        "parameters": _path_parameters(path),
        "responses": {
            "200": found,
            "304": {"description": "Not modified"},
            "default": {"$ref": "#/components/responses/Problem"},
        },
        "x-roles": sorted(roles),
    }
    return _secured(document, roles)


def _secured(document: dict[str, Any], roles: frozenset[Role]) -> dict[str, Any]:
    return document if Role.PUBLIC in roles else {**document, "security": [{"token": []}]}


def _document(
    path: str,
    content: dict[str, Any],
    roles: frozenset[Role],
    status: int,
    *,
    keyed: bool = False,
    if_match: bool = False,
    answer: str = "CommandReply",
) -> dict[str, Any]:
    headers = {"name": "Idempotency-Key", "in": "header", "required": True, "schema": _KEY_SCHEMA}
    matching = {"name": "If-Match", "in": "header", "required": if_match, "schema": {"type": "string"}}
    document: dict[str, Any] = {
        "parameters": [
            *_path_parameters(path),
            *((headers, matching) if keyed else ()),
        ],
        "requestBody": {"required": True, "content": content},
        "responses": {
            str(status): {
                "description": "Done",
                "headers": {name: {"schema": {"type": "string"}} for name in ("ETag", "Consistency-Token") if keyed},
                "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{answer}"}}},
            },
            "default": {"$ref": "#/components/responses/Problem"},
        },
        "x-roles": sorted(roles),
    }
    return _secured(document, roles)
