"""The cheapest full matchings of sparse graphs, by scipy: the peer of `bench matching`.

    python3 scipy_matching.py INSTANCE...

An INSTANCE is a file of little-endian 64-bit whole numbers: riders, drivers, edges, a cost above all others together,
then where each rider's edges begin (riders + 1 of them), the driver of each edge, the cost of each edge. scipy wants
somebody for every rider, so each rider gets a column of its own at the cost above all others.

Standard output is the version, in a line, and after that an answer for each line of standard input, which is the
number of an instance from 0: {"ms": CPU milliseconds of the solver alone, "matched": riders with a driver, "cost": the
sum of their costs}. Needs the packages numpy and scipy.
"""

import json
import sys
import time

try:
    import numpy
    import scipy
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import min_weight_full_bipartite_matching
except ImportError:
    sys.exit("this Python has no scipy: pip install scipy")


def load(path):
    numbers = numpy.fromfile(path, dtype="<i8")
    riders, drivers, edges, alone = (int(number) for number in numbers[:4])
    begins, rest = numbers[4 : 5 + riders], numbers[5 + riders :]
    rows = numpy.repeat(numpy.arange(riders), numpy.diff(begins))
    rows = numpy.concatenate([rows, numpy.arange(riders)])
    columns = numpy.concatenate([rest[:edges], drivers + numpy.arange(riders)])
    costs = numpy.concatenate([rest[edges:], numpy.full(riders, alone)]).astype(float)
    graph = csr_matrix((costs, (rows, columns)), shape=(riders, drivers + riders))
    graph.sort_indices()
    return graph, drivers


def solve(graph, drivers):
    began = time.process_time()
    riders, columns = min_weight_full_bipartite_matching(graph)
    took = time.process_time() - began
    served = columns < drivers
    cost = int(numpy.asarray(graph[riders[served], columns[served]]).sum())
    return {"ms": took * 1e3, "matched": int(served.sum()), "cost": cost}


def main():
    graphs = [load(path) for path in sys.argv[1:]]
    print(scipy.__version__, flush=True)
    for line in sys.stdin:
        print(json.dumps(solve(*graphs[int(line)])), flush=True)


main()
