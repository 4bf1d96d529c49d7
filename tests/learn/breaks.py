"""./learn break: a bug is planted in a copy of a stage, and whoever reads the code is to find it.

The bugs are the patches of tests/mutants. The copy is my/broken: a checkout of that one stage, with
links to what the stages share, which is built in build/broken. Of the patch only a hash of its name
is kept there: it lets the other commands find the patch, and tells a reader nothing.
"""

import argparse
import collections
import difflib
import hashlib
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import tempfile

from stage import MY, ROOT, Mistake

COMMANDS = """Find it in the code, and mend it there.
  ./learn break --check    builds the copy, and runs the tests that are about this bug
  ./learn break --hint     says in which file it is; once more: in which function
  ./learn break --reveal   says what it is"""


class Bug:
    """A patch: what is wrong, `Symptom:` what a user sees, `Caught by:` its tests, the diff."""

    def __init__(self, path):
        head, self.diff = re.split(r"(?m)(?=^--- a/)", path.read_text(), maxsplit=1)
        self.cause, self.symptom, tests = (
            " ".join(part.split()) for part in re.split("\nSymptom: |\nCaught by: ", head))
        self.path = path
        self.secret = hashlib.sha256(path.stem.encode()).hexdigest()
        self.files = re.findall(r"(?m)^\+\+\+ b/(\S+)", self.diff)
        self.stage = self.files[0].split("/")[0]
        self.tests = [test.removeprefix(self.stage + ".") for test in tests.split()]


def all_bugs():
    """By number: 2.3 is the third of stage 2. Those that only a fuzzer finds are left out."""
    numbers = collections.Counter()
    bugs = {}
    patches = map(Bug, (ROOT / "tests/mutants").glob("*.patch"))
    for bug in sorted(patches, key=lambda bug: bug.secret):  # in an order that tells nothing
        if not all(test.startswith("fuzz.") for test in bug.tests):
            numbers[bug.stage] += 1
            bugs[f"{int(bug.stage[5:7])}.{numbers[bug.stage]}"] = bug
    return bugs


# ---- planting ----

def choose(name):
    """One that is called so, or of stage N; without a name, one of a stage that has been begun."""
    bugs = all_bugs()
    begun = [bug for bug in bugs.values() if (MY / bug.stage[:7]).is_dir()]
    fit = [bug for number, bug in bugs.items() if name in (number, number[0], bug.path.stem)]
    if name and not fit:
        raise Mistake(f"there is no bug '{name}'; ./learn break --list has their numbers")
    return random.choice(fit or begun or list(bugs.values()))


def plant(bug, folder):
    """A file that is as it was before keeps its time, so that little has to be built again."""
    folder.parent.mkdir(exist_ok=True)
    fresh = pathlib.Path(tempfile.mkdtemp(dir=folder.parent))
    shutil.copytree(ROOT / bug.stage, fresh / bug.stage, copy_function=shutil.copyfile,
                    ignore=shutil.ignore_patterns("build"))
    for name in ("CMakeLists.txt", "CMakePresets.json", "common", "tests"):
        (fresh / name).symlink_to(os.path.relpath(ROOT / name, folder))
    # git must not find the repository around the copy, or it would look for the files there.
    subprocess.run(["git", "apply", bug.path], cwd=fresh, check=True,
                   env=os.environ | {"GIT_CEILING_DIRECTORIES": str(folder.parent)})
    for new in (fresh / bug.stage).rglob("*"):
        old = folder / new.relative_to(fresh)
        if old.is_file() and old.read_bytes() == new.read_bytes():
            shutil.copystat(old, new)
    shutil.rmtree(folder, ignore_errors=True)
    fresh.rename(folder)


def state_file():
    return MY / "broken/.bug"


def planted():
    """The bug that is to be found, and what has been told of it."""
    if not state_file().exists():
        raise Mistake("no bug is planted; ./learn break plants one")
    state = json.loads(state_file().read_text())
    for bug in all_bugs().values():
        if bug.secret == state["bug"]:
            return bug, state
    raise Mistake("the bug in my/broken is none of tests/mutants any more; remove the folder")


def save(state):
    state_file().write_text(json.dumps(state) + "\n")


