"""What the stand-ins share: being told how to behave, and records that survive a restart."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from pathlib import Path
from typing import Generic, Literal, TypeVar

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from deploy.local.info import write_private

_DELAY_MS = 5_000


class Body(BaseModel):
    """A request body: no members but those named."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Control(Body):
    """How a stand-in behaves.

    Parameters
    ----------
    mode
        `ok`; `slow`: right, after `delay_ms`; `wrong`: at once, and not the truth; `down`: 503 to everything
        but the control endpoints.
    delay_ms
        The delay of `slow`, in milliseconds.
    """

    mode: Literal["ok", "slow", "wrong", "down"] = "ok"
    delay_ms: int = Field(default=_DELAY_MS, ge=0)


_Record = TypeVar("_Record", bound=BaseModel)


class Records(Generic[_Record]):
    """Records under a natural key, in memory and in a file of mode 0600."""

    def __init__(self, file: Path, many: TypeAdapter[list[_Record]], key: Callable[[_Record], Hashable]) -> None:
        self._file = file
        self._key = key
        self._many = many
        loaded = self._many.validate_json(file.read_bytes()) if file.exists() else []
        self._records: dict[Hashable, _Record] = {key(record): record for record in loaded}

    def get(self, key: Hashable) -> _Record | None:
        """Return the record under a key, if there is one."""
        return self._records.get(key)

    def all(self) -> list[_Record]:
        """Return all records."""
        return list(self._records.values())

    def put(self, *records: _Record) -> None:
        """Add records; one under a known key replaces it."""
        self._records.update({self._key(record): record for record in records})
        self._save()

    def clear(self) -> None:
        """Forget all records."""
        self._records.clear()
        self._save()

    def load(self, raw: bytes) -> int:
        """Put records from a JSON list and return how many there were; raises ValueError on anything else."""
        loaded = self._many.validate_json(raw)
        self.put(*loaded)
        return len(loaded)

    def _save(self) -> None:
        write_private(self._file, self._many.dump_json(self.all()).decode())


class Standin:
    """The frame of a stand-in: an app, its control file, and the behaviour that it is told.

    Parameters
    ----------
    name
        In its state folder's name and the app's title.
    state
        The state folder of all stand-ins.
    """

    def __init__(self, name: str, state: Path) -> None:
        self.folder = state / name
        self.folder.mkdir(parents=True, exist_ok=True)
        self.app = FastAPI(title=f"zhicheng stand-in: {name}", docs_url=None, redoc_url=None, openapi_url=None)
        self._file = self.folder / "control.json"
        self.control = Control()
        if self._file.exists():
            self.control = Control.model_validate_json(self._file.read_bytes())
        self.app.add_exception_handler(RequestValidationError, _refuse)
        self.app.middleware("http")(self._behave)
        self._add_control()

    @property
    def wrong(self) -> bool:
        """Whether it is to answer something other than the truth."""
        return self.control.mode == "wrong"

    async def _behave(self, request: Request, go_on: Callable[[Request], Awaitable[Response]]) -> Response:
        if request.url.path not in {"/control", "/records"}:
            if self.control.mode == "down":
                return Response(status_code=503)
            if self.control.mode == "slow":
                await asyncio.sleep(self.control.delay_ms / 1000)
        return await go_on(request)

    def _add_control(self) -> None:
        @self.app.put("/control")
        async def put_control(control: Control) -> Control:
            self.control = control
            write_private(self._file, control.model_dump_json())
            return control

        @self.app.get("/control")
        async def get_control() -> Control:
            return self.control

    def add_records(self, records: Records[_Record]) -> None:
        """Serve PUT /records (a list; known keys are replaced) and DELETE /records."""

        @self.app.put("/records")
        async def put_records(request: Request) -> Response:
            try:
                loaded = records.load(await request.body())
            except ValueError:
                return _bad_request()
            return JSONResponse({"loaded": loaded})

        @self.app.delete("/records", status_code=204)
        async def delete_records() -> None:
            records.clear()


async def _refuse(_request: Request, _error: Exception) -> Response:
    # FastAPI's own answer repeats the input, which holds names and ID numbers.
    return _bad_request()


def _bad_request() -> Response:
    return JSONResponse({"error": "The body does not fit."}, status_code=400)
