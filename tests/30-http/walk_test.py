"""Everything that the OpenAPI document and the CapabilityStatement declare is used at least once: every
operation with every parameter, every search parameter of every type with every modifier, every include.
None may answer 5xx or "not supported", and none may be left over. The document is validated by a validator
of others; the examples of /docs/examples are run as they stand there."""
import http.client
import html
import json
import os
import re
import shutil
import subprocess
import unittest
from urllib.parse import quote

from weft_http import FHIR, Case, main, observation

HERE = os.path.dirname(os.path.abspath(__file__))
TOOLS = os.path.join(os.environ.get("WEFT_SOURCE") or os.path.join(HERE, "..", ".."), "tools", "npm")
SAMPLES = {"missing": "true", "in": "http://hl7.org/fhir/ValueSet/observation-status",
           "not-in": "http://hl7.org/fhir/ValueSet/observation-status",
           "of-type": "http://terminology.hl7.org/CodeSystem/v2-0203|MR|1",
           "identifier": "http://example.org|1"}
# Codes that have something above and below them.
TREE = "http://terminology.hl7.org/CodeSystem/v3-ActCode|IMP"
# Types whose resources are part of others.
WHOLES = [t + "/1" for t in ("Location", "Organization", "Encounter", "Procedure", "Device",
                             "Observation", "Medication", "MedicationAdministration",
                             "MedicationDispense", "MedicationStatement", "Communication", "Task",
                             "ImagingStudy", "HealthcareService", "InsurancePlan", "Immunization",
                             "ResearchStudy", "Contract", "Account", "Composition")]


