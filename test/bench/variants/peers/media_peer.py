"""Peers of the bench "variants": vPDQ and PDQ as the packages vpdq and threatexchange ship them.

Takes one JSON file {"cache", "processes", "banked": [{"id", "kind", "path", "sha256"}], "uploads": [the same, and
"hidden": [ids]]} and writes one JSON file {"versions", "matched": {upload: {rule: [ids]}}, "unreadable": {upload: why}}.
`hidden` are banked files that an upload is matched without.

Rules for video, both with quality 50 and distance 31, one frame a second: "vpdq" is py-tx's default (80 % of the upload's
frames match, any share of the known ones), "vpdqReadme" that of vPDQ's README (80 % of the known frames, any share of the
upload's); "vpdqAny" takes a single matching frame, the most that these hashes can give. For images: "pdq", distance 31 and quality 50. Each line on standard output says that one more file is hashed.
"""
import json
import multiprocessing
import sys
from importlib.metadata import version

import numpy
import vpdq
from threatexchange.extensions.vpdq.vpdq_index import VPDQIndex
from threatexchange.extensions.vpdq.vpdq_util import VpdqCompactFeature, vpdq_to_json
from threatexchange.signal_type.pdq.pdq_hasher import pdq_from_file

QUALITY = 50
DISTANCE = 31
PERCENT = 80
VERSIONS = {name: version(name) for name in ("vpdq", "threatexchange", "pdqhash")}


def hash_file(job):
    """{"sha256", "kind", "vpdq" or "pdq", or "error"}"""
    sha256, kind, path = job
    entry = {"sha256": sha256, "kind": kind, "versions": VERSIONS}
    try:
        if kind == "video":
            features = vpdq.computeHash(path, seconds_per_hash=1, thread_count=1)
            if not features:
                raise ValueError("no frame could be read")
            entry["vpdq"] = [[f.hex, f.quality, f.timestamp] for f in features]
        else:
            entry["pdq"] = list(pdq_from_file(path))
    except Exception as error:  # A format that a peer cannot read is a finding.
        entry["error"] = f"{type(error).__name__}: {error}"
    return entry


def load_cache(path):
    cache = {}
    try:
        with open(path) as lines:
            for line in lines:
                try:
                    entry = json.loads(line)
                except ValueError:
                    continue  # Cut off in the middle of a line.
                if entry["versions"] == VERSIONS:
                    cache[entry["sha256"], entry["kind"]] = entry
    except FileNotFoundError:
        pass
    return cache


def hash_all(files, path, processes):
    cache = load_cache(path)
    due = {}
    for file in files:
        key = file["sha256"], file["kind"]
        if key not in cache:
            due[key] = (*key, file["path"])
    for _ in range(len(files) - len(due)):
        print("hashed", flush=True)
    with multiprocessing.Pool(processes) as pool, open(path, "a") as out:
        for entry in pool.imap_unordered(hash_file, due.values(), chunksize=1):
            cache[entry["sha256"], entry["kind"]] = entry
            out.write(json.dumps(entry) + "\n")
            out.flush()
            print("hashed", flush=True)
    return cache


def signal_of(entry):
    return vpdq_to_json([VpdqCompactFeature(*feature) for feature in entry["vpdq"]])


class Videos:
    def __init__(self, banked, entry_of):
        # Both rules need the two shares alone, so nothing is left out here.
        self.index = VPDQIndex(query_match_threshold_pct=0, index_match_threshold_pct=0)
        for file in banked:
            entry = entry_of(file)
            if "vpdq" not in entry:
                continue
            try:
                self.index.add(signal_of(entry), file["id"])
            except ValueError:
                pass  # No frame of enough quality.

    def match(self, entry, hidden):
        found = [match for match in self.index.query(signal_of(entry)) if match.metadata not in hidden]
        info = [(match.metadata, match.similarity_info) for match in found]
        return {
            "vpdq": [id for id, each in info if each.query_match_percent >= PERCENT],
            "vpdqReadme": [id for id, each in info if each.compared_match_percent >= PERCENT],
            "vpdqAny": [id for id, _ in info],
        }


class Images:
    def __init__(self, banked, entry_of):
        rows = [(file["id"], entry_of(file)) for file in banked]
        rows = [(id, entry["pdq"][0]) for id, entry in rows if "pdq" in entry and entry["pdq"][1] >= QUALITY]
        self.ids = [id for id, _ in rows]
        self.codes = numpy.array([list(bytes.fromhex(code)) for _, code in rows], numpy.uint8).reshape(-1, 32)

    def match(self, entry, hidden):
        code, quality = entry["pdq"]
        if quality < QUALITY:
            return {"pdq": []}
        query = numpy.frombuffer(bytes.fromhex(code), numpy.uint8)
        distances = numpy.bitwise_count(self.codes ^ query).sum(axis=1)
        return {"pdq": [self.ids[at] for at in numpy.flatnonzero(distances <= DISTANCE) if self.ids[at] not in hidden]}


def main():
    with open(sys.argv[1]) as source:
        job = json.load(source)
    banked, uploads = job["banked"], job["uploads"]
    cache = hash_all(banked + uploads, job["cache"], job["processes"])

    def entry_of(file):
        return cache[file["sha256"], file["kind"]]

    matchers = {
        "video": Videos([file for file in banked if file["kind"] == "video"], entry_of),
        "image": Images([file for file in banked if file["kind"] == "image"], entry_of),
    }
    matched, unreadable = {}, {}
    for upload in uploads:
        entry = entry_of(upload)
        if "error" in entry:
            unreadable[upload["id"]] = entry["error"]
        else:
            matched[upload["id"]] = matchers[upload["kind"]].match(entry, set(upload["hidden"]))
    with open(sys.argv[2], "w") as out:
        json.dump({"versions": VERSIONS, "matched": matched, "unreadable": unreadable}, out)


if __name__ == "__main__":
    main()
