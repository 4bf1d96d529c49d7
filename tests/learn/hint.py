"""./learn hint [N]: a little more each time: the idea, then the functions, then the reference's lines."""

import re

from stage import Mistake, Step
from stubs import Chunk, chunks_of
from workspace import Workspace, workspace

LIBRARIES = re.compile(r"\b(?:std|asio|spdlog|google::protobuf)(?:::\w+)+|(?<![\w:])::\w+(?=\()|\b[A-Z]{2,}_[A-Z_0-9]+\b")


def main(arguments: list[str]) -> int:
    if len(arguments) > 1:
        raise Mistake("./learn hint [N]")
    mine = workspace(*arguments)
    step = mine.here
    if step is None:
        raise Mistake(f"stage {mine.stage.number} is written, and green; ./learn check says so")
    given = mine.state["hints"].get(step.name, 0)
    texts = [_idea(mine, step), *_functions(mine, step)]
    text = texts[given] if given < len(texts) else _lines(mine, step, given - len(texts))
    print(text.rstrip())
    mine.remember(hints=mine.state["hints"] | {step.name: given + 1})
    print("\nMore: ./learn hint, again. All of it: ./learn take")
    return 0


def _idea(mine: Workspace, step: Step) -> str:
    text = (mine.stage.folder / "hints.md").read_text()
    found = re.search(rf"^## {re.escape(step.name)}\n+(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE)
    return f"{step.name}: the idea\n\n{found.group(1) if found else ''}"


def _written(mine: Workspace, step: Step) -> list[tuple[str, Chunk]]:
    """The functions of the reference that this step adds or changes, with their files."""
    found = []
    for file in (file for file in step.files if file.endswith(".cpp")):
        before = mine.stage.before and mine.stage.before.folder / file
        known = {c.code for c in chunks_of(before.read_text())} if before and before.exists() else set()
        chunks = chunks_of((mine.stage.folder / file).read_text())
        found += [(file, chunk) for chunk in chunks if chunk.kind == "function" and chunk.code not in known]
    return found


def _functions(mine: Workspace, step: Step) -> list[str]:
    lines = [f"{step.name}: the functions that the reference has, how long they are, and what they use", ""]
    for file, chunk in _written(mine, step):
        used = sorted(set(LIBRARIES.findall(chunk.code)))
        size = chunk.text.count("\n") + 1
        lines.append(f"  {file}: {chunk.name}, {size} {'line' if size == 1 else 'lines'}")
        if used:
            lines.append(f"      {' '.join(used)}")
    return ["\n".join(lines)]


def _lines(mine: Workspace, step: Step, number: int) -> str:
    functions = _written(mine, step)
    if number >= len(functions):
        raise Mistake(f"these were all hints to {step.name}; ./learn take {step.name} gives its files")
    file, chunk = functions[number]
    return f"{step.name}: the reference's {chunk.name} ({file}), {number + 1} of {len(functions)}\n\n{chunk.text}"
