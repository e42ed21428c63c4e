"""$export and $import from outside: the asynchronous pattern, what is in the files against what was
sent, who may, how many at once, cancel, expiry, restart and kill -9 in the middle."""
import collections
import gzip
import json
import os
import re
import signal
import time
import unittest
from urllib.parse import quote, unquote

from weft_http import Case, Server, main, observation, weft

NDJSON = "application/fhir+ndjson"


class Bulk(Case):
    roles = ("nurse", "system", "admin")

    def path(self, url):
        return re.sub(r"^http://[^/]+", "", url)

    def kick(self, path, body=None, token="system", **more):
        a = self.call("GET" if body is None else "POST", path, body, token,
                      headers={"Prefer": "respond-async", **more.pop("headers", {})}, **more)
        self.expect(202, a)
        self.assertEqual("OperationOutcome", a.json["resourceType"])
        return self.path(a.header("Content-Location"))

    def wait(self, job, token="system"):
        """Status until it is no longer 202; the last answer."""
        for _ in range(2000):
            a = self.call("GET", job, token=token)
            if a.status != 202:
                return a
            self.assertRegex(a.header("X-Progress"), r"^\d+ ")
            self.assertTrue(a.header("Retry-After"))
            time.sleep(0.02)
        self.fail("the job does not end")

    def lines(self, row, token="system"):
        a = self.call("GET", self.path(row["url"]), token=token)
        self.expect(200, a)
        self.assertEqual(NDJSON, a.header("Content-Type"))
        out = [json.loads(x) for x in a.body.decode().splitlines()]
        self.assertEqual(row["count"], len(out))
        self.assertEqual({row["type"]} if out else set(), {r["resourceType"] for r in out})
        return out

    def export(self, query="", at="/fhir/$export"):
        m = self.expect(200, self.wait(self.kick(at + query))).json
        self.assertTrue(m["requiresAccessToken"])
        self.assertTrue(unquote(m["request"]).endswith(at + unquote(query)), m["request"])
        return [r for row in m["output"] for r in self.lines(row)], m

    def imported(self, rows, **more):
        text = "\n".join(r if isinstance(r, str) else json.dumps(r) for r in rows) + "\n"
        a = self.wait(self.kick("/fhir/$import", text, headers={"Content-Type": NDJSON}, **more))
        m = self.expect(200, a).json
        bad = [x for row in m["error"] for x in self.lines(row)]
        return m["extension"]["https://weft.health/fhir/bulk-applied"], bad


