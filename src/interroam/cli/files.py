"""Objects of OCPI in files: one, a list, or either in the envelope of an answer."""

from __future__ import annotations

from pathlib import Path

from interroam.cli.front import told
from interroam.model.errors import Reason, Refused
from interroam.protocols.ocpi.wire import Malformed, NotJson
from interroam.protocols.ocpi.wire.envelope import read_reply
from interroam.protocols.ocpi.wire.raw import fields_of, items_of


def objects_of(path: Path) -> list[bytes]:
    """Read the objects of a file."""
    try:
        raw = path.read_bytes().strip()
        if raw.startswith(b"{") and "status_code" in fields_of(raw):
            raw = read_reply(raw).data or b"[]"
        found = items_of(raw) if raw.startswith(b"[") else [raw]
        for one in found:
            fields_of(one)
        return found
    except OSError as trouble:
        raise Refused(Reason.NOT_JSON, told(trouble)) from None
    except (Malformed, NotJson) as wrong:
        raise Refused(Reason.NOT_JSON, f"{path} cannot be read: {wrong}") from None
