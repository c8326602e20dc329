"""Which description of a tariff an eMSP knows: of several under one id its own, else the one for all.

Regular ones only. So it is in every protocol, in lists and in what is told (OCPI-145, OCPI-146, OCPI-152).
"""

from __future__ import annotations

from msgspec.structs import replace

from interroam.core.ports import Store
from interroam.core.rules.dates import concerns, is_about_dates
from interroam.core.rules.visibility import groups_of
from interroam.core.telling.keeping import described
from interroam.model.facts import Act, Entry, Stored
from interroam.model.ids import Kind, PartyId, tariff_key
from interroam.model.places import Evse
from interroam.model.tariffs import Tariff

_TYPE = "type"


async def offered(store: Store, owner: PartyId, tariff_id: str, emsp: PartyId) -> Stored | None:
    """Return the tariff that an eMSP knows by this id."""
    found = await described(store, owner, tariff_id, emsp)
    return found if found is not None and isinstance(found.body, Tariff) and found.body.regular else None


async def concerned(store: Store, emsp: PartyId, entry: Entry, request: str) -> bool:
    """Whether something is meant by what is sent again: of a request about dates also places whose tariffs change."""
    if entry.key.kind is not Kind.LOCATION or not is_about_dates(request):
        return concerns(request, entry.body)
    (inside,) = await store.evses([entry.key])
    return any([isinstance(row.body, Evse) and await is_priced_anew(store, emsp, row.body, request) for row in inside])


async def is_priced_anew(store: Store, emsp: PartyId, evse: Evse, request: str) -> bool:
    """Whether a tariff of an EVSE begins or ends, as an eMSP knows it, by a request about dates."""
    names = sorted(set(groups_of(evse)))
    found = [await store.get(tariff_key(evse.owner, name, target)) for name in names for target in (emsp, None)]
    return any(row is not None and not row.withdrawn and concerns(request, row.body) for row in found)


async def told(store: Store, emsp: PartyId, entry: Entry) -> Entry | None:
    """Return an entry of a tariff as an eMSP may know it; None when it is not for this one."""
    row = await store.get(entry.key)
    if row is None or not isinstance(row.body, Tariff):
        return None
    shown = await offered(store, row.body.owner, row.body.id, emsp)
    if shown is not None and shown.key == entry.key:
        return entry
    known = await _taken_away(store, emsp, entry, row, row.body) if shown is None else None
    if known is not None:
        gone = replace(entry, act=Act.WITHDRAWAL, fields=frozenset(), body=None, wire=None, created=False)
        return replace(gone, key=known.key, no=known.no, hub_id=known.hub_id)
    if entry.act is not Act.WITHDRAWAL or not row.body.regular or row.body.target not in (None, emsp):
        return None  # not for this eMSP, or it has one of its own
    if shown is None:
        return entry
    if row.body.target is None:
        return None
    return replace(  # what was for it alone is gone: now it has what all have
        entry, act=Act.FACT, key=shown.key, no=shown.no, hub_id=shown.hub_id, fields=frozenset(), body=shown.body,
        wire=None, created=False,
    )  # fmt: skip


async def _taken_away(store: Store, emsp: PartyId, entry: Entry, row: Stored, tariff: Tariff) -> Stored | None:
    """Return what an eMSP knew until this fact: by its type, or by one for it alone that it may not know (OCPI-146)."""
    if entry.act is Act.WITHDRAWAL or tariff.regular or tariff.target not in (None, emsp):
        return None
    if not entry.created:
        return row if _TYPE in entry.fields else None
    everybodys = await store.get(tariff_key(tariff.owner, tariff.id))
    if tariff.target is None or everybodys is None or everybodys.withdrawn or not isinstance(everybodys.body, Tariff):
        return None
    return everybodys if everybodys.body.regular else None
