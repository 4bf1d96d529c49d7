"""What the book is made of: each stage's code and tests, what a stage changes in a file, and where names are declared."""

import re
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests" / "learn"))
from stage import ROOT, Mistake, Stage, Step, stage  # noqa: E402

OF_CONTAINERS = set("append at back begin clear close count data empty end erase error find front get insert join load lock push_back read "
                    "reset size store str swap unlock value wait write".split())  # .size() is mostly not one of ours
OF_OTHERS = re.compile(r"\b(?:std|asio|boost|spdlog|testing)::(?:\w+::)*$")


@dataclass
class File:
    """A file as one stage has it. Its path is the same in every stage; a test that several stages have is in common/unit."""
    stage: Stage
    path: str
    source: Path
    step: Step | None  # that names it; None: it is as it was in the stage before
    before: "File | None"

    @cached_property
    def text(self) -> str:
        return self.source.read_text()

    @property
    def page(self) -> str:
        return page_of(self.source)

    @property
    def change(self) -> str:
        return "new" if not self.before else "same" if self.text == self.before.text else "changed"

    @property
    def changed_last(self) -> "File":
        file = self
        while file.change == "same":
            file = file.before
        return file

    @cached_property
    def difference(self) -> list[tuple[str, str]]:
        """All its lines and those that went, each with its sign: '+', '-' or ' '."""
        if not self.before:
            return [("+", line) for line in self.text.splitlines()]
        git = ["git", "diff", "--no-index", "--no-color", "--no-ext-diff", "--unified=1000000", "--", self.before.source, self.source]
        out = subprocess.run(git, text=True, capture_output=True).stdout
        body = re.split(r"(?m)^@@ .*\n", out, maxsplit=1)[1]
        return [(line[0], line[1:]) for line in body.split("\n")[:-1] if not line.startswith("\\")]


def page_of(source: Path) -> str:
    return f"{source.relative_to(ROOT)}.html"


def step_page(of: Stage, step: Step) -> str:
    return f"{of.name}/step-{step.name}.html"


def is_test(file: File) -> bool:
    return file.path.startswith("tests/")


class Source:
    def __init__(self):
        self.stages = [stage(number) for number in range(1, len(list(ROOT.glob("stage[0-9]*"))) + 1)]
        self.files: dict[int, dict[str, File]] = {}
        for of in self.stages:
            self.files[of.number] = self._files(of)
        every = [file for files in reversed(self.files.values()) for file in files.values()]
        self.by_source = {file.source: file for file in every}  # a test that several stages have: in the first of them
        self.tests = sorted((ROOT / "tests").glob("*.?pp"))  # of the running servers
        self.names = declared(sorted(self.by_source))

    def _files(self, of: Stage) -> dict[str, File]:
        before = self.files.get(of.number - 1, {})
        sources = {path: of.folder / path for path in of.code}
        sources |= {f"tests/{path.name}": path for path in sorted(of.folder.glob("tests/*.?pp"))}
        steps: dict[str, Step] = {}
        for step in of.steps_and_kept:
            tests = [f"{test}_test.cpp" for test in step.tests]
            helpers = [helper + suffix for helper in step.helpers for suffix in (".hpp", ".cpp")]
            for name in tests + helpers:
                sources.setdefault(f"tests/{name}", of.test_source(name[:-4]).with_suffix(name[-4:]))
                steps[f"tests/{name}"] = step
            steps |= dict.fromkeys(step.files, step)
        return {path: File(of, path, source, steps.get(path), before.get(path)) for path, source in sources.items()}

    def of_step(self, of: Stage, step: Step) -> list[File]:
        """What the step changes, in the order in which the list names it; the tests at the end."""
        files = [file for file in self.files[of.number].values() if file.step is step and file.change != "same"]
        helpers = [f"tests/{helper}{suffix}" for helper in step.helpers for suffix in (".hpp", ".cpp")]
        order = step.files + helpers + [f"tests/{test}_test.cpp" for test in step.tests]
        return sorted(files, key=lambda file: order.index(file.path))

    def gone(self, of: Stage) -> list[File]:
        here, before = self.files[of.number], self.files.get(of.number - 1, {})
        return [file for path, file in before.items() if path not in here and not path.startswith(("naive/", "tests/"))]

    def declarations(self, file: File) -> dict[str, tuple[str, str]]:
        """For each name that the file may mean: its kind and where it is declared. First in what the file includes, then in
        the file itself, then in the one header of the stage that has it."""
        files = self.files[file.stage.number]
        included = [files[f"src/{path}"].source for path in re.findall(r'^#include "(.+)"', file.text, re.M) if f"src/{path}" in files]
        found = dict(self._in_one_header[file.stage.number])
        for source in [file.source, *reversed(included)]:
            found |= {name: (kind, f"{page_of(source)}#L{line}") for name, (kind, line) in self.names[source].items()}
        return found

    @cached_property
    def _in_one_header(self) -> dict[int, dict[str, tuple[str, str]]]:
        found: dict[int, dict[str, tuple[str, str]]] = {}
        for number, files in self.files.items():
            headers = [file.source for file in files.values() if file.path.endswith(".hpp")]
            times = Counter(name for source in headers for name in self.names[source])
            found[number] = {name: (kind, f"{page_of(source)}#L{line}") for source in headers
                             for name, (kind, line) in self.names[source].items() if times[name] == 1}
        return found


def is_meant(name: str, kind: str, before: str, after: str) -> bool:
    """Whether a name of ours is meant by one that stands between `before` and `after`, as far as one can tell."""
    if kind == "f" and not after.startswith("("):
        return False
    if before.endswith("::"):
        return not OF_OTHERS.search(before)
    if kind == "e":  # an enumerator has its enum in front
        return False
    return not before.endswith((".", "->")) or name not in OF_CONTAINERS


def declared(sources: list[Path]) -> dict[Path, dict[str, tuple[str, int]]]:
    """For each file what ctags finds in it: name -> kind and line; of two, the first. Of kinds, f is a function and e an enumerator."""
    names: dict[Path, dict[str, tuple[str, int]]] = {source: {} for source in sources}
    ctags = ["ctags", "-x", "--_xformat=%N\t%k\t%n\t%F", "--sort=no", "--languages=C++", "--langmap=C++:+.hpp.cpp",
             "--kinds-C++=cdefgpstv", "-L", "-"]
    lists = "\n".join(str(source) for source in sources if source.suffix in (".cpp", ".hpp"))
    for line in subprocess.run(ctags, input=lists, text=True, capture_output=True, check=True).stdout.splitlines():
        name, kind, number, source = line.split("\t")
        kind = "f" if kind == "p" else kind
        if re.fullmatch(r"(?!__anon)\w{2,}", name):
            names[Path(source)].setdefault(name, (kind, int(number)))
    return names
