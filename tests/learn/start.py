"""./learn start N: makes the workspace of a stage, and shows where one begins."""

import check
from stage import Mistake, to_write
from workspace import Workspace, shown


def main(arguments: list[str]) -> int:
    numbers = [word for word in arguments if word != "--reference"]
    if len(numbers) != 1:
        raise Mistake("which stage? ./learn start N [--reference]")
    mine = Workspace(to_write(numbers[0]))
    origin = mine.start("--reference" in arguments)
    print(f"{shown(mine.folder)} is made, from {origin}.")
    print("What is given is compiled now, once; a minute or so.", flush=True)
    check.check(mine)
    print(f"\nWrite, and say ./learn check as often as you like; ./learn hint when you are stuck.")
    return 0
