"""What a thief finds: after loading, searching, exporting, writing and crashing, nothing that the process wrote
(database, log of the database, spool, its own log, temporary files, core dumps) holds a name, street, phone,
e-mail or identifier of a patient. With the shared bundles where they are, and invented people always."""
import glob
import gzip
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "30-http"))
from weft_http import Server, main, observation, weft  # noqa: E402

SHARED = glob.glob(os.path.join(os.environ.get("WEFT_SHARED", ""), "data", "fhir", "*.ndjson.gz"))
SOURCE = os.environ.get("WEFT_SOURCE", os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
LEAST = 6  # shorter ones turn up among millions of random bytes


def words_of(patient):
    for name in patient.get("name", []):
        yield from [name.get("family", ""), name.get("text", ""), *name.get("given", [])]
    for t in patient.get("telecom", []):
        yield t.get("value", "")
        yield re.sub(r"\D", "", t.get("value", ""))[-9:] if t.get("system") == "phone" else ""
    for i in patient.get("identifier", []):
        yield i.get("value", "")
    for a in patient.get("address", []):
        yield from a.get("line", [])


def patients(lines):
    for line in lines:
        r = json.loads(line)
        for x in [r] + [e["resource"] for e in r.get("entry", []) if "resource" in e]:
            if x["resourceType"] == "Patient":
                yield x


class Unreadable(unittest.TestCase):
    def scan(self, needles, *folders):
        """grep's automaton: thousands of words at once."""
        with tempfile.NamedTemporaryFile(dir="/var/tmp") as f:
            f.write(b"\n".join(needles))
            f.flush()
            p = subprocess.run(["grep", "-raoiF", "-m3", "-f", f.name, *folders], capture_output=True, check=False,
                               env={**os.environ, "LC_ALL": "C"})
        self.assertEqual((1, b"", b""), (p.returncode, p.stdout[:2000], p.stderr))
        return sum(len(names) for folder in folders for _, _, names in os.walk(folder))

    def test_nothing_readable(self):
        root = tempfile.mkdtemp(prefix="weft-unreadable-")
        self.addCleanup(shutil.rmtree, root, True)
        os.environ["TMPDIR"] = tmp = os.path.join(root, "tmp")
        os.mkdir(tmp)
        self.addCleanup(os.environ.pop, "TMPDIR")
        where = os.getcwd()
        os.chdir(tmp)  # a core would be dumped here
        self.addCleanup(os.chdir, where)
        resource.setrlimit(resource.RLIMIT_CORE, (resource.getrlimit(resource.RLIMIT_CORE)[1],) * 2)
        demo = os.path.join(root, "demo")
        weft("demo", "--data", demo, "--patients", "60")
        invented = weft("export", "--data", demo).stdout
        shutil.rmtree(demo)
        people = list(patients(invented.splitlines()))
        server = Server()
        self.addCleanup(server.close)
        if not SHARED:
            print("NOTICE: no shared bundles; invented people alone")
        for path in SHARED:
            weft("import", "--data", server.data, path)
            with gzip.open(path, "rt", encoding="utf-8") as f:
                people += patients(f)
        with open(os.path.join(root, "in.ndjson"), "w", encoding="utf-8") as f:
            f.write(invented)
        weft("import", "--data", server.data, os.path.join(root, "in.ndjson"))
        os.unlink(os.path.join(root, "in.ndjson"))
        with open(os.path.join(SOURCE, "spec/store/fhir.dict"), "rb") as f:
            public = f.read().lower()  # lies in every database
        needles = {w.encode() for p in people for w in words_of(p) if len(w) >= LEAST and not re.fullmatch(r"\d{1,8}", w)}
        needles = {n for n in needles if n.lower() not in public}
        self.assertGreater(len(needles), 300)
        self.use(server, people)
        self.assertGreaterEqual(self.scan(needles, server.folder, tmp), 5)
        self.assertEqual([], [f for f in os.listdir(tmp) if "core" in f])
        # Proof that the scan would find them.
        with open(os.path.join(tmp, "plain"), "wb") as f:
            f.write(b"x" * 5000 + sorted(needles)[7] + b"x" * 5000)
        with self.assertRaises(AssertionError):
            self.scan(needles, tmp)

    def use(self, server, people):
        """Reads, searches by every kind of text, writes, is refused, exports, is killed and dumps no core."""
        nurse, system = server.token("nurse"), server.token("system")
        server.start()
        ids = []
        for p in people[:20] + people[-20:]:
            name = p["name"][0]
            asks = [("name", name["family"]), ("given", name["given"][0]), ("family:exact", name["family"])]
            asks += [(t["system"], t["value"]) for t in p.get("telecom", []) if t.get("system") in ("phone", "email")]
            asks += [("identifier", i["value"]) for i in p.get("identifier", []) if i.get("value")][:1]
            asks += [("address", a["line"][0]) for a in p.get("address", []) if a.get("line")]
            for param, value in asks:
                a = server.call("GET", "/fhir/Patient?" + urllib.parse.urlencode({param: value}), None, nurse)
                self.assertEqual(200, a.status, a.body)
                ids += [e["resource"]["id"] for e in a.json.get("entry", []) if e["resource"]["resourceType"] == "Patient"]
            server.call("POST", "/fhir/Patient/_search", urllib.parse.urlencode({"name": name["family"]}), nurse,
                        headers={"Content-Type": "application/x-www-form-urlencoded"})
            server.call("GET", "/fhir/Nothing/" + urllib.parse.quote(name["family"]), None, nurse)
            server.call("GET", "/fhir/Patient?" + urllib.parse.urlencode({"nonsense": name["family"]}), None, nurse,
                        headers={"Prefer": "handling=strict"})
            server.call("POST", "/fhir/Patient", {"resourceType": "Patient", "name": [{"famly": name["family"]}]}, nurse)
        self.assertGreater(len(ids), 40)
        for i in sorted(set(ids))[:20]:
            p = server.call("GET", "/fhir/Patient/" + i, None, nurse).json
            server.call("PUT", "/fhir/Patient/" + i, {**p, "active": True}, system)
            server.call("POST", "/fhir/Observation", observation(i), nurse)
            server.call("GET", f"/fhir/Patient/{i}/$everything", None, nurse)
        a = server.call("GET", "/fhir/$export", None, system, headers={"Prefer": "respond-async",
                                                                       "Accept": "application/fhir+json"})
        self.assertEqual(202, a.status, a.body)
        self.assertEqual(0, weft("audit", "verify", "--data", server.data).returncode)
        server.stop(signal.SIGABRT)
        server.start()
        p = server.process
        with open(f"/proc/{p.pid}/limits", encoding="utf-8") as f:
            self.assertRegex(f.read(), r"Max core file size +0 +0 ")
        server.stop(signal.SIGSEGV)


if __name__ == "__main__":
    main()
