"""The SQL of this room: named statements in files, one file for both databases and one for each."""

from __future__ import annotations

import re
from importlib.resources import files

from interroam.store.rows import JOURNAL, PICTURE, PICTURE_WRITTEN

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)
_COLUMNS = {
    "$PICTURE_WRITTEN": PICTURE_WRITTEN,
    "$PICTURE": PICTURE,
    "$JOURNAL": JOURNAL,
    "$NAMED": "SELECT no FROM refs WHERE ref = ?1 UNION SELECT no FROM picture WHERE kind = ?2 AND id = ?3",
}
_MIGRATION = re.compile(r"^(\d{4})_\w+\.sql$")


def statements(dialect: str) -> dict[str, str]:
    """Return the named statements of a dialect, those it shares with the other included."""
    root = files("interroam.store") / "sql"
    found: dict[str, str] = {}
    for file in (root / "queries.sql", root / dialect / "queries.sql"):
        parts = _NAME.split(file.read_text(encoding="utf-8"))
        for name, text in zip(parts[1::2], parts[2::2], strict=True):
            for word, columns in _COLUMNS.items():
                text = text.replace(word, columns)  # noqa: PLW2901  one after the other
            found[name] = text.strip()
    return found


def migrations(dialect: str) -> list[tuple[int, str]]:
    """Return the numbered migrations of a dialect, in order."""
    folder = files("interroam.store") / "sql" / dialect
    found = [(match[1], file) for file in folder.iterdir() if (match := _MIGRATION.match(file.name))]
    return [(int(number), file.read_text(encoding="utf-8")) for number, file in sorted(found, key=lambda one: one[0])]
