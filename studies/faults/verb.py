"""The verb `faults`: faults by the million, and the rules that must hold."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from mme_ilqr_ros.command_line import DONE, positive, positive_int, whole
from mme_ilqr_ros.errors import InputError

KINDS = ("messages", "processes", "readers")
SHOWN = 40  # lines of what broke
PERIOD = 15.0  # s between two lines of progress
READERS = {
    **{"cloud": 0.28, "scan": 0.28, "cdr": 0.24, "weights": 0.12, "world": 0.04},
    **{"map_image": 0.015, "map_yaml": 0.015, "scenario": 0.005, "robot": 0.005},
}
"""The part of the inputs that each reader gets: those whose inputs take longer get fewer."""

ABOUT = """\
Do to the real nodes what goes wrong with messages (in one process, by hand), with processes (as
they run on a robot) and with files (every reader), and check explicit rules on what is recorded.
Exit status 1 where a rule was broken. docs/faults.md says what the rules are.
"""
EXAMPLES = """\
examples:
  python -m studies faults messages --count 1000000 --seed 0
  python -m studies faults messages --replay 0:17
  python -m studies faults processes --count 10000 --jobs 2 --out out/faults
  python -m studies faults readers --count 10000000 --out out/faults
  python -m studies faults readers --only cdr cloud --count 100000
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments to its parser."""
    add = parser.add_argument
    add("kind", choices=KINDS, help="what goes wrong")
    add("--count", type=positive_int, default=10_000, help="faults or inputs (%(default)s)")
    add("--seed", type=whole, default=0, help="(%(default)s)")
    add("--first", type=whole, default=0, metavar="N", help="messages: first episode (%(default)s)")
    add("--replay", default="", metavar="SEED:EPISODE", help="messages: an episode once more")
    add("--only", nargs="+", default=list(READERS), metavar="READER", help="readers: some of them")
    add("--jobs", type=positive_int, default=1, help="processes: worlds at a time (%(default)s)")
    add("--bouts", type=positive_int, default=25, help="processes: of a world (%(default)s)")
    add("--speed", type=positive, default=1.0, help="processes: of simulated time (%(default)s)")
    add("--out", type=Path, default=Path("out/faults"), metavar="DIR", help="(%(default)s)")


def run(options: argparse.Namespace, command: str) -> int:
    """Run a campaign; print a summary and return the exit status."""
    if options.replay:
        return _replay(options.replay)
    options.out.mkdir(parents=True, exist_ok=True)
    campaign = {"messages": _messages, "processes": _processes, "readers": _readers}
    text, is_clean = campaign[options.kind](options)
    text = f"{command}\n{text}\n"
    sys.stdout.write(text)
    (options.out / f"{options.kind}.txt").write_text(text)
    return DONE if is_clean else 1


def _replay(text: str) -> int:
    from studies.faults.messages.campaign import replay

    seed, _, episode = text.partition(":")
    if not (seed.isdigit() and episode.isdigit()):
        raise InputError(f"--replay: '{text}' must be SEED:EPISODE, such as 0:17")
    sys.stdout.write(f"{replay(int(seed), int(episode))}\n")
    return DONE


def _messages(options: argparse.Namespace) -> tuple[str, bool]:
    import warnings

    from studies.faults.messages.campaign import campaign, summary

    warnings.simplefilter("ignore")  # of numpy, about numbers that are not finite
    begun = time.process_time()
    found = campaign(options.count, options.seed, options.first, options.out / "messages.log")
    taken = 1e3 * (time.process_time() - begun) / max(found.faults, 1)
    text = f"{summary(found, options.seed)}\n{taken:.2f} ms of processor time a fault"
    return text, not found.broken


def _readers(options: argparse.Namespace) -> tuple[str, bool]:
    """Fuzz reader after reader, each in a process of its own, which may die of it."""
    unknown = [name for name in options.only if name not in READERS]
    if unknown:
        raise InputError(f"--only: there is no reader '{unknown[0]}': {', '.join(READERS)}")
    whole_part = sum(READERS[name] for name in options.only)
    rows, is_clean, total = [], True, 0
    for name in options.only:
        inputs, folder = round(options.count * READERS[name] / whole_part), options.out / name
        told = [name, str(inputs), str(options.seed), str(folder)]
        with (options.out / f"{name}.log").open("w") as log:
            words = [sys.executable, "-m", "studies.faults.readers.run", *told]
            status = subprocess.run(words, stdout=log, stderr=log, check=False).returncode
        summary = folder / "summary.json"
        found: dict[str, Any] = json.loads(summary.read_text()) if summary.is_file() else {}
        failures = dict(found.get("failures", {}))
        if status != 0:
            failures[f"ended with status {status}, see {name}.log"] = 1
        is_clean, total = is_clean and not failures, total + found.get("inputs", 0)
        line = f"  {name:10s} {found.get('inputs', 0):9d} inputs, {found.get('outcomes', {})}"
        line += f", slowest {found.get('slowest_s', 0):g} s, {found.get('memory_mb', 0)} MB"
        rows += [line, *(f"    {text} x {count}" for text, count in failures.items())]
        sys.stderr.write(f"{rows[-1]}\n")
    from studies.faults.readers.run import is_guided

    how = "guided by coverage" if is_guided() else "not guided: atheris is not installed"
    return "\n".join([f"{total} inputs, seed {options.seed}, {how}", *rows]), is_clean


def _processes(options: argparse.Namespace) -> tuple[str, bool]:
    """Run world after world, several at a time, until there were so many faults."""
    file = (options.out / "processes.jsonl").resolve()
    running: list[subprocess.Popen[bytes]] = []
    world, said = 0, 0.0
    try:
        while _faults(file, options.seed) < options.count or running:
            running = [process for process in running if process.poll() is None]
            enough = _faults(file, options.seed) >= options.count
            while len(running) < options.jobs and not enough:
                told = [options.seed, world, options.bouts, file, options.speed]
                words = [sys.executable, "-m", "studies.faults.processes.run", *map(str, told)]
                running.append(subprocess.Popen(words, stderr=subprocess.DEVNULL))
                world += 1
            if time.monotonic() - said > PERIOD:
                said = time.monotonic()
                count = _faults(file, options.seed)
                sys.stderr.write(f"{count} of {options.count} faults, world {world}\n")
            time.sleep(1.0)
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.wait()
    return _table(file, options.seed)


def _rows(file: Path, seed: int) -> list[dict[str, Any]]:
    if not file.is_file():
        return []
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    return [row for row in rows if row["seed"] == seed]


def _faults(file: Path, seed: int) -> int:
    return sum(len(row.get("faults", ())) for row in _rows(file, seed))


def _table(file: Path, seed: int) -> tuple[str, bool]:
    """Return counts by kind, by outcome and by rule, and whether no rule was broken."""
    rows = _rows(file, seed)
    kinds = Counter(" ".join(name.split()[:2]) for row in rows for name in row.get("faults", ()))
    outcomes = Counter(row.get("outcome", "not started") for row in rows)
    rules = Counter(name for row in rows for name in row["broken"])
    unsure = Counter(name for row in rows for name in row.get("unsure", ()))
    lines = [f"{sum(kinds.values())} faults in {len(rows)} bouts, seed {seed}"]
    lines += [f"  {count:6d}  {name}" for name, count in kinds.most_common()]
    lines.append("bouts by their outcome")
    lines += [f"  {count:6d}  {name}" for name, count in outcomes.most_common()]
    lines.append(f"rules broken: {sum(rules.values())}")
    lines += [f"  {count:6d}  {name}" for name, count in rules.most_common()]
    lines.append(f"not judged, the machine let the recorder wait: {sum(unsure.values())}")
    broken = [(row, name, cases) for row in rows for name, cases in row["broken"].items()]
    for row, name, cases in broken[:SHOWN]:
        where = f"{row['seed']}:{row['world']}:{row['bout']}"
        lines.append(f"  {where} {name}: {cases[0]}; {', '.join(row.get('faults', ()))}")
    return "\n".join(lines), not broken
