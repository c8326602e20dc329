"""Documents of one kind in the register, each under its name."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import msgspec

from interroam.core.ports import Store

D = TypeVar("D")
_encode = msgspec.msgpack.Encoder().encode


class Documents(Generic[D]):
    """Reads and writes the documents of a shelf; ``form`` is what each of them is."""

    def __init__(self, store: Store, shelf: str, form: type[D]) -> None:
        self._store = store
        self._shelf = shelf
        self._decode: Any = msgspec.msgpack.Decoder(form).decode

    async def load(self, name: str) -> D | None:
        """Return the document of a name; None when there is none."""
        body = await self._store.load(self._shelf, name)
        return None if body is None else self._decode(body)

    async def all(self) -> dict[str, D]:
        """Return all documents by their names, in the order of these."""
        return {name: self._decode(body) for name, body in await self._store.all(self._shelf)}

    async def save(self, name: str, document: D) -> None:
        """Write a document, over the one of this name that there was."""
        await self._store.save(self._shelf, name, _encode(document))

    async def remove(self, name: str) -> None:
        """Forget a document."""
        await self._store.remove(self._shelf, name)
