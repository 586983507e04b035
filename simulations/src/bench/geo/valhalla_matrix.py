"""Travel times from many places to one, by Valhalla's matrix: the peer of the rows on roads.

    python3 valhalla_matrix.py MAP.osm.pbf WORK_FOLDER QUERIES.json

QUERIES.json is a list of {"sources": [[lat, lon], ...], "target": [lat, lon]}. Standard output is one JSON object:

    version    of the Python package
    build_s    wall seconds to build the tiles; 0 when WORK_FOLDER already held those of this map
    load_s     wall seconds until the first query was answered, tiles in memory; that query is not among the others
    matrix_ms  CPU milliseconds of this process, for each query
    times_s    for each query, seconds from each source to the target; null where there is no way

What went wrong is one line on standard error, and exit code 1. Needs the package pyvalhalla (or pyvalhalla-weekly).
"""

import importlib.metadata
import json
import pathlib
import shutil
import subprocess
import sys
import time

try:
    import valhalla
except ImportError:
    sys.exit("this Python has no module valhalla: pip install pyvalhalla (or pyvalhalla-weekly)")


def version():
    for name in ("pyvalhalla", "pyvalhalla-weekly"):
        try:
            return importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return "of unknown version"


def configuration(tiles):
    """The package's own defaults (what valhalla_build_config prints), with the tiles in `tiles` and no log."""
    settings = valhalla.get_config(tile_dir=tiles, tile_extract="")
    settings["mjolnir"]["concurrency"] = 1
    return settings


def build(map_file, work, written):
    """Builds the tiles of `map_file`, unless they are there. Answers how many wall seconds it took."""
    stamp = work / "built.json"
    facts = map_file.stat()
    of = {"map": str(map_file.resolve()), "bytes": facts.st_size, "changed": facts.st_mtime, "version": version()}
    if stamp.is_file() and json.loads(stamp.read_text()) == of:
        return 0.0
    inside = pathlib.Path(valhalla.__file__).parent / "bin" / "valhalla_build_tiles"
    program = inside if inside.is_file() else shutil.which("valhalla_build_tiles")
    if not program:
        sys.exit("this package of Valhalla has no valhalla_build_tiles: pip install pyvalhalla (or pyvalhalla-weekly)")
    began = time.monotonic()
    # It leaves notes in its working folder.
    command = [program, "-c", written.resolve(), map_file.resolve()]
    done = subprocess.run(command, cwd=work, capture_output=True, text=True, errors="replace")
    if done.returncode != 0:
        last = (done.stdout + done.stderr).strip().splitlines()[-1:] or ["it said nothing"]
        sys.exit(f"valhalla_build_tiles failed with {done.returncode}: {last[0]}")
    stamp.write_text(json.dumps(of))
    return time.monotonic() - began


def place(point):
    return {"lat": point[0], "lon": point[1]}


def ask(actor, query):
    """One matrix. Answers (CPU milliseconds, seconds from each source)."""
    request = {
        "sources": [place(point) for point in query["sources"]],
        "targets": [place(query["target"])],
        "costing": "auto",
    }
    text = json.dumps(request)
    began = time.process_time()
    # Text in and text out, as its own server does: what Python makes of the text is not timed.
    try:
        answer = actor.matrix(text)
    except RuntimeError as error:
        sys.exit(f"Valhalla has no answer to {text}: {error}")
    took = (time.process_time() - began) * 1e3
    rows = json.loads(answer)["sources_to_targets"]
    return took, [row[0]["time"] for row in rows]


def main():
    if len(sys.argv) != 4:
        sys.exit("usage: valhalla_matrix.py MAP.osm.pbf WORK_FOLDER QUERIES.json")
    map_file, work, queries = map(pathlib.Path, sys.argv[1:])
    if not map_file.is_file():
        sys.exit(f"no map at {map_file}: name a file such as city.osm.pbf")
    queries = json.loads(queries.read_text())
    if not queries:
        sys.exit("the file of queries holds an empty list: give it at least one")
    tiles = work / "tiles"
    tiles.mkdir(parents=True, exist_ok=True)
    written = work / "valhalla.json"
    written.write_text(json.dumps(configuration(tiles)))
    build_s = build(map_file, work, written)
    began = time.monotonic()
    actor = valhalla.Actor(str(written))
    ask(actor, queries[0])
    load_s = time.monotonic() - began
    answers = [ask(actor, query) for query in queries]
    print(
        json.dumps(
            {
                "version": version(),
                "build_s": build_s,
                "load_s": load_s,
                "matrix_ms": [took for took, _ in answers],
                "times_s": [times for _, times in answers],
            }
        )
    )


main()
