"""What no test has to wait for: settled here before the first one begins."""

import os
import shutil
from pathlib import Path

from argon2 import PasswordHasher

from interroam.core.office import people

MEMORY = Path("/dev/shm")
MUCH = 2_000_000_000

# No test calls a stranger, and whom the system trusts takes long to read.
os.environ["SSL_CERT_FILE"] = os.devnull
# No test pulls the plug: files need not reach a disk.
if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > MUCH:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))
# Nobody guesses the passwords of tests.
people._HASHER = PasswordHasher(time_cost=1, memory_cost=1024)