class Walk(Case):
    config = "http.search_s = 30\n"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.connection = http.client.HTTPConnection("127.0.0.1", cls.server.port, timeout=60)
        cls.statement = cls.server.call("GET", "/fhir/metadata").json["rest"][0]
        cls.document = cls.server.call("GET", "/openapi.json").json
        cls.examples_there()

    @classmethod
    def examples_there(cls):
        """Walking every operation may have deleted them."""
        for r in ({"resourceType": "Patient", "id": "example", "name": [{"family": "Example"}]},
                  {**observation("example"), "id": "example"}):
            made = cls.server.call("PUT", f"/fhir/{r['resourceType']}/example", r, cls.system)
            assert made.status in (200, 201), made.body

    @classmethod
    def before_start(cls):
        cls.other = cls.server.token("system")

    @classmethod
    def tearDownClass(cls):
        cls.connection.close()
        super().tearDownClass()

    def ask(self, method, path, body=None, media=FHIR):
        """(status, text) over the one kept connection; of a live stream only the head."""
        headers = {"Authorization": "Bearer " + self.system, "Content-Type": media}
        if "sign-out" in path:
            headers["Authorization"] = "Bearer " + self.other
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        if answer.headers.get("Content-Type", "").startswith("text/event-stream"):
            self.connection.close()
            return answer.status, ""
        if answer.headers.get("Content-Type", "") == "application/pdf":
            return answer.status, str(len(answer.read()))
        return answer.status, answer.read().decode()

    def works(self, path):
        status, text = self.ask("GET", path)
        self.assertEqual(200, status, (path, text[:600]))
        return text

    # ---- OpenAPI ----

    def test_the_document_is_valid(self):
        node = shutil.which("node")
        if not node or not os.path.isdir(os.path.join(TOOLS, "node_modules/@seriousme")):
            self.skipTest("no validator: npm ci --prefix tools/npm")
        done = subprocess.run([node, os.path.join(HERE, "openapi.mjs"), os.path.realpath(TOOLS)],
                              input=json.dumps(self.document), capture_output=True, text=True,
                              timeout=120)
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertIn("valid OpenAPI 3.1", done.stdout)
        bad = json.dumps({**self.document, "paths": {"x": 1}})
        done = subprocess.run([node, os.path.join(HERE, "openapi.mjs"), os.path.realpath(TOOLS)],
                              input=bad, capture_output=True, text=True, timeout=120)
        self.assertNotEqual(0, done.returncode, "the validator takes anything")

    def operations(self):
        for path, item in self.document["paths"].items():
            for method, operation in item.items():
                yield path, method.upper(), operation

    def test_every_route_is_in_the_document(self):
        with open(os.path.join(TOOLS, "..", "..", "spec", "routes.csv"), encoding="utf-8") as f:
            names = {line.split(",")[0] for line in f if not line.startswith("#")} - {"name"}
        told = {o["operationId"] for _, _, o in self.operations()}
        for name in names:
            self.assertTrue(name in told or name + "-Patient" in told, name)
        ids = [o["operationId"] for _, _, o in self.operations()]
        self.assertEqual(len(ids), len(set(ids)))

    def filled(self, path, operation):
        fills = {"id": "example", "vid": "1", "within": "Observation", "rest": "x", "type": "Patient"}
        return re.sub(r"\{(\w+)\}", lambda m: fills[m.group(1)], path)

    def test_every_operation_and_parameter(self):
        declared = used = 0
        for path, method, operation in self.operations():
            at = self.filled(path, operation)
            media = next(iter(operation.get("requestBody", {"content": {FHIR: 0}})["content"]))
            body = "" if media.endswith("urlencoded") else "{}"
            queries = [""]
            own = [p for p in operation["parameters"] if p.get("in") == "query"]
            typed = operation["operationId"].startswith("search-") and "-" in operation["operationId"]
            for p in own:
                declared += 1
                value = (p.get("example") or [""])[0]
                if not value:  # a position: an empty one is none
                    used += 1
                elif path.count("/") == 2 and typed and not p["name"].startswith("_"):
                    used += 1  # of a type: test_every_search_parameter
                else:
                    queries.append("?" + p["name"] + "=" + quote(value, safe=""))
            for query in queries:
                with_body = method not in ("GET", "DELETE")
                status, text = self.ask(method, at + query, body if with_body else None, media)
                what = (method, at + query, status, text[:400])
                self.assertLess(status, 500, what)
                self.assertNotIn(status, (405, 415, 406), what)
                if status == 404:
                    self.assertNotIn("no operation of this name", text, what)
                    self.assertNotIn("no such FHIR interaction", text, what)
                if query and method == "GET" and at.startswith("/fhir"):
                    self.assertNotIn("not supported", text, what)
                    self.assertFalse(status == 400 and quote(query[1:].split("=")[0]) in text, what)
                used += bool(query)
        self.assertEqual(declared, used)
        self.assertGreater(declared, 2000)

    # ---- CapabilityStatement ----

    def value(self, p, kind, modifier):
        example = self.examples[kind].get(p["name"], "a")
        if modifier in SAMPLES:
            return SAMPLES[modifier]
        if modifier in ("above", "below") and p["type"] == "token":
            return TREE
        if modifier in ("text", "contains", "exact"):
            return "a"
        return example.split("/")[-1] if modifier[:1].isupper() else example

    def test_every_search_parameter_and_modifier(self):
        self.__class__.examples = {}
        for path, _, operation in self.operations():
            kind = path.rpartition("/")[2]
            if operation["operationId"] == "search-" + kind:
                self.examples[kind] = {p["name"]: p["example"][0] for p in operation["parameters"]
                                       if p.get("example")}
        n = modified = 0
        for resource in self.statement["resource"]:
            kind = resource["type"]
            told = self.examples[kind]
            for p in resource["searchParam"]:
                self.assertIn(p["name"], told, kind)
                self.works(f"/fhir/{kind}?_count=1&{p['name']}={quote(told[p['name']], safe='')}")
                n += 1
                if kind == "AuditEvent":
                    continue
                for modifier in re.findall(r":([a-z-]+)", p["documentation"]):
                    values = WHOLES if p["type"] == "reference" and modifier in ("above", "below") \
                        else [self.value(p, kind, modifier)]
                    path = f"/fhir/{kind}?_count=1&{p['name']}:{modifier}="
                    self.assertTrue(any(self.ask("GET", path + quote(value, safe=""))[0] == 200
                                        for value in values), path)
                    modified += 1
        self.assertGreater(n, 1300)
        self.assertGreater(modified, 3000)

    def test_every_include(self):
        for resource in self.statement["resource"]:
            kind = resource["type"]
            if kind == "AuditEvent":
                continue
            for direction, name in (("_include", "searchInclude"), ("_revinclude", "searchRevInclude")):
                claims = resource.get(name, [])
                for i in range(0, len(claims), 16):
                    self.works(f"/fhir/{kind}?_count=1&" +
                               "&".join(f"{direction}={c}" for c in claims[i:i + 16]))
                if claims:
                    self.works(f"/fhir/{kind}?_count=1&{direction}=*&{direction}:iterate=" +
                               quote(claims[0]))

    def test_every_system_parameter_and_compartment(self):
        self.examples_there()
        for p in self.statement["searchParam"]:
            value = {"date": "2026", "token": "a", "uri": "http%3A%2F%2Fexample.org"}[p["type"]]
            self.works(f"/fhir?_type=Patient,Observation&{p['name']}={value}")
        for c in self.statement["compartment"]:
            kind = c.rpartition("/")[2]
            kind = kind[0].upper() + kind[1:]
            made = {"Patient": {}, "Device": {}, "Practitioner": {},
                    "RelatedPerson": {"patient": {"reference": "Patient/example"}},
                    "Encounter": {"status": "planned", "class": {"code": "IMP"},
                                  "subject": {"reference": "Patient/example"}}}[kind]
            some = self.create({"resourceType": kind, **made}, "system").json["id"]
            self.works(f"/fhir/{kind}/{some}/*")
            self.works(f"/fhir/{kind}/{some}/Observation?_summary=count")
            self.expect(404, self.call("GET", f"/fhir/{kind}/none/Observation", token="system"))

    # ---- the examples ----

    def test_examples(self):
        page = self.server.call("GET", "/docs/examples").body.decode()
        found = [html.unescape(x) for x in re.findall(r"<pre><code>(.*?)</code></pre>", page, re.S)]
        self.assertGreater(len(found), 12)
        if not (shutil.which("curl") and shutil.which("jq")):
            self.skipTest("curl or jq is not installed")
        env = {**os.environ, "BASE": f"http://127.0.0.1:{self.server.port}", "TOKEN": self.nurse}
        for example in found:
            done = subprocess.run(["bash", "-euo", "pipefail", "-c", example], env=env, timeout=60,
                                  capture_output=True, text=True)
            self.assertEqual(0, done.returncode, (example, done.stdout[-400:], done.stderr[-400:]))
            self.assertTrue(done.stdout.strip(), example)


if __name__ == "__main__":
    main()