class Export(Bulk):
    @classmethod
    def before_start(cls):
        cls.sent = {}
        for p in ("a", "b", "c"):
            cls.sent[f"Patient/{p}"] = {"resourceType": "Patient", "id": p,
                                        "name": [{"family": p.upper()}]}
            for i in range(700):
                o = observation(p, i)
                o["id"] = f"{p}-{i}"
                if i % 7 == 0:
                    o["code"]["coding"][0]["code"] = "8480-6"
                cls.sent[f"Observation/{o['id']}"] = o
            cls.sent[f"Observation/{p}-7"]["note"] = [{"text": "unmistakable"}]
        cls.sent["Practitioner/d"] = {"resourceType": "Practitioner", "id": "d"}
        cls.sent["Group/g"] = {"resourceType": "Group", "id": "g", "type": "person", "actual": True,
                               "member": [{"entity": {"reference": "Patient/a"}},
                                          {"entity": {"reference": "Patient/c"}}]}
        file = os.path.join(cls.server.folder, "in.ndjson")
        with open(file, "w", encoding="utf-8") as f:
            f.writelines(json.dumps(r) + "\n" for r in cls.sent.values())
        weft("import", "--data", cls.server.data, file)

    def bare(self, r):
        r = json.loads(json.dumps(r))
        for k in ("versionId", "lastUpdated"):
            r.get("meta", {}).pop(k, None)
        if not r.get("meta", True):
            del r["meta"]
        return r

    def same(self, got, expected):
        self.assertEqual(sorted(expected), sorted(f"{r['resourceType']}/{r['id']}" for r in got))
        for r in got:
            self.assertEqual(self.sent[f"{r['resourceType']}/{r['id']}"], self.bare(r))

    def test_everything_and_levels(self):
        got, m = self.export()
        self.same(got, self.sent)
        self.assertEqual(([], []), (m["deleted"], m["error"]))
        got, _ = self.export(at="/fhir/Patient/$export")
        self.same(got, [n for n in self.sent if not n.startswith("Practitioner") and n != "Group/g"])
        got, _ = self.export(at="/fhir/Group/g/$export")
        mine = {"Patient/a", "Patient/c"} | {n for n in self.sent if re.match("Observation/[ac]-", n)}
        self.same(got, mine)
        self.expect(404, self.call("GET", "/fhir/Group/none/$export", token="system"))

    def test_types_and_filters(self):
        got, _ = self.export("?_type=Patient,Practitioner")
        self.same(got, [n for n in self.sent if n[0] == "P"])
        query = quote("Observation?code=http://loinc.org|8480-6,Patient?family=B")
        got, _ = self.export(f"?_type=Observation%2CPatient&_typeFilter={query}")
        self.same(got, [n for n, r in self.sent.items()
                        if n == "Patient/b" or (n.startswith("Obs") and
                                                r["code"]["coding"][0]["code"] == "8480-6")])

    def test_filters_that_follow_references(self):
        def export(query, types="Observation,Patient"):
            return self.export(f"?_type={quote(types)}&_typeFilter={quote(query)}")[0]
        of_b = [n for n in self.sent if n.startswith("Observation/b-")]
        systolic = [n for n, r in self.sent.items() if n.startswith("Observation/") and
                    r["code"]["coding"][0]["code"] == "8480-6"]
        self.same(export("Observation?patient.family=B", "Observation"), of_b)
        self.same(export("Observation?patient.family=B&code=8480-6", "Observation"),
                  [n for n in systolic if n in of_b])
        self.same(export("Observation?patient.family=B,Observation?code=http://loinc.org|8480-6,"
                         "Patient?_has:Observation:patient:_id=c-7"),
                  set(of_b) | set(systolic) | {"Patient/c"})
        self.same(export("Observation?patient.family=Nobody", "Observation"), [])
        self.same(export("Patient?_has:Group:member:_id=g", "Patient"), ["Patient/a", "Patient/c"])

    def test_since_tells_what_is_gone(self):
        made = self.create({"resourceType": "Patient", "name": [{"family": "New"}]}, "system").json
        time.sleep(0.01)
        before = made["meta"]["lastUpdated"]
        o = self.create(observation(made["id"]), "system").json
        self.expect(204, self.call("DELETE", f"/fhir/Observation/{o['id']}", token="system"))
        kept = self.create(observation(made["id"]), "system").json
        got, m = self.export("?_since=" + quote(before))
        self.assertEqual({f"Patient/{made['id']}", f"Observation/{kept['id']}"},
                         {f"{r['resourceType']}/{r['id']}" for r in got})
        gone = [x for row in m["deleted"] for x in self.lines(row)]
        self.assertEqual([{"method": "DELETE", "url": f"Observation/{o['id']}"}],
                         [e["request"] for b in gone for e in b["entry"]])
        for n in (kept["id"],):
            self.expect(204, self.call("DELETE", f"/fhir/Observation/{n}", token="system"))
        self.expect(204, self.call("DELETE", f"/fhir/Patient/{made['id']}", token="system"))

    def test_the_moment_stays(self):
        job = self.kick("/fhir/$export?_type=Patient")
        m = self.expect(200, self.wait(job)).json
        changed = {**self.sent["Patient/b"], "name": [{"family": "Later"}]}
        self.expect(200, self.call("PUT", "/fhir/Patient/b", changed, "system"))
        extra = self.create({"resourceType": "Patient"}, "system").json["id"]
        got = [r for row in m["output"] for r in self.lines(row)]
        self.same(got, [n for n in self.sent if n.startswith("Patient")])
        self.expect(200, self.call("PUT", "/fhir/Patient/b", self.sent["Patient/b"], "system"))
        self.expect(204, self.call("DELETE", f"/fhir/Patient/{extra}", token="system"))

    def test_gzip_and_nothing_plain_on_disk(self):
        m = self.expect(200, self.wait(self.kick("/fhir/$export?_type=Observation"))).json
        row = m["output"][0]
        a = self.call("GET", self.path(row["url"]), token="system", headers={"Accept-Encoding": "gzip"})
        self.assertEqual("gzip", a.header("Content-Encoding"))
        self.assertEqual(row["count"], len(gzip.decompress(a.body).splitlines()))
        for folder, _, files in os.walk(self.server.data):
            for name in filter(lambda n: os.path.isfile(os.path.join(folder, n)), files):
                with open(os.path.join(folder, name), "rb") as f:
                    self.assertFalse(b"unmistakable" in f.read(), name)

    def test_who_may_and_whose_it_is(self):
        for token in ("nurse", "admin"):
            self.expect(403, self.call("GET", "/fhir/$export", token=token))
        self.expect(401, self.call("GET", "/fhir/$export", token=None))
        job = self.kick("/fhir/$export?_type=Practitioner")
        m = self.expect(200, self.wait(job)).json
        for path in (job, self.path(m["output"][0]["url"])):
            self.expect(404, self.call("GET", path, token="nurse"))
            self.expect(401, self.call("GET", path, token=None))
        self.expect(404, self.call("DELETE", job, token="nurse"))
        self.expect(404, self.call("GET", job + "/99.ndjson", token="system"))
        self.expect(404, self.call("GET", job + "/nonsense", token="system"))
        self.assertEqual(202, self.call("DELETE", job, token="system").status)
        self.expect(404, self.call("GET", job, token="system"))
        self.expect(404, self.call("GET", self.path(m["output"][0]["url"]), token="system"))

    def test_wrong_parameters(self):
        for query, word in (("_type=Nonsense", "Nonsense"), ("_outputFormat=text/csv", "_outputFormat"),
                            ("_since=never", "_since"), ("_typeFilter=abc", "_typeFilter"),
                            ("_typeFilter=" + quote("Observation?nonsense=1"), "nonsense"),
                            ("_typeFilter=" + quote("Observation?patient.nonsense=x"), "nonsense"),
                            ("_elements=id", "_elements")):
            self.expect(400, self.call("GET", "/fhir/$export?" + query, token="system"), word)
        body = {"resourceType": "Parameters", "parameter": [
            {"name": "_type", "valueString": "Practitioner"},
            {"name": "_outputFormat", "valueString": NDJSON}]}
        m = self.expect(200, self.wait(self.kick("/fhir/$export", json.dumps(body)))).json
        self.assertEqual(["Practitioner"], [row["type"] for row in m["output"]])


