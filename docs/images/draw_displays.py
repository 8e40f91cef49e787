"""Draw the pictures of docs/guide/displays.md, by the code that stands there.

Run: python docs/images/draw_displays.py
"""

import os
import re
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
matplotlib.rcParams["savefig.dpi"] = 90
here = Path(__file__).parent
page = (here.parent / "guide" / "displays.md").read_text()
os.chdir(here)
exec("\n".join(re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)))
