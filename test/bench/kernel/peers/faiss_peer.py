"""The binary indexes of FAISS, and ThreatExchange's PDQ index on top of one, as a peer.

Requests are lines of words on standard input, answers are lines of JSON on standard output; peer-process.ts has the list.
One thread. Time is taken around the search calls alone, in the library's best style for the row: `single` asks one query
a call with the arrays made beforehand, `batch` asks all of them in one call.

FAISS reports what is closer than the radius it is given, so 31 inclusive is asked for as 32.
"""
import json
import resource
import sys
import time

import faiss
import numpy

faiss.omp_set_num_threads(1)


def make_faiss(name, codes):
    """flat | hash-BITS-FLIPS | multihash-MAPS-BITS-FLIPS"""
    kind, *numbers = name.split("-")
    numbers = [int(number) for number in numbers]
    if kind == "flat":
        index = faiss.IndexBinaryFlat(256)
    elif kind == "hash":
        index = faiss.IndexBinaryHash(256, numbers[0])
        index.nflip = numbers[1]
    else:
        index = faiss.IndexBinaryMultiHash(256, numbers[0], numbers[1])
        index.nflip = numbers[2]
    index.add(codes)
    return index


def make_threatexchange(codes):
    from threatexchange.signal_type.pdq.pdq_index import PDQIndex

    return PDQIndex(entries=((code.tobytes().hex(), slot) for slot, code in enumerate(codes)))


def flat_hits(first, found):
    """[query, slot, distance, query, slot, ...] of FAISS's answers, the first of which is that of query `first`."""
    hits = []
    for limits, distances, slots in found:
        for at in range(len(limits) - 1):
            for hit in range(int(limits[at]), int(limits[at + 1])):
                hits += [first, int(slots[hit]), int(distances[hit])]
            first += 1
    return hits


class Peer:
    def __init__(self):
        self.codes = self.queries = None
        self.indexes = {}

    def load(self, count, path):
        return numpy.fromfile(path, dtype=numpy.uint8, count=count * 32).reshape(count, 32)

    def build(self, name):
        before = time.perf_counter_ns()
        self.indexes[name] = (
            make_threatexchange(self.codes) if name == "threatexchange" else make_faiss(name, self.codes)
        )
        ns = time.perf_counter_ns() - before
        return {"ns": ns, "peakBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}

    def run(self, name, first, count, radius, style):
        index = self.indexes[name]
        if name == "threatexchange":
            return self.run_threatexchange(index, first, count)
        step = count if style == "batch" else 1
        parts = [self.queries[at : at + step] for at in range(first, first + count, step)]
        found = []
        before = time.perf_counter_ns()
        for part in parts:
            found.append(index.range_search(part, radius + 1))
        ns = time.perf_counter_ns() - before
        return {"ns": ns, "hits": flat_hits(first, found)}

    def run_threatexchange(self, index, first, count):
        """Its radius is its own, 31. The text of a query is made beforehand, for that is what its callers have."""
        texts = [query.tobytes().hex() for query in self.queries[first : first + count]]
        before = time.perf_counter_ns()
        found = [index.query(text) for text in texts]
        ns = time.perf_counter_ns() - before
        hits = [
            value
            for at, matches in enumerate(found)
            for match in matches
            for value in (first + at, match.metadata, int(match.similarity_info.distance))
        ]
        return {"ns": ns, "hits": hits}

    def answer(self, verb, words):
        if verb == "codes":
            self.codes = self.load(int(words[0]), " ".join(words[1:]))
        elif verb == "queries":
            self.queries = self.load(int(words[0]), " ".join(words[1:]))
        elif verb == "build":
            return self.build(words[0])
        elif verb == "forget":
            self.codes = None  # Each index has its own copy.
        elif verb == "run":
            name, first, count, radius, style = words
            return self.run(name, int(first), int(count), int(radius), style)
        else:
            return {"error": "unknown request"}
        return {}


def main():
    peer = Peer()
    print(json.dumps({"faiss": faiss.__version__, "compile": faiss.get_compile_options().strip()}), flush=True)
    for line in sys.stdin:
        verb, *words = line.split()
        try:
            reply = peer.answer(verb, words)
        except Exception as error:  # The bench goes on without the row, and says why.
            reply = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(reply), flush=True)


main()
