#!/usr/bin/env python3
"""weft import and weft export: what goes in comes out, but for ids and meta; what is bad is named
with file, line and path and nothing of it is applied. With the shared bundles where they are."""
import collections
import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile

WEFT = os.environ["WEFT"]
SHARED = os.environ.get("WEFT_SHARED", "")


def run(*args, code=0, **kw):
    p = subprocess.run([WEFT, *args], capture_output=True, text=True, **kw)
    if p.returncode != code:
        sys.exit(f"weft {' '.join(args)}: exit {p.returncode}, not {code}\n{p.stdout}{p.stderr}")
    return p


class Store:
    """A new data folder."""

    def __init__(self, root, name):
        self.dir = os.path.join(root, name)
        run("init", "--data", self.dir)

    def load(self, *files, code=0, more=()):
        return run("import", "--data", self.dir, *more, *files, code=code)

    def all(self):
        out = run("export", "--data", self.dir).stdout
        return [json.loads(line) for line in out.splitlines()]


def references(tree, found):
    if isinstance(tree, dict):
        for k, v in tree.items():
            if k == "reference" and isinstance(v, str):
                found.append(v)
            references(v, found)
    elif isinstance(tree, list):
        for v in tree:
            references(v, found)
    return found


def renamed(tree, names):
    """References replaced by what names says of them."""
    if isinstance(tree, dict):
        return {k: names.get(v, v) if k == "reference" and isinstance(v, str) else renamed(v, names)
                for k, v in tree.items()}
    if isinstance(tree, list):
        return [renamed(v, names) for v in tree]
    return tree


def bare(resource):
    r = {k: v for k, v in resource.items() if k not in ("id", "meta")}
    meta = {k: v for k, v in resource.get("meta", {}).items() if k not in ("versionId", "lastUpdated")}
    return dict(r, meta=meta) if meta else r


def text(resource):
    return json.dumps(resource, sort_keys=True)


def compare(bundles, out):
    """Every resource came out once. New numbers are given within a Bundle in its order, and export is
    in the order of numbers, so each Bundle is a run of the output (Bundles may come in any order)."""
    runs = collections.defaultdict(list)
    for i, o in enumerate(out):
        runs[text({k: v for k, v in bare(o).items() if k in ("resourceType", "identifier", "name")})].append(i)
    used = 0
    for b in bundles:
        entries = [e for e in b["entry"]]
        first = entries[0]["resource"]
        key = text({k: v for k, v in bare(first).items() if k in ("resourceType", "identifier", "name")})
        matched = False
        for start in runs[key]:
            span = out[start:start + len(entries)]
            if [o["resourceType"] for o in span] != [e["resource"]["resourceType"] for e in entries]:
                continue
            names = {e["fullUrl"]: f"{o['resourceType']}/{o['id']}" for e, o in zip(entries, span)}
            bad = [(e, o) for e, o in zip(entries, span)
                   if text(renamed(bare(e["resource"]), names)) != text(bare(o))]
            if not bad:
                matched = True
                break
        if not matched:
            sys.exit(f"a Bundle starting with {first['resourceType']} did not come out as it went in")
        used += len(entries)
    if used != len(out):
        sys.exit(f"{len(out)} resources came out, {used} went in")


def resolved(out):
    here = {f"{r['resourceType']}/{r['id']}" for r in out}
    lost = [r for r in references(out, []) if not r.startswith("#") and r not in here]
    if lost:
        sys.exit(f"{len(lost)} references lead nowhere")


def bundle(n):
    """A small invented family of resources, one of each shape that import must carry."""
    p, o, e = (f"urn:uuid:00000000-0000-4000-8000-{n:08d}000{i}" for i in range(3))
    entry = [
        (p, {"resourceType": "Patient", "id": f"p{n}", "meta": {"tag": [{"code": "t"}]},
             "identifier": [{"system": "urn:mrn", "value": str(n)}],
             "name": [{"family": f"F\u00e4mily{n}", "_given": [{"extension": [
                 {"url": "http://x.example/e", "valueString": "\u65e5\u672c"}]}], "given": ["G"]}]}),
        (e, {"resourceType": "Encounter", "status": "finished", "class": {"code": "AMB"},
             "subject": {"reference": p}, "period": {"start": "2025-01-01T10:00:00+02:00"}}),
        (o, {"resourceType": "Observation", "status": "final", "code": {"text": "w"},
             "contained": [{"resourceType": "Organization", "id": "c", "name": "C"}],
             "performer": [{"reference": "#c"}], "subject": {"reference": p},
             "encounter": {"reference": e}, "valueQuantity": {"value": 70.50, "unit": "kg"}})]
    return {"resourceType": "Bundle", "type": "transaction", "entry": [
        {"fullUrl": u, "resource": r, "request": {"method": "POST", "url": r["resourceType"]}}
        for u, r in entry]}


