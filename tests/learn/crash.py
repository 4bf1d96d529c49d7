"""./learn crash: runs a log through simulated crashes, one's own or the reference's, and draws the first loss."""

import argparse
import re
import subprocess

import build
from stage import BUILD, MY, ROOT, Mistake, stage
from workspace import Workspace, shown


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser("./learn crash", description="Crashes a log at every moment; draws the first loss.")
    parser.add_argument("stage", nargs="?", choices=["5", "6"], help="else the one started last, or 5")
    parser.add_argument("--reference", action="store_true", help="the log that is here, and not your own")
    parser.add_argument("--seed", default=[], help="of an earlier crash", type=lambda seed: ["--seed", str(int(seed))])
    asked = parser.parse_args(arguments)
    last = MY / ".last"
    of = stage(int(asked.stage or (last.exists() and re.search("[56]", last.read_text()) or "5")[0]))
    mine = Workspace(of)
    is_mine = mine.exists and not asked.reference
    print(f"the log of {shown(mine.folder) if is_mine else of.name + ', as it is here'}", flush=True)
    folder = BUILD if is_mine else ROOT / "build" / "release"
    wrong = build.configure(mine) if is_mine else configure_reference(of.name)
    done = subprocess.run(["cmake", "--build", folder, "--parallel", str(build.jobs()), "--target", f"{of.name}-crash"],
                          capture_output=True, text=True)
    if wrong or done.returncode != 0:
        if "unknown target" in done.stdout + done.stderr:
            raise Mistake(f"your log is not there yet; ./learn check {of.number} says how far it is")
        raise Mistake(f"it does not compile:\n{wrong or build.first_error(done.stdout + done.stderr)}")
    status = subprocess.run([folder / of.name / f"{of.name}-crash", *asked.seed]).returncode
    if status < 0:
        raise Mistake(f"the log ended its process, by signal {-status}; ./learn check {of.number} finds out where")
    return status


def configure_reference(name: str) -> str:
    """Empty, or what CMake has to complain of. The stages that are configured already stay."""
    cache = ROOT / "build/release/CMakeCache.txt"
    stages = re.findall("^KV_STAGES:STRING=(.*)", cache.read_text(), re.M)[0].split(";") if cache.exists() else [name]
    if cache.exists() and (stages == [""] or name in stages):
        return ""
    command = ["cmake", "-S", ROOT, "--preset", "release", f"-DKV_STAGES={';'.join({*stages, name})}"]
    done = subprocess.run(command, capture_output=True, text=True)
    return done.stderr if done.returncode != 0 else ""
