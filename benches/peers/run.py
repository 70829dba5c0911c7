"""Times the peers: one JSON line for each workload and peer on standard output, or runs on order. See README.md."""

import argparse

import double_well
import regression_sgd
from timing import measure, serve

WORKLOADS = {"double_well": double_well.workload, "regression_sgd": regression_sgd.workload}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("workloads", nargs="*", metavar="WORKLOAD", help=f"{', '.join(WORKLOADS)}; default both")
    parser.add_argument("--repeats", type=int, default=7, help="timed runs of each peer, by turns; default 7")
    parser.add_argument("--chains", type=int, help="in place of the workload's own")
    parser.add_argument("--steps", type=int, help="in place of the workload's own")
    parser.add_argument("--serve", action="store_true", help="for `etascope bench --peers`: run the peer whose number is read")
    told = parser.parse_args()
    for name in told.workloads:
        if name not in WORKLOADS:
            parser.error(f"no workload {name}; there are {', '.join(WORKLOADS)}")
    return told


if __name__ == "__main__":
    told = arguments()
    for name in told.workloads or WORKLOADS:
        if told.serve:
            serve(WORKLOADS[name]())
        else:
            measure(WORKLOADS[name](), told.repeats, told.chains, told.steps)
