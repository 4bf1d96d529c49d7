"""./learn take [N] STEP: the reference's files of a step, to go on from there."""

import check
from stage import Mistake
from workspace import shown, workspace


def main(arguments: list[str]) -> int:
    number = arguments.pop(0) if arguments and arguments[0].isdigit() else ""
    if len(arguments) > 1:
        raise Mistake("one step at a time: ./learn take [N] STEP")
    mine = workspace(number)
    if not arguments and mine.here is None:
        raise Mistake(f"stage {mine.stage.number} is written; which step? ./learn take STEP")
    step = mine.stage.step(arguments[0]) if arguments else mine.here
    if aside := mine.take(step):
        print(f"yours are in {shown(aside)}")
    print(f"the step {step.name} is the reference's now: {' '.join(step.files)}")
    check.check(mine)
    return 0