class Import(Bulk):
    config = "bulk.jobs = 2\n"

    @classmethod
    def before_start(cls):
        cls.inbox = os.path.join(cls.server.folder, "inbox")
        os.mkdir(cls.inbox)
        with open(cls.server.config, "a", encoding="utf-8") as f:
            f.write(f"bulk.import_dir = {cls.inbox}\n")

    def rows(self, tag, n):
        p = {"resourceType": "Patient", "id": f"{tag}-p", "name": [{"family": "Bulk"}]}
        out = []
        for i in range(n):
            out.append({**observation(p["id"], i), "id": f"{tag}-{i}"})
        return p, out

    def count(self, query):
        return self.call("GET", f"/fhir/{query}&_summary=count", token="system").json["total"]

    def test_order_does_not_matter(self):
        p, rest = self.rows("late", 600)
        applied, bad = self.imported(rest + [p])
        self.assertEqual((601, []), (applied, bad))
        self.assertEqual(600, self.count("Observation?patient=late-p"))
        self.assertEqual("1", self.call("GET", "/fhir/Observation/late-5").json["meta"]["versionId"])

    def test_bad_lines_are_told_and_the_rest_goes_in(self):
        p, rest = self.rows("bad", 50)
        rest[10]["status"] = "nonsense"
        rest[20]["subject"]["reference"] = "Patient/nobody-there"
        rows = [p, *rest]
        rows.insert(5, "this is no JSON")
        applied, bad = self.imported(rows)
        self.assertEqual((49, 3), (applied, len(bad)))
        said = json.dumps(bad)
        for n, word in ((6, "JSON"), (13, "status"), (23, "does not exist")):
            mine = [b for b in bad if f"Line {n} of the input" in json.dumps(b)]
            self.assertEqual(1, len(mine), said)
            self.assertIn(word, json.dumps(mine))
        self.assertEqual(48, self.count("Observation?patient=bad-p"))

    def test_bundles_go_whole(self):
        entry = lambda url, r: {"fullUrl": url, "resource": r,
                                "request": {"method": "POST", "url": r["resourceType"]}}
        o = observation("x", 1)
        o["subject"]["reference"] = "urn:uuid:0f3a5c1e-0000-4000-8000-000000000001"
        good = {"resourceType": "Bundle", "type": "transaction", "entry": [
            entry(o["subject"]["reference"], {"resourceType": "Patient", "identifier": [{"value": "whole"}]}),
            entry("urn:uuid:0f3a5c1e-0000-4000-8000-000000000002", o)]}
        spoilt = json.loads(json.dumps(good).replace("whole", "half"))
        spoilt["entry"][1]["resource"]["status"] = "nonsense"
        applied, bad = self.imported([good, spoilt])
        self.assertEqual((1, 1), (applied, len(bad)))
        self.assertEqual((1, 0), (self.count("Patient?identifier=whole"),
                                  self.count("Patient?identifier=half")))

    def test_a_file_by_name_only(self):
        p, rest = self.rows("file", 3000)
        with open(os.path.join(self.inbox, "one.ndjson"), "w", encoding="utf-8") as f:
            f.writelines(json.dumps(r) + "\n" for r in [p, *rest])
        ask = lambda url: {"resourceType": "Parameters", "parameter": [
            {"name": "inputFormat", "valueCode": NDJSON},
            {"name": "input", "part": [{"name": "url", "valueUrl": url}]}]}
        m = self.expect(200, self.wait(self.kick("/fhir/$import", json.dumps(ask("file:one.ndjson"))))).json
        self.assertEqual(3001, m["extension"]["https://weft.health/fhir/bulk-applied"])
        self.assertEqual(3000, self.count("Observation?patient=file-p"))
        for url in ("../weft.conf", "file:///etc/passwd", "http://127.0.0.1/x", ".hidden"):
            self.expect(400, self.call("POST", "/fhir/$import", ask(url), "system"), "input.url")
        a = self.wait(self.kick("/fhir/$import", json.dumps(ask("absent.ndjson"))))
        self.expect(422, a, "file")

    def test_refusals(self):
        self.expect(403, self.call("POST", "/fhir/$import", "{}", headers={"Content-Type": NDJSON}))
        self.expect(400, self.call("POST", "/fhir/$import", "\n", "system",
                                   headers={"Content-Type": NDJSON}), "nothing")
        self.expect(400, self.call("POST", "/fhir/$import", {"resourceType": "Parameters", "parameter": [
            {"name": "mode", "valueString": "x"}]}, "system"), "mode")
        self.expect(405, self.call("GET", "/fhir/$import", token="system"))


