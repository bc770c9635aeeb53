"""Until there is one entrance: `python -m mme_ilqr_ros.training TASK`."""

import sys

from mme_ilqr_ros.command_line import Verb, main

VERBS = {"train": Verb("learn a cost", "mme_ilqr_ros.training.verb", "train")}
if __name__ == "__main__":
    sys.exit(main("python -m mme_ilqr_ros", "", VERBS, ["train", *sys.argv[1:]]))
