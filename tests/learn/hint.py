"""./learn hint: a little more each time: the idea, then the functions, then the reference's lines."""

import re

from stage import Mistake, Step
from stubs import Chunk, chunks_of
from workspace import Workspace, workspace

LIBRARIES = re.compile(r"\b(?:std|asio|spdlog|google::protobuf)(?:::\w+)+|(?<![\w:])::\w+(?=\()|\b[A-Z]{2,}_[A-Z_0-9]+\b")


def main(arguments: list[str]) -> int:
    number = arguments.pop(0) if arguments and arguments[0].isdigit() else ""
    mine = workspace(number)
    if len(arguments) == 2 and arguments[0] == "--exercise":
        name = f"exercise {arguments[1]}"
        texts = _paragraphs(mine, name)
        if not texts:
            raise Mistake(f"{mine.stage.name} has no {name}")
        last = f"{mine.stage.name}/solutions/{arguments[1]}.patch is a worked solution"
    elif arguments:
        raise Mistake("./learn hint [N], or ./learn hint [N] --exercise K")
    elif mine.here is None:
        number = mine.stage.number
        raise Mistake(f"every step of stage {number} is green, so there are no more hints. Where ./learn check {number} "
                      f"is red all the same, ./learn diff {number} mine shows what the reference does otherwise")
    else:
        name = mine.here.name
        texts = [*_paragraphs(mine, name), _functions(mine, mine.here), *_lines(mine, mine.here)]
        last = f"./learn take {name} gives the step's files"
    given = mine.state["hints"].get(name, 0)
    if given == len(texts):
        print(f"These were all {given} hints to {name}; {last}. They begin again.")
        mine.remember(hints=mine.state["hints"] | {name: 0})
        return 0
    print(f"{name}, hint {given + 1} of {len(texts)}\n\n{texts[given].rstrip()}")
    mine.remember(hints=mine.state["hints"] | {name: given + 1})
    return 0


def _paragraphs(mine: Workspace, name: str) -> list[str]:
    """What hints.md says: first what the idea is, then more, a paragraph each time."""
    text = (mine.stage.folder / "hints.md").read_text()
    found = re.search(rf"^## {re.escape(name)}\n+(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE)
    return found.group(1).strip().split("\n\n") if found else []


def _written(mine: Workspace, step: Step) -> list[tuple[str, Chunk]]:
    """The functions of the reference that this step adds or changes, with their files."""
    found = []
    for file in (file for file in step.files if file.endswith(".cpp")):
        before = mine.stage.before and mine.stage.before.folder / file
        known = {c.code for c in chunks_of(before.read_text())} if before and before.exists() else set()
        chunks = chunks_of((mine.stage.folder / file).read_text())
        found += [(file, chunk) for chunk in chunks if chunk.kind == "function" and chunk.code not in known]
    return found


def _functions(mine: Workspace, step: Step) -> str:
    lines = ["The functions that the reference has, how long they are, and what they use:", ""]
    for file, chunk in _written(mine, step):
        used = sorted(set(LIBRARIES.findall(chunk.code)))
        size = chunk.text.count("\n") + 1
        lines.append(f"  {file}: {chunk.name}, {size} {'line' if size == 1 else 'lines'}")
        if used:
            lines.append(f"      {' '.join(used)}")
    return "\n".join(lines)


def _lines(mine: Workspace, step: Step) -> list[str]:
    return [f"The reference's {chunk.name}, in {file}:\n\n{chunk.text}" for file, chunk in _written(mine, step)]
