"""One look for all figures: colours, lines, axes and legends. Matplotlib's global state is left alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

#: how Matplotlib is told to draw something
Look: TypeAlias = dict[str, Any]
#: one line of a legend: its name and a sample of what it names
Entry: TypeAlias = "tuple[str, Line2D]"

#: Okabe and Ito's colours without yellow, which is too faint on white
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
REFERENCE = "#666666"
DPI = 150
WIDTH, HEIGHT = 6.4, 4.2
LABEL_SIZE = 9.5

#: beyond it, Matplotlib's own arithmetic on the ends of an axis overflows
_HIGHEST = 1e100
_LONGEST_LABEL = 40
_MOST_RUNS = 20
#: what fits side by side below the axes: characters per inch, and those that an entry needs besides its name
_PER_INCH, _PER_ENTRY = 13, 6


def colour(index: int, of: int) -> str:
    """Return the colour of the `index`-th of several things; more than there are colours get shades."""
    if of <= len(COLOURS):
        return COLOURS[index]
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    # the last fifth is too faint on white
    return to_hex(colormaps["viridis"](0.8 * index / (of - 1)))


def plain(text: str) -> str:
    """Return a user's text as Matplotlib shows it letter by letter: one line, no formulas, not too long."""
    shown = text if text.isprintable() else text.encode("unicode_escape").decode("ascii")
    if len(shown) > _LONGEST_LABEL:
        shown = shown[: _LONGEST_LABEL - 3] + "..."
    # a leading underscore hides an entry from a legend
    return (" " + shown if shown.startswith("_") else shown).replace("$", r"\$")


def new_figure(*, width: float = WIDTH, height: float = HEIGHT) -> Figure:
    """Return an empty figure that belongs to no window and no global list."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def prepare(axes: Axes, *, title: str = "", x: str = "", y: str = "") -> None:
    """Give axes their title, labels and a light grid."""
    axes.grid(visible=True, color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8.5)
    if title:
        axes.set_title(title, loc="left", fontsize=10.5)
    axes.set_xlabel(x, fontsize=LABEL_SIZE)
    axes.set_ylabel(y, fontsize=LABEL_SIZE)


def log_axis(axes: Axes, values: ArrayLike) -> None:
    """Make the vertical axis logarithmic if there is anything positive to show.

    Powers of ten alone would leave an axis of few decades nearly without numbers, so that gets more of them.
    """
    from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, StrMethodFormatter

    numbers = np.asarray(values, dtype=np.float64)
    positive = numbers[numbers > 0.0]
    if not positive.size:
        return
    axes.set_yscale("log")
    axes.yaxis.set_minor_formatter(NullFormatter())
    span = positive.max() / positive.min()
    if span < 30.0:
        axes.yaxis.set_major_locator(MaxNLocator(5) if span < 5.0 else LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))


def shown(values: ArrayLike) -> NDArray[np.float64]:
    """Return values for a logarithmic axis: what is not positive becomes a gap."""
    numbers = np.asarray(values, dtype=np.float64)
    return np.where(numbers > 0.0, numbers, np.nan) if (numbers > 0.0).any() else numbers


def limits(values: ArrayLike, *, margin: float) -> tuple[float, float]:
    """Return the ends of an axis for finite values; what is not finite is not drawn.

    Parameters
    ----------
    values
        What the axis shows.
    margin
        Room on either side, as a share of what the values span; of 1 where they are all the same.
    """
    numbers = np.asarray(values, dtype=np.float64)
    finite = numbers[np.abs(numbers) <= _HIGHEST]
    if not finite.size:
        return -margin, 1.0 + margin
    low, high = float(finite.min()), float(finite.max())
    room = margin * ((high - low) or max(1.0, abs(low)))
    return low - room, high + room


def line(name: str, **style: Any) -> Entry:
    """Return a legend entry that shows a line or marker of the given style."""
    from matplotlib.lines import Line2D

    return name, Line2D([], [], **style)


def legend(figure: Figure, runs: Sequence[Entry], notes: Sequence[Entry] = ()) -> None:
    """Put a legend outside the axes: below if it is short, on the right if it is long.

    Parameters
    ----------
    figure
        Where.
    runs
        Names and samples of what was drawn; very many are cut short.
    notes
        Explanations of marks and lines, never left out.
    """
    kept = list(runs[:_MOST_RUNS])
    if len(runs) > len(kept):
        kept.append(line(f"and {len(runs) - len(kept)} more", linestyle="none"))
    entries = [*kept, *notes]
    labels, handles = [plain(name) for name, _ in entries], [sample for _, sample in entries]
    width, height = figure.get_size_inches()
    look: Look = {"frameon": False, "fontsize": 8.5}
    if sum(len(label) + _PER_ENTRY for label in labels) <= _PER_INCH * width:
        figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), **look)
        return
    figure.set_size_inches(width + 0.8 + 0.07 * max(map(len, labels)), max(height, 0.2 * len(labels) + 0.3))
    figure.legend(handles, labels, loc="outside right upper", **look)
