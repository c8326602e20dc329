"""Print the reference page on what is lost between eMIP and OCPI."""

import sys

from .translate.loss_tables import TABLES
from .translate.losses import page

sys.stdout.write(page(TABLES))
