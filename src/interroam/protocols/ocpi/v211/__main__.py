"""Print the reference page on what the bridge costs."""

import sys

from .statement import page

sys.stdout.write(page())
