"""transcripts_test.py CHAPTER PROGRAMS: pastes the transcripts of a chapter into ./learn shell, all
into one and in their order, and compares the answers.

A transcript is a fence that is called console: lines that begin with `$ ` are commands, those below
them what they print. Behind console may stand what is special about one:

    stage=1         it is about another stage, and pasted into a shell of that one's
    needs=strace    it is left out where that program is not installed
    figures         its numbers, but for exit statuses, are others each time

What may differ in all of them stands in blurred(), and it is little.
"""

import os
import pathlib
import pty
import re
import shutil
import subprocess
import sys

SHELL = pathlib.Path(__file__).parent / "learn/shell.sh"
MARK = "\x1e"  # a line of it, and a number, is printed before each command


class Command:
    def __init__(self, line, text, flags):
        self.line = line  # its number in the chapter
        self.text = text
        self.flags = flags
        self.answer = []

    def flag(self, name):
        return next((flag.partition("=")[2] for flag in self.flags if flag.startswith(name)), None)


def transcripts(chapter):
    """The commands of all fences; and complaints about fences that hide some."""
    commands, complaints, fence = [], [], None
    for number, line in enumerate(chapter.splitlines(), 1):
        if line.startswith("```"):
            fence = line.removeprefix("```").split() if fence is None else None
        elif fence is not None and line.startswith("$ "):
            if fence[:1] != ["console"]:
                complaints.append(f"{number}: a command in a block that is not called console")
            commands.append(Command(number, line.removeprefix("$ "), fence[1:]))
        elif fence and fence[0] == "console":
            commands[-1].answer.append(line)
    return commands, complaints


def shells(commands, programs):
    """The programs of a stage, and what is pasted into a shell that has them. What goes into the
    chapter's own shell stays together, also where something is pasted elsewhere in between."""
    pasted = {}
    for command in commands:
        stage = command.flag("stage=")
        folder = next(programs.parent.glob(f"stage0{stage}-*"), None) if stage else programs
        needs = command.flag("needs=")
        if folder and (folder / "kv-server").exists() and (not needs or shutil.which(needs)):
            pasted.setdefault(folder, []).append(command)
    return pasted.items()


def paste(commands, programs):
    """What the shell shows below each command, as a terminal would show it."""
    script = "[[ $KV_SHELL_ALONE ]] || exit 77  # without a network of its own\n"
    script += "".join(f"printf '{MARK}{number}\\n'\n{command.text}\n"
                     for number, command in enumerate(commands))
    ours, its = pty.openpty()
    shell = subprocess.Popen(["bash", SHELL, programs, "-c", script + f"printf '{MARK}end\\n'"],
                             stdin=subprocess.DEVNULL, stdout=its, stderr=its)
    os.close(its)
    shown = b""
    try:
        while piece := os.read(ours, 1 << 16):
            shown += piece
    except OSError:  # the terminal is gone with the last process that had it
        pass
    if shell.wait() == 77:
        sys.exit(77)
    parts = shown.decode().replace("\r\n", "\n").split(MARK)[1:]
    return [part.splitlines()[1:] for part in parts]


def blurred(line, command):
    line = re.sub(r"\b\d+\.\d{3} (ms|s)\b", r"TIME \1", line)
    line = re.sub(r"\b127\.0\.0\.1:\d{5}\b", "PEER", line)
    line = re.sub(r"^\d+\) ", "", line)  # as redis-cli counts what has no order
    return line if command.flag("figures") is None else re.sub(r"(?<!exit )\b\d+", "NUMBER", line)


def is_as_printed(command, shown):
    """In what is printed, ... is any text."""
    printed = [blurred(line, command) for line in command.answer]
    shown = [blurred(line, command) for line in shown]
    if "hgetall" in command.text:  # pairs have no order
        printed, shown = sorted(printed), sorted(shown)
    return len(printed) == len(shown) and all(
        re.fullmatch(".*".join(map(re.escape, line.split("..."))), other)
        for line, other in zip(printed, shown))


def main(chapter, programs):
    commands, complaints = transcripts(pathlib.Path(chapter).read_text())
    count = 0
    for folder, pasted in shells(commands, pathlib.Path(programs).resolve()):
        shown = paste(pasted, folder)
        if len(shown) != len(pasted) + 1:
            complaints.append(f"{pasted[len(shown) - 1].line}: the shell ended here")
        for command, lines in zip(pasted, shown):
            if not is_as_printed(command, lines):
                complaints.append("\n".join([
                    f"{command.line}: $ {command.text}", "  printed:",
                    *("    " + line for line in command.answer), "  shown:",
                    *("    " + line for line in lines)]))
        count += len(pasted)
    for complaint in complaints:
        print(f"{chapter}:{complaint}")
    print(f"{count} of {len(commands)} commands were pasted")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
