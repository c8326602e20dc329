"""Draws demo.svg from a real run of the demo: `.venv/bin/python docs/pictures/draw.py`."""

import re
from io import StringIO
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

from interroam.demo.play import run
from interroam.demo.story import Story

WIDTH = 110
SHOWN = ("Claire charges in", "Jonas tries", "Claire charges at", "Marc charges", "The dossier")

told = StringIO()
plain = Console(
    file=told, width=WIDTH, highlight=False, force_terminal=True, force_interactive=False, color_system="256"
)
if run(once=True, story=Story(plain)):
    raise SystemExit(told.getvalue())

lines = [Text.from_ansi(line) for line in told.getvalue().splitlines()]
picture = Console(record=True, width=WIDTH, file=StringIO(), highlight=False)
shown = True
for line in lines:
    if "───" in line.plain and line.plain[:1].isdigit():
        before, shown = shown, any(words in line.plain for words in SHOWN)
        if shown and not before:
            picture.print()
        if not shown:
            picture.print(Text(line.plain.replace("─", "").rstrip() + " …", style="dim"))
    elif "The story is told" in line.plain:
        shown = True
        picture.print()
    if shown:
        picture.print(line, soft_wrap=True)
# No font from elsewhere: the reader's own will do, since every run of text says how long it is.
form = re.sub(r"@font-face \{\{.*?\}\}\s*", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
form = form.replace("font-family: Fira Code,", "font-family: Menlo, Consolas, DejaVu Sans Mono,")
file = Path(__file__).with_name("demo.svg")
picture.save_svg(str(file), title="make demo", code_format=form, unique_id="demo")
