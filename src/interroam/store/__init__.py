"""The store: journal, picture, traces, shelf, cursors and register, on SQLite or on PostgreSQL.

One process writes (a lock sees to it), through one writer: what waits while a commit runs shares the next one, and
each is answered after its own commit. So the writer's memory of the newest rows is exact.
"""

from interroam.store.retention import Retention
from interroam.store.sqlite import SqliteStore

__all__ = ["Retention", "SqliteStore"]
