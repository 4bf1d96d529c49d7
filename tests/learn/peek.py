"""./learn peek FILE: what the reference has where yours differs."""

import subprocess

from stage import Mistake
from workspace import shown, workspace


def main(arguments: list[str]) -> int:
    number = arguments.pop(0) if arguments and arguments[0].isdigit() else ""
    if len(arguments) != 1:
        raise Mistake("which file? ./learn peek [N] FILE, such as src/net/session.cpp")
    mine = workspace(number)
    file = arguments[0].removeprefix(f"{shown(mine.folder)}/").removeprefix(f"{mine.stage.name}/")
    theirs, own = mine.stage.folder / file, mine.folder / file
    if not theirs.is_file():
        raise Mistake(f"{mine.stage.name} has no {file}")
    if not own.exists():
        raise Mistake(f"{file} comes with a later step")
    if own.read_bytes() == theirs.read_bytes():
        print(f"{file}: yours is the same")
        return 0
    command = ["git", "diff", "--no-index", "--src-prefix=yours:", "--dst-prefix=reference:"]
    subprocess.run([*command, own.relative_to(own.anchor), theirs.relative_to(theirs.anchor)], cwd=own.anchor)
    return 0