def write(root, name, lines):
    path = os.path.join(root, name)
    opener = gzip.open if name.endswith(".gz") else open
    with opener(path, "wt", encoding="utf-8") as f:
        f.write("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines) + "\n")
    return path


def small(root):
    s = Store(root, "small")
    bundles = [bundle(i) for i in range(1, 40)]
    s.load(write(root, "a.ndjson.gz", bundles[:30]), write(root, "b.json", bundles[30:31]),
           write(root, "c.ndjson", bundles[31:]))
    out = s.all()
    compare(bundles, out)
    resolved(out)
    exact = run("export", "--data", s.dir, "--type", "Observation").stdout
    if exact.count('"value":70.5') != 39 or "Patient\"" in exact.split('"subject"')[0]:
        sys.exit("a decimal or the type filter was not kept")
    # Out, and in again elsewhere: the same but for meta, ids kept.
    again = Store(root, "again")
    lines = run("export", "--data", s.dir).stdout.splitlines()
    again.load(write(root, "back.ndjson", reversed(lines)))  # nothing stands before what names it
    first = {(r["resourceType"], r["id"]): text(bare(r)) for r in out}
    second = {(r["resourceType"], r["id"]): text(bare(r)) for r in again.all()}
    if first != second:
        sys.exit("resources with ids did not survive export and import")
    run("audit", "verify", "--data", again.dir)


def bad(root):
    s = Store(root, "bad")
    lost = bundle(2)
    lost["entry"][2]["resource"]["subject"] = {"reference": "Patient/nobody"}
    wrong = {"resourceType": "Patient", "gender": "x"}
    path = write(root, "bad.ndjson", [bundle(1), lost, wrong, "{\"resourceType\":", "", bundle(3)])
    p = s.load(path, code=1, more=("--on-error", "skip"))
    for place in (f"{path}:2: Bundle.entry[2].resource.subject", f"{path}:3: Patient.gender", f"{path}:4: "):
        if place not in p.stderr:
            sys.exit(f"not named: {place}\n{p.stderr}")
    if "3 rejected" not in p.stdout:
        sys.exit(f"not counted:\n{p.stdout}")
    compare([bundle(1), bundle(3)], s.all())
    stop = Store(root, "stop")
    p = stop.load(write(root, "stop.ndjson", [wrong] + [bundle(i) for i in range(2000)]), code=1)
    if len(stop.all()) == 6000:
        sys.exit("--on-error stop went on")
    answer = write(root, "answer.json", [{"resourceType": "Bundle", "type": "searchset"}])
    if "Bundle.type" not in Store(root, "answer").load(answer, code=1).stderr:
        sys.exit("a server's answer was taken")
    cut = write(root, "cut.ndjson.gz", [bundle(1)])
    data = open(cut, "rb").read()
    open(cut, "wb").write(data[:len(data) // 2])
    Store(root, "cut").load(cut, code=1)
    run("import", "--data", s.dir, code=2)
    run("import", "--data", s.dir, "--jobs", "0", path, code=2)
    run("import", "--data", os.path.join(root, "none"), path, code=1)


def shared(root):
    folder = os.path.join(SHARED, "data", "fhir")
    files = sorted(os.path.join(folder, f) for f in os.listdir(folder) if f.endswith(".ndjson.gz")) \
        if os.path.isdir(folder) else []
    if not files:
        print("NOTICE: no shared bundles; that part is skipped")
        return
    s = Store(root, "shared")
    p = s.load(*files)
    if "0 rejected" not in p.stdout:
        sys.exit(p.stdout)
    bundles = []
    for f in files:
        with gzip.open(f, "rt", encoding="utf-8") as lines:
            bundles += [json.loads(line, parse_float=str) for line in lines]
    out = [json.loads(line, parse_float=str)
           for line in run("export", "--data", s.dir).stdout.splitlines()]
    count = collections.Counter(r["resourceType"] for r in out)
    print(f"{len(out)} resources, {count['Patient']} patients, {count['Observation']} observations")
    if count["Patient"] != 149 or count["Observation"] != 27161:
        sys.exit("not all arrived")
    resolved(out)
    compare(bundles, out)
    run("audit", "verify", "--data", s.dir)


def main():
    root = tempfile.mkdtemp(prefix="weft-import-")
    try:
        small(root)
        bad(root)
        shared(root)
    finally:
        shutil.rmtree(root, ignore_errors=True)


if __name__ == "__main__":
    main()