def begin(name):
    """Plants one; tells again of one that is there and has not been found."""
    if state_file().exists() and not planted()[1]["done"]:
        if name:
            raise Mistake("the bug in my/broken is not found yet; --reveal tells what it is")
        bug = planted()[0]
    else:
        bug = choose(name)
        plant(bug, MY / "broken")
        save({"bug": bug.secret, "hints": 0, "done": False})
    print(f"There is a bug in my/broken/{bug.stage}, a copy of stage {int(bug.stage[5:7])}:\n\n"
          f"  {bug.symptom}\n\n{COMMANDS}")


# ---- finding it ----

def run_quietly(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise Mistake("the copy does not build:\n" + "\n".join(done.stdout.splitlines()[-40:]))
    return done.stdout


def programs_of(bug):
    """The programs with its tests, by their targets; and those that tests from outside start."""
    suites = "|".join(re.sub(r"\..*", r"\\b", test.split("/")[-1]) for test in bug.tests)
    has_suite = re.compile(rf"TEST(_F|_P|_SUITE_P)?\((\w+, )?({suites})")
    sources = {source for folder in (f"{bug.stage}/tests", "common/unit", "tests")
               for source in (ROOT / folder).glob("*_test.cpp")
               if has_suite.search(source.read_text())}
    from_outside = {source for source in sources if source.parent == ROOT / "tests"}
    outside = {source.stem for source in from_outside}
    units = {source.stem.replace("_", "-") for source in sources - from_outside}
    apps = {app.stem for app in (ROOT / bug.stage / "apps").glob("*.cpp")} if outside else set()
    return outside | {f"{bug.stage}-{name}" for name in units | apps}


def check():
    bug, state = planted()
    build = ROOT / "build/broken"
    print(f"== building what the tests need of my/broken/{bug.stage}, in build/broken", flush=True)
    run_quietly("cmake", "-S", MY / "broken", "-B", build, "-G", "Ninja",
                "-DCMAKE_BUILD_TYPE=Debug", f"-DKV_STAGES={bug.stage}")
    known = run_quietly("ninja", "-C", build, "-t", "targets", "all")
    targets = [name for name in programs_of(bug) if f"\n{name}: phony" in known]
    run_quietly("cmake", "--build", build, "--target", *targets)
    tests = "|".join(re.escape(f"{bug.stage}.{test}") for test in bug.tests)
    ctest = ["ctest", "--test-dir", build, "--output-on-failure", "--stop-on-failure",
             "--no-tests=error", "-R"]
    if subprocess.run([*ctest, f"^({tests})"]).returncode:
        print("\nIt is still there. After a build, one test alone is run by"
              "\n  ctest --test-dir build/broken --output-on-failure -R NAME")
        return 1
    save(state | {"done": True})
    print("\nIt is mended. ./learn break --reveal shows what it was.")
    return 0


def changed_functions(bug):
    """The lines above what the patch changes that begin in the first column."""
    heads = []
    with tempfile.TemporaryDirectory() as scratch:
        plant(bug, pathlib.Path(scratch) / "broken")
        for name in bug.files:
            right = (ROOT / name).read_text().splitlines()
            wrong = (pathlib.Path(scratch) / "broken" / name).read_text().splitlines()
            for kind, at, *_ in difflib.SequenceMatcher(None, right, wrong).get_opcodes():
                above = [line for line in right[:at + 1] if re.match(r"(?!namespace)\w", line)]
                if kind != "equal":
                    heads += [re.split(r" [{=]", line)[0] for line in above[-1:]]
    return list(dict.fromkeys(heads))


def hint():
    bug, state = planted()
    print("It is in", " and ".join(f"my/broken/{name}" for name in bug.files))
    if state["hints"]:
        print("near ", "\nand   ".join(changed_functions(bug)))
    save(state | {"hints": state["hints"] + 1})


def reveal():
    bug, state = planted()
    print(f"{bug.cause}\nThe tests that are about it: {', '.join(bug.tests)}\n\n{bug.diff}", end="")
    save(state | {"done": True})


def print_list():
    for stage in sorted({bug.stage for bug in all_bugs().values()}):
        numbers = [number for number, bug in all_bugs().items() if bug.stage == stage]
        print(f"{stage}: {numbers[0]} to {numbers[-1]}")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./learn break", description="Finding a bug in a copy.")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("name", nargs="?", help="a bug, such as 2.3; or N: any of stage N")
    for option in (check, hint, reveal, print_list):
        name = "--" + option.__name__.removeprefix("print_")
        what.add_argument(name, dest="function", action="store_const", const=option)
    given = parser.parse_args(arguments)
    return (given.function() if given.function else begin(given.name)) or 0
