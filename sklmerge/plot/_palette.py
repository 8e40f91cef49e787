"""Colours that stay apart for colour-blind readers, and in grey.

From M. Okabe and K. Ito, "Color Universal Design" (2008), chosen so that neighbours differ in
lightness too; where they might not, hatches, dashes or markers differ.
"""

INK = "#1a1a1a"
FAINT = "#5f6368"
GREY = "#c8c8c8"
BAND = "#eef1f4"
BLUE = "#0072b2"
ORANGE = "#e69f00"
VERMILLION = "#d55e00"
SKY = "#56b4e9"
GREEN = "#009e73"
PURPLE = "#cc79a7"

SERIES = (INK, BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY)
# Of other numbers than the colours, so that no pair of both comes twice among 56, or 28.
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
DASHES = ("-", "--", "-.", ":")
# From white to dark, so that it means the same in grey.
COLORMAP = "Blues"
