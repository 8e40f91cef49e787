"""Where displays are drawn: matplotlib is brought in here, and axes are made or taken."""

from typing import Any

# Points of a label, where there is room for it.
_FONT_SIZE = 10.0


def open_axes(ax: Any, figure_size: tuple[float, float], caller: str) -> Any:
    """Take the axes given, or make a figure with one.

    Parameters
    ----------
    ax : matplotlib.axes.Axes or None
        What the user gave.
    figure_size : (float, float)
        Width and height of a new figure, in inches.
    caller : str
        Who draws, for the message.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    if ax is not None:
        return ax
    return load_pyplot(caller).subplots(figsize=figure_size, layout="constrained")[1]


def load_pyplot(caller: str) -> Any:
    """Import matplotlib.pyplot, or say how to install it.

    Parameters
    ----------
    caller : str
        Who draws, for the message.

    Returns
    -------
    module

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            f"{caller} needs matplotlib, which is not installed; pip install 'sklmerge[plot]'"
        ) from error
    return plt


def fit_font(ax: Any, n_rows: float) -> float:
    """Say how large text may be, in points, where so many rows share the height of axes.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where the rows are.
    n_rows : float
        How many.

    Returns
    -------
    float
    """
    inches = ax.get_position().height * ax.figure.get_figheight()
    return float(min(_FONT_SIZE, max(3.0, 0.72 * 72 * inches / max(n_rows, 1))))


def scale_log(ax: Any, low: float, high: float, side: str = "x") -> None:
    """Make an axis logarithmic, with numbers written out as people read them.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Changed in place.
    low, high : float
        Its ends.
    side : {"x", "y"}, default="x"
        Which axis.
    """
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    ax.set(**{f"{side}scale": "log", f"{side}lim": (low, high)})
    axis = ax.xaxis if side == "x" else ax.yaxis
    # Powers of ten alone, where more would run into each other.
    axis.set_major_locator(LogLocator(subs=(1,) if high > 100 * low else (1, 2, 5), numticks=9))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    axis.set_minor_formatter(NullFormatter())


def shorten_name(label: Any, length: int = 32) -> str:
    """Write a label in few letters, its middle left out where it is long.

    Parameters
    ----------
    label : object
        Of a class.
    length : int, default=32
        The most letters.

    Returns
    -------
    str

    Examples
    --------
    >>> from sklmerge.plot._axes import shorten_name
    >>> shorten_name("basophilic normoblast, late stage", 20)
    'basophilic…ate stage'
    """
    name = " ".join(str(label).split())
    if len(name) <= length:
        return name
    half = length // 2
    return f"{name[:half]}…{name[len(name) - (length - half - 1) :]}"
