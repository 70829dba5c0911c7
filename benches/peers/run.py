"""Times the peers: one JSON line for each workload and peer on standard output, or runs on request. See README.md."""

import argparse

import double_well
import regression_sgd
from timing import measure, serve

WORKLOADS = {"double_well": double_well.workload, "regression_sgd": regression_sgd.workload}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("workloads", nargs="*", metavar="WORKLOAD", help=f"{', '.join(WORKLOADS)}; default both")
    parser.add_argument("--repeats", type=int, default=7, help="timed runs of each peer, in turns; default 7")
    parser.add_argument("--chains", type=int, help="override the workload's own number")
    parser.add_argument("--steps", type=int, help="override the workload's own number")
    serve_help = "for `etascope bench --peers`: run the peer whose number is read from standard input"
    parser.add_argument("--serve", action="store_true", help=serve_help)
    options = parser.parse_args()
    for name in options.workloads:
        if name not in WORKLOADS:
            parser.error(f"no workload {name}; there are {', '.join(WORKLOADS)}")
    return options


if __name__ == "__main__":
    options = arguments()
    for name in options.workloads or WORKLOADS:
        if options.serve:
            serve(WORKLOADS[name]())
        else:
            measure(WORKLOADS[name](), options.repeats, options.chains, options.steps)
