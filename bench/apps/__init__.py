"""Applications on other people's OCPI libraries; each runs in the virtual environment of its library."""
