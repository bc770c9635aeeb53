"""Many episodes, one after the other: counts, what broke, and the shortest way to see it again."""

from __future__ import annotations

import itertools
import sys
import time
from collections import Counter
from pathlib import Path

from mme_ilqr_ros.bringup.domain import reserved_domain
from studies.faults.messages.episode import Episode, Found

BOUTS = 4  # of an episode
SHOWN = 40  # lines of broken rules
LAST = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)  # faults before a case that are tried alone


def campaign(faults: int, seed: int, first: int, log: Path | None) -> Found:
    """Run episodes until there were so many faults.

    Args:
        faults: At least so many.
        seed: Of the campaign.
        first: Number of the first episode.
        log: File to which a line is added for each rule that was broken; None keeps none.
    """
    with reserved_domain() as domain:
        return _episodes(faults, seed, first, log, domain)


def _episodes(faults: int, seed: int, first: int, log: Path | None, domain: int) -> Found:
    total, begun, said = Found(), time.monotonic(), 0.0
    for number in itertools.count(first):
        found = Episode(seed, number, domain).run(BOUTS)
        total.kinds += found.kinds
        total.outcomes += found.outcomes
        total.broken += found.broken
        if log is not None and found.broken:
            with log.open("a") as file:
                file.writelines(f"{rule}: {line}\n" for rule, line in found.broken)
        seconds = time.monotonic() - begun
        if seconds - said > 10.0 or total.faults >= faults:
            said = seconds
            rate = total.faults / seconds
            sys.stderr.write(
                f"{total.faults} of {faults} faults, {rate:.0f} a second, episode {number},"
                f" {len(total.broken)} cases of broken rules\n"
            )
        if total.faults >= faults:
            break
    return total


def replay(seed: int, number: int) -> str:
    """Run an episode again; of one that breaks a rule, find the last faults that are enough."""
    with reserved_domain() as domain:
        return _replayed(seed, number, domain)


def _replayed(seed: int, number: int, domain: int) -> str:
    found = Episode(seed, number, domain).run(BOUTS)
    if not found.broken:
        return f"episode {seed}:{number}: {found.faults} faults, no rule is broken"
    rule, line = found.broken[0]
    lines = [f"{rule}: {line}"]
    for count in LAST:
        only = range(max(found.last + 1 - count, 0), found.last + 1)
        again = Episode(seed, number, domain, only).run(BOUTS)
        if any(name == rule for name, _ in again.broken):
            kinds = ", ".join(f"{name} x {times}" for name, times in again.kinds.most_common())
            lines.append(f"enough: faults {only.start} to {only.stop - 1}: {kinds}")
            lines += [f"  {name}: {text}" for name, text in again.broken[:3]]
            break
    return "\n".join(lines)


def summary(found: Found, seed: int) -> str:
    """Return what was found, in words."""
    lines = [f"{found.faults} faults, seed {seed}"]
    lines += [f"  {count:8d}  {name}" for name, count in found.kinds.most_common()]
    lines.append(f"{sum(found.outcomes.values())} bouts, by how the goal after the faults ended")
    lines += [f"  {count:8d}  {name}" for name, count in found.outcomes.most_common()]
    rules = Counter(rule for rule, _ in found.broken)
    lines.append(f"rules broken: {len(found.broken)} cases")
    lines += [f"  {count:8d}  {name}" for name, count in rules.most_common()]
    lines += [f"  {rule}: {line}" for rule, line in found.broken[:SHOWN]]
    return "\n".join(lines)
