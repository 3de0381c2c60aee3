"""Where the time of a decision goes, as text: what calls what, and its share.

py-spy record --gil -r 250 -f raw -o decide.txt -- python -m benchmarks inside
python -m benchmarks.flame decide.txt
"""

import re
import sys
from pathlib import Path

ROOT, LEAST = "Deciding.decide", 0.01


class Call:
    """One function as called from where it stands, with the samples that were in it."""

    def __init__(self) -> None:
        self.samples = 0
        self.inner: dict[str, Call] = {}


def read(text: str) -> Call:
    """The samples within `ROOT`, each a line of frames from the outermost on and its count."""
    root = Call()
    for line in text.splitlines():
        frames, _, count = line.rpartition(" ")
        names = [re.sub(r"\.<locals>|:\d+(?=\)$)", "", one) for one in frames.split(";")]
        places = [place for place, name in enumerate(names) if name.startswith(f"{ROOT} ")]
        if places:
            at = root
            at.samples += int(count)
            for name in names[places[0] + 1 :]:
                at = at.inner.setdefault(name, Call())
                at.samples += int(count)
    return root


def show(call: Call, whole: int, depth: int = 0) -> None:
    """Each call with its share, the largest first, down to a hundredth."""
    for name, one in sorted(call.inner.items(), key=lambda pair: -pair[1].samples):
        share = one.samples / whole
        if share >= LEAST:
            print(f"{'  ' * depth}{share:6.1%} {_short(name)}")
            show(one, whole, depth + 1)


def _short(name: str) -> str:
    """The function and its file, without the folder that Python is installed in."""
    return re.sub(r"\(.*?(?=wager/|numpy/|[^/]*\)$)", "(", name)


if __name__ == "__main__":
    found = read(Path(sys.argv[1]).read_text())
    print(f"100.0% {ROOT}, {found.samples:,} samples")
    show(found, found.samples)
