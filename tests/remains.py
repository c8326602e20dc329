"""What is left of a word wherever a node keeps anything: in the files of its folder, or in its schema of PostgreSQL."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg

from interroam.store.traces import inflated

_FOLD = bytes(range(256)).lower()


def _says(data: bytes, words: tuple[str, ...]) -> bool:
    folded = data.translate(_FOLD, b"-*")
    return any(word.replace("-", "").casefold().encode() in folded for word in words)


def in_files(folder: Path, *words: str) -> list[str]:
    """Return where any of the words stands: files as they are, logs and free pages included, and blocks of traces."""
    found = []
    for file in sorted(one for one in folder.rglob("*") if one.is_file()):
        if _says(file.read_bytes(), words):
            found.append(file.name)
        if file.name.startswith("traces-") and file.suffix == ".db":
            with sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True) as db:
                blocks = db.execute("SELECT block, data FROM blocks").fetchall()
            found += [f"{file.name}, block {block}" for block, data in blocks if _says(inflated(data), words)]
    return found


async def in_schema(url: str, *words: str) -> list[str]:
    """Return the tables and rows in which any of the words stands, whatever the column."""
    (schema,) = parse_qs(urlsplit(url).query)["search_path"]
    db = await asyncpg.connect(url)
    found = []
    for (table,) in await db.fetch("SELECT tablename FROM pg_tables WHERE schemaname = $1", schema):
        for number, row in enumerate(await db.fetch(f"SELECT * FROM {table}")):
            values = [one if isinstance(one, bytes) else str(one).encode() for one in row.values()]
            if table.startswith("traces_"):
                values.append(inflated(row["data"]))
            if any(_says(one, words) for one in values):
                found.append(f"{table}, row {number}")
    await db.close()
    return found
