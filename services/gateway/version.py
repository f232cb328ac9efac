"""The API's version, as its document and the `API-Version` header carry it."""

from typing import Final

VERSION: Final = "1.0.0"
