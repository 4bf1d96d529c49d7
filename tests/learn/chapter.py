"""chapter.py STAGE: of a diff on standard input, the hunks that the stage's chapter does not show; this
is what ./learn diff A B --rest prints."""

import re
import signal
import sys
from pathlib import Path


def text_of(stage: Path) -> str:
    """The chapter, and the files that it is continued in."""
    first = stage / "README.md"
    others = sorted(file for file in stage.glob("*.md") if file.name not in ("README.md", "hints.md"))
    return "\n".join(file.read_text() for file in [first, *others])


def pieces(chapter: str) -> list[tuple[str, str]]:
    """The file and the code of each block that has a title."""
    return re.findall(r'^ *```\w+ title="([^"]+)"\n(.*?)^ *```$', chapter, re.M | re.S)


def rest(diff: str, stage: Path) -> tuple[str, int, int]:
    """What is left of the diff; how many hunks are, and how many there were. What only removes, or
    only includes, is not code that one could show."""
    shown: dict[str, set[str]] = {}
    for title, code in pieces(text_of(stage)):
        shown.setdefault(title, set()).update(line.strip() for line in code.splitlines())
    left, left_hunks, all_hunks = "", 0, 0
    for of_file in re.split(r"(?m)^(?=diff --git )", diff):
        head, *hunks = re.split(r"(?m)^(?=@@ )", of_file)
        name = re.search(r"(?m)^\+\+\+ [^/]+/(.+)$", head)
        known = shown.get(name[1] if name else "", set())
        kept = [hunk for hunk in hunks if not _is_shown(hunk, known)]
        all_hunks += len(hunks)
        left_hunks += len(kept)
        if kept:
            left += head + "".join(kept)
    return left, left_hunks, all_hunks


def _is_shown(hunk: str, shown: set[str]) -> bool:
    added = (line[1:].strip() for line in hunk.splitlines() if line.startswith("+"))
    return all(line in shown for line in added if line not in ("", "{", "}", "};") and not line.startswith("#include"))


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # whoever reads may have seen enough
    left, left_hunks, all_hunks = rest(sys.stdin.read(), Path(sys.argv[1]))
    print(f"Of {all_hunks} places in which files of the stage before change, the chapter does not show {left_hunks}.")
    print(left, end="")
