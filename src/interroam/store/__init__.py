"""The store: journal, picture, traces, shelf, cursors and register, on SQLite or on PostgreSQL.

One process writes (a lock sees to it), through one writer: what waits while a commit runs shares the next one, and
each is answered after its own commit. So the writer's memory of the newest rows is exact.

``PostgresStore`` is in ``interroam.store.postgres``: who does not use it need not load its driver.
"""

from interroam.store.retention import Retention
from interroam.store.sqlite import SqliteStore

__all__ = ["Retention", "SqliteStore"]
