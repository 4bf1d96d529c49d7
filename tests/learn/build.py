"""Building a workspace, and running its test programs."""

import hashlib
import os
import re
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from stage import BUILD, MY, ROOT, Step
from workspace import Workspace, all_started

SECONDS_MAX = 180  # of one test; it hangs, then. One that flips each bit takes 60 on a busy machine


@dataclass
class Outcome:
    test: str  # Suite.Test
    passed: bool
    output: str


def jobs() -> int:
    return os.cpu_count() or 1


def configure(mine: Workspace) -> str:
    """Empty, or what CMake has to complain of. Needed whenever files have come or gone."""
    command = ["cmake", "-S", ROOT, "-B", BUILD, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Debug", f"-DKV_MINE={MY}",
               f"-DKV_STAGES={';'.join(all_started())}"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode == 0 and MY == ROOT / "my":
        link = ROOT / "compile_commands.json"  # for editors
        link.unlink(missing_ok=True)
        link.symlink_to((BUILD / "compile_commands.json").relative_to(ROOT))
    return "" if done.returncode == 0 else done.stderr


def program(mine: Workspace, test: str) -> Path:
    return BUILD / mine.stage.name / f"{mine.stage.name}-{test.replace('_', '-')}-test"


def exercise_program(mine: Workspace, number: str) -> Path:
    return BUILD / mine.stage.name / f"{mine.stage.name}-exercise-{number}"


def targets(mine: Workspace, step: Step) -> list[str]:
    tests = [program(mine, test).name for test in step.tests]
    has_code = any(file.endswith(".cpp") and file.startswith("src/") for file in step.files)
    return [] if step.kind == "naive" else tests or [f"{mine.stage.name}-{step.name}"] * has_code


def build(names: list[str]) -> str:
    """Empty, or what the compiler says, up to its first error's end."""
    if not names:
        return ""
    done = subprocess.run(["cmake", "--build", BUILD, "--parallel", str(jobs()), "--target", *names],
                          capture_output=True, text=True)
    return "" if done.returncode == 0 else first_error(done.stdout + done.stderr)


def first_error(log: str) -> str:
    """The first error of a compiler or linker with what belongs to it; without the command lines."""
    lines = log.split("\n")
    begin = next((at for at, line in enumerate(lines) if re.search(r"\berror\b|CMake Error|undefined reference|multiple definition", line)), 0)
    end = begin + 1
    while end < len(lines) and end < begin + 12 and not re.search(r"^\S+:\d+:\d+: (error|warning)|^(ninja|\[\d)", lines[end]):
        end += 1
    prefix = str(ROOT) + "/"
    return "\n".join(line.replace(prefix, "") for line in lines[begin:end]).rstrip()


def digest(mine: Workspace, step: Step) -> str:
    """Of all that a step's tests are made of: as long as it is the same, they need not run again."""
    programs = [program(mine, test) for test in step.tests]
    programs += [BUILD / mine.stage.name / name for name in ("kv-server", "kv-client", "kv-inspect")]
    hashed = hashlib.sha256()
    for path in programs:
        if path.exists():
            hashed.update(path.read_bytes())
    return hashed.hexdigest()


def tests_in(path: Path) -> list[str]:
    out = subprocess.run([path, "--gtest_list_tests"], capture_output=True, text=True, check=True).stdout
    names, suite = [], ""
    for line in out.splitlines():
        word = line.split("#")[0].rstrip()
        if word.startswith("  "):
            names.append(suite + word.strip())
        elif word.endswith("."):
            suite = word
    return [name for name in names if "DISABLED_" not in name]


def run_tests(mine: Workspace, step_tests: list[str]) -> list[Outcome]:
    return run_all([program(mine, test) for test in step_tests])


def run_all(programs: list[Path]) -> list[Outcome]:
    """Each test in a process of its own, as one that ends the process must not hide the others."""
    runs = [(path, name) for path in programs for name in tests_in(path)]
    with ThreadPoolExecutor(2 * jobs()) as pool:
        return list(pool.map(lambda run: _run(*run), runs))


def _run(path: Path, test: str) -> Outcome:
    """In a folder of its own: a server that is not told where to keep its data does so where it is."""
    try:
        with tempfile.TemporaryDirectory(prefix="kv-check-") as folder:
            done = subprocess.run([path, f"--gtest_filter={test}"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True, errors="replace", timeout=SECONDS_MAX, cwd=folder)
    except subprocess.TimeoutExpired as late:
        said = (late.stdout or b"").decode(errors="replace")
        why = "it waits for something, or the machine is busy"
        return Outcome(test, False, f"{said}\nit had not ended after {SECONDS_MAX} s: {why}")
    if done.returncode < 0:
        return Outcome(test, False, f"{done.stdout}\nit ended by signal {-done.returncode}")
    return Outcome(test, done.returncode == 0, done.stdout)
