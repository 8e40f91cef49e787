"""Draw the pictures of docs/guide/displays.md by the code in it, and the sheet in README.

Run: python docs/images/draw_displays.py
"""

import os
import re
from pathlib import Path
from tempfile import TemporaryDirectory

import matplotlib

from sklmerge import preview_folder
from sklmerge.datasets import write_textures

matplotlib.use("Agg")
matplotlib.rcParams["savefig.dpi"] = 90
here = Path(__file__).parent
page = (here.parent / "guide" / "displays.md").read_text()
os.chdir(here)
exec("\n".join(re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)))

with TemporaryDirectory() as folder:
    write_textures(os.path.join(folder, "photos"))
    preview_folder(os.path.join(folder, "photos"), "contact_sheet.png")
