"""What ./learn hands on: the learner's own stages. Each command is a module with a main."""

import sys
from importlib import import_module

from stage import Mistake

MODULES = {"start": "start", "check": "check", "take": "take", "hint": "hint", "peek": "peek", "break": "breaks",
           "crash": "crash", "history": "history"}


def main() -> int:
    command, *arguments = sys.argv[1:]
    name = "check_server" if command == "check" and "--server" in arguments else MODULES[command]
    try:
        return import_module(name).main(arguments)
    except Mistake as mistake:
        print(f"learn: {mistake}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
