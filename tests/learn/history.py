"""./learn history DIR: a git repository in which every step of every stage is a commit with a tag.

The stage is in kv/, so that a commit's diff is what its step changes; common/ stands beside it, as
it does here. Headers that change come with a stage's first commit, as they are needed from there on.
"""

import re
import shutil
import subprocess
from pathlib import Path

from stage import ROOT, Mistake, Stage, Step, stage


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        raise Mistake("where to? ./learn history DIR")
    folder = Path(arguments[0])
    if folder.exists() and any(folder.iterdir()):
        raise Mistake(f"{folder} is there already, and not empty")
    folder.mkdir(parents=True, exist_ok=True)
    commits = write(folder)
    print(f"{folder}: {commits} commits, each with a tag such as stage05/log; stage05/end is stage 5.\n"
          f"Build one with: cmake -S {folder}/kv -B {folder}/build -G Ninja && cmake --build {folder}/build")
    return 0


def write(folder: Path) -> int:
    git(folder, "init", "--quiet", "--template=", "--initial-branch=main")
    (folder / ".gitignore").write_text("/build/\n")
    shutil.copytree(ROOT / "common", folder / "common", ignore=shutil.ignore_patterns("build", "__pycache__"))
    count = 0
    for number in range(1, len(list(ROOT.glob("stage[0-9]*"))) + 1):
        of = stage(number)
        _begin(folder / "kv", of)
        steps = of.steps
        for step in steps:
            is_last = step is steps[-1]
            _bring(folder / "kv", of, step, is_last)
            _commit(folder, of, step)
            count += 1
        git(folder, "tag", f"stage{number:02}/end")
    return count


def git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=The course", "-c", "user.email=course@localhost", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", folder, *who, *arguments], check=True)


def _begin(kv: Path, of: Stage) -> None:
    """What goes, goes; the chapter, what the tests read and the headers that change are there at once."""
    if of.before:
        for file in {*of.before.code, *of.before.chapter_files} - {*of.code, *of.chapter_files}:
            (kv / file).unlink()
    shutil.rmtree(kv / "tests", ignore_errors=True)
    at_once = of.at_once + of.chapter_files
    tests = [path for path in (of.folder / "tests").rglob("*") if path.is_file() and path.suffix != ".cpp"]
    for file in at_once + [str(path.relative_to(of.folder)) for path in tests]:
        _copy(of, file, kv)


def _bring(kv: Path, of: Stage, step: Step, is_last: bool) -> None:
    for file in step.files:
        _copy(of, file, kv)
    tests = [f"{test}_test" for test in step.tests] + step.helpers
    if is_last:
        tests += [f"{test}_test" for test in of.kept_tests]
    for test in tests:
        if (of.folder / "tests" / f"{test}.cpp").exists():
            _copy(of, f"tests/{test}.cpp", kv)
    lists = (of.folder / "CMakeLists.txt").read_text()
    if not is_last:
        lists = re.sub(r"^kv_", f"set(KV_LAST_STEP {step.name})\nkv_", lists, count=1, flags=re.MULTILINE)
    (kv / "CMakeLists.txt").write_text(lists)


def _copy(of: Stage, file: str, kv: Path) -> None:
    (kv / file).parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(of.folder / file, kv / file)


def _commit(folder: Path, of: Stage, step: Step) -> None:
    _, _, heading = of.heading(step.name)
    title = re.sub(r"^Step \d+: ", "", heading) or f"{step.name} ({step.kind})"
    git(folder, "add", "--all", "--force", "kv", "common", ".gitignore")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", f"Stage {of.number}, {title}")
    git(folder, "tag", f"stage{of.number:02}/{step.name}")