class Limits(Bulk):
    config = "bulk.jobs = 1\n"

    def test_no_more_than_allowed_at_once(self):
        text = "\n".join(json.dumps({"resourceType": "Patient", "id": f"l{i}"}) for i in range(3000))
        job = self.kick("/fhir/$import", text, headers={"Content-Type": NDJSON})
        busy = self.call("GET", "/fhir/$export", token="system")
        if self.call("GET", job, token="system").status == 202:
            self.expect(429, busy)
            self.assertTrue(busy.header("Retry-After"))
        self.expect(200, self.wait(job))
        self.assertEqual(202, self.call("DELETE", job, token="system").status)
        self.expect(200, self.wait(self.kick("/fhir/$export?_type=Patient")))

    def test_an_upload_that_fails_holds_no_place(self):
        long = json.dumps({"resourceType": "Patient", "name": [{"text": "x" * 1100000}]})
        short = json.dumps({"resourceType": "Patient"}) + "\n"
        a = self.call("POST", "/fhir/$import", short * 20000 + long, "system",
                      headers={"Content-Type": NDJSON})
        self.expect(413, a, "line")
        self.expect(200, self.wait(self.kick("/fhir/$export?_type=Practitioner")))


class Crash(unittest.TestCase):
    """kill -9 in the middle of both: they go on where they were, nothing twice, nothing half."""

    def test_go_on_after_kill(self):
        s = Server()
        try:
            token = s.token("system")
            s.start()
            n = 2500
            rows = [{"resourceType": "Observation", "status": "final", "code": {"text": "x"},
                     "valueInteger": i, "subject": {"reference": "Patient/p"}} for i in range(n)]
            rows.insert(n // 2, {"resourceType": "Patient", "id": "p"})
            text = "\n".join(json.dumps(r) for r in rows)
            head = {"Content-Type": NDJSON}
            a = s.call("POST", "/fhir/$import", text, token, headers=head)
            self.assertEqual(202, a.status, a.body)
            job = re.sub(r"^http://[^/]+", "", a.header("Content-Location"))
            kills = 0
            while True:
                for _ in range(6):
                    a = s.call("GET", job, token=token)
                    if a.status != 202:
                        break
                    time.sleep(0.03)
                if a.status != 202:
                    break
                if kills < 3:
                    s.stop(signal.SIGKILL)
                    kills += 1
                    s.start()
            self.assertEqual(200, a.status, a.body)
            self.assertEqual([], a.json["error"])
            a = s.call("GET", "/fhir/$export", token=token)
            job = re.sub(r"^http://[^/]+", "", a.header("Content-Location"))
            s.stop(signal.SIGKILL)
            s.start()
            while (a := s.call("GET", job, token=token)).status == 202:
                time.sleep(0.02)
            self.assertEqual(200, a.status, a.body)
            out = []
            for row in a.json["output"]:
                body = s.call("GET", re.sub(r"^http://[^/]+", "", row["url"]), token=token).body
                out += [json.loads(x) for x in body.decode().splitlines()]
            got = collections.Counter(r.get("valueInteger", "p") for r in out)
            self.assertEqual({**{i: 1 for i in range(n)}, "p": 1}, dict(got), f"{kills} kills")
            self.assertGreater(kills, 0)
            s.stop()
            weft("audit", "verify", "--data", s.data)
        finally:
            s.close()


if __name__ == "__main__":
    main()
