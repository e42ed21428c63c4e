"""Posted search parameters: existing data is indexed in the background, through a kill -9 in the
middle; how far it is can be read; what is wrong is refused naming the element; what is retired is
gone, and what comes back is made anew."""
import json
import signal
import time
import unittest

from weft_http import Case, main, observation

NICK = "http://example.org/nickname"
MANY = 3000


def parameter(code, expression, kind="string", base=("Patient",), **more):
    p = {"resourceType": "SearchParameter", "url": "http://example.org/sp/" + code, "name": code,
         "status": "active", "description": "Of this test.", "code": code, "base": list(base),
         "type": kind, "expression": expression}
    return {**p, **more}


def nick(value):
    return {"extension": [{"url": NICK, "valueString": value}]}


NICKS = f"Patient.extension.where(url = '{NICK}').value.ofType(string)"


class CustomParameters(Case):
    roles = ("nurse", "system", "admin")

    def post(self, p, status=201):
        return self.expect(status, self.call("POST", "/fhir/SearchParameter", p, "system"))

    def ids(self, query, token="nurse"):
        a = self.expect(200, self.call("GET", "/fhir/" + query, token=token)).json
        return {e["resource"]["id"] for e in a.get("entry", [])}

    def status(self, id):
        a = self.expect(200, self.call("GET", f"/fhir/SearchParameter/{id}/$status", token="system"))
        return [{k["name"]: v for k in p["part"] for n, v in k.items() if n != "name"}
                for p in a.json.get("parameter", [])]

    def until(self, holds):
        end = time.monotonic() + 60
        while not holds():
            self.assertLess(time.monotonic(), end, "it never came to be")
            time.sleep(0.02)

    def ready(self, p):
        id = self.post(p).json["id"]
        self.until(lambda: self.status(id) and all(s["ready"] for s in self.status(id)))
        return id

    def listed(self, type, code):
        a = self.expect(200, self.call("GET", "/fhir/metadata")).json
        row, = [r for r in a["rest"][0]["resource"] if r["type"] == type]
        return [p for p in row["searchParam"] if p["name"] == code]

    def test_kinds(self):
        one = self.patient("Kinds", **nick("Ändi"))
        two = self.patient("Kinds")
        low = self.create(observation(one, 40)).json["id"]
        high = self.create(observation(one, 140, note=[{"text": "x"}])).json["id"]
        self.ready(parameter("nick", NICKS))
        self.assertEqual({one}, self.ids("Patient?nick=andi"))
        self.assertEqual({one}, self.ids("Patient?nick:exact=%C3%84ndi"))
        self.assertEqual({one}, self.ids("Patient?nick:contains=nd"))
        self.assertEqual({two}, self.ids("Patient?family=Kinds&nick:missing=true"))
        self.assertEqual({low, high}, self.ids("Observation?subject:Patient.nick=andi"))
        self.assertEqual({one}, self.ids("Patient?nick=andi&_sort=-nick"))
        self.assertTrue(self.listed("Patient", "nick"))
        self.assertFalse(self.listed("Observation", "nick"))
        self.ready(parameter("pulse", "Observation.value.ofType(Quantity)", "quantity", ["Observation"]))
        self.assertEqual({high}, self.ids("Observation?pulse=gt100"))
        page = self.call("GET", "/fhir/Observation?subject=Patient/" + one + "&_sort=pulse").json
        self.assertEqual([low, high], [e["resource"]["id"] for e in page["entry"]])
        self.ready(parameter("about", "Observation.subject", "reference", ["Observation"],
                             target=["Patient"]))
        self.assertEqual({low, high}, self.ids("Observation?about=Patient/" + one))
        self.assertEqual({low, high}, self.ids("Observation?about.nick=andi"))
        self.assertIn(one, self.ids("Patient?_has:Observation:about:pulse=gt100"))
        self.ready(parameter("sex", "Patient.gender", "token"))
        self.assertIn(one, self.ids("Patient?family=Kinds&sex=female"))
        self.assertEqual(set(), self.ids("Patient?family=Kinds&sex:not=female"))
        self.ready(parameter("born", "Patient.birthDate", "date"))
        self.assertIn(one, self.ids("Patient?family=Kinds&born=lt1971"))
        # From the commit on, new writes are found, changed ones are not found any more.
        new = self.patient("Kinds", **nick("Bo"))
        self.assertEqual({new}, self.ids("Patient?nick=bo"))
        p = self.call("GET", "/fhir/Patient/" + new).json
        p["extension"][0]["valueString"] = "Cy"
        self.expect(200, self.call("PUT", "/fhir/Patient/" + new, p))
        self.assertEqual(set(), self.ids("Patient?nick=bo"))
        self.assertEqual({new}, self.ids("Patient?nick=cy"))

    def entries(self, query):
        a = self.expect(200, self.call("GET", "/fhir/" + query)).json
        return [(e["search"]["mode"], e["resource"]["id"]) for e in a.get("entry", [])]

    def test_wherever_a_parameter_is_named(self):
        one = self.patient("Where", **nick("Iva"))
        seen = self.create(observation(one, 60)).json["id"]
        self.ready(parameter("call_me", NICKS))
        self.ready(parameter("whom", "Observation.subject", "reference", ["Observation"], target=["Patient"]))
        self.ready(parameter("rank", "Patient.name.family | Observation.subject.reference", "string",
                             ["Patient", "Observation"]))
        both = {("match", seen), ("include", one)}
        self.assertEqual(both, set(self.entries(f"Observation?_id={seen}&_include=Observation:whom")))
        self.assertEqual(both, set(self.entries(f"Observation?_id={seen}&_include=*")))
        both = {("match", one), ("include", seen)}
        for how in ("Observation:whom", "Observation:whom:Patient", "Observation:*", "*"):
            self.assertEqual(both, set(self.entries(f"Patient?_id={one}&_revinclude={how}")), how)
        self.expect(400, self.call("GET", "/fhir/Patient?_revinclude=Observation:rank"), "whom")
        # Several types, and a compartment, in which the names must be known to all.
        found = set(self.entries("?_type=Patient,Observation&rank=where"))
        self.assertEqual({("match", one)}, found)
        self.expect(400, self.call("GET", "/fhir?_type=Patient,Observation&call_me=iva"), "call_me")
        at = f"Patient/{one}/Observation?whom.call_me=iva"
        self.assertEqual([("match", seen)], self.entries(at))
        self.assertEqual([], self.entries(at.replace("iva", "other")))
        # GraphQL, where a name may have an underscore of its own.
        q = f'{{PatientList(call_me: "iva", _sort: "-call_me") {{id ObservationList(_reference: whom) {{id}}}}}}'
        a = self.expect(200, self.call("POST", "/fhir/$graphql", {"query": q})).json["data"]
        self.assertEqual({"PatientList": [{"id": one, "ObservationList": [{"id": seen}]}]}, a)

    def test_export_by_it(self):
        one = self.patient("Out", **nick("Ole"))
        self.ready(parameter("out", NICKS))
        a = self.call("GET", "/fhir/$export?_type=Patient&_typeFilter=Patient%3Fout%3Dole", None, "system",
                      headers={"Prefer": "respond-async"})
        at = "/" + self.expect(202, a).header("Content-Location").split("/", 3)[3]
        self.until(lambda: self.call("GET", at, token="system").status == 200)
        out, = self.call("GET", at, token="system").json["output"]
        rows = self.call("GET", "/" + out["url"].split("/", 3)[3], token="system").text().splitlines()
        self.assertEqual([one], [json.loads(r)["id"] for r in rows])

    def test_criteria_of_a_subscription(self):
        sp = parameter("told", NICKS)
        sp_id = self.ready(sp)
        s = {"resourceType": "Subscription", "status": "requested", "reason": "test",
             "criteria": "Patient?told=nia", "channel": {"type": "websocket"}}
        id = self.expect(201, self.call("POST", "/fhir/Subscription", s, "system")).json["id"]

        def status():
            return self.call("GET", "/fhir/Subscription/" + id, token="system").json

        def events():
            a = self.call("GET", f"/fhir/Subscription/{id}/$status", token="system").json
            p = a["entry"][0]["resource"]["parameter"]
            n, = [x for x in p if x["name"] == "events-since-subscription-start"]
            return int(n["valueString"])

        self.until(lambda: status()["status"] == "active")
        self.patient("Told", **nick("Other"))
        self.patient("Told", **nick("Nia"))
        self.until(lambda: events() == 1)
        # With another meaning it goes on by that; without any it is in error and says so.
        other = {**sp, "id": sp_id, "expression": "Patient.name.family"}
        self.expect(200, self.call("PUT", "/fhir/SearchParameter/" + sp_id, other, "system"))
        self.until(lambda: self.call("GET", "/fhir/Patient?told=told").json.get("total") != 0
                   and self.call("GET", "/fhir/Patient?told=told").status == 200)
        self.patient("Nia")
        self.until(lambda: events() == 2)
        self.expect(204, self.call("DELETE", "/fhir/SearchParameter/" + sp_id, token="system"))
        self.until(lambda: status()["status"] == "error")
        self.assertIn("understood", status()["error"])

    def test_refused(self):
        for element, p in (("code", parameter("family", "Patient.name")),
                           ("code", parameter("_x", "Patient.name")),
                           ("base", parameter("x1", "Patient.name", base=["Resource"])),
                           ("base", parameter("x2", "AuditEvent.type", "token", ["AuditEvent"])),
                           ("type", parameter("x3", "Patient.name", "composite")),
                           ("type", parameter("x4", "Patient.name", "special")),
                           ("expression", parameter("x5", "Patient.name.where(")),
                           ("expression", parameter("x6", None))):
            p = {k: v for k, v in p.items() if v is not None}
            self.expect(422, self.call("POST", "/fhir/SearchParameter", p, "system"),
                        "SearchParameter." + element)
        self.ready(parameter("twice", NICKS))
        p = parameter("twice", NICKS, url="http://example.org/sp/other")
        self.expect(422, self.call("POST", "/fhir/SearchParameter", p, "system"),
                    "SearchParameter.code")
        # A draft is no search parameter yet, whatever it says.
        self.post(parameter("family", "Patient.name", status="draft"))
        self.expect(400, self.call("GET", "/fhir/Patient?nothing-such=1"), "nothing-such")

    def test_retired_and_back(self):
        one = self.patient("Back", **nick("Dee"))
        p = parameter("back", NICKS)
        id = self.ready(p)
        self.assertEqual({one}, self.ids("Patient?back=dee"))
        at = "/fhir/SearchParameter/" + id
        self.expect(200, self.call("PUT", at, {**p, "id": id, "status": "retired"}, "system"))
        self.until(lambda: self.call("GET", "/fhir/Patient?back=dee").status == 400)
        self.assertFalse(self.listed("Patient", "back"))
        stale = self.call("GET", "/fhir/Patient/" + one).json
        stale["extension"][0]["valueString"] = "Eve"
        self.expect(200, self.call("PUT", "/fhir/Patient/" + one, stale))
        self.expect(200, self.call("PUT", at, {**p, "id": id}, "system"))
        self.until(lambda: self.call("GET", "/fhir/Patient?back=eve").status == 200)
        self.assertEqual({one}, self.ids("Patient?back=eve"))
        self.assertEqual(set(), self.ids("Patient?back=dee"))
        other = {**p, "id": id, "expression": "Patient.name.family"}
        self.expect(200, self.call("PUT", at, other, "system"))
        self.until(lambda: one in {e["resource"]["id"] for e in self.call(
            "GET", "/fhir/Patient?back=back").json.get("entry", [])})
        self.assertEqual(set(), self.ids("Patient?back=eve"))
        self.expect(204, self.call("DELETE", at, token="system"))
        self.until(lambda: self.call("GET", "/fhir/Patient?back=back").status == 400)

    def test_killed_in_the_middle(self):
        for first in range(0, MANY, 500):
            entries = [{"request": {"method": "POST", "url": "Patient"},
                        "resource": {"resourceType": "Patient", **nick(f"many{first + i}"),
                                     "name": [{"family": "Many"}]}} for i in range(500)]
            self.expect(200, self.call("POST", "/fhir", {"resourceType": "Bundle",
                                                         "type": "transaction", "entry": entries}))
        id = self.post(parameter("many", NICKS)).json["id"]
        said = self.call("GET", "/fhir/Patient?many=many7")
        killed = said.status
        self.server.stop(signal.SIGKILL)
        self.server.start()
        if killed == 400:
            self.assertIn("many", said.text())
        self.until(lambda: self.status(id) and self.status(id)[0]["ready"])
        for n in (0, 1, MANY // 2, MANY - 1):
            self.assertEqual(1, len(self.ids(f"Patient?many:exact=many{n}")), n)
        count = self.call("GET", "/fhir/Patient?many=many&_summary=count").json["total"]
        self.assertEqual(MANY, count)
        # What was ready stays ready, and is so at once.
        self.server.stop()
        self.server.start()
        self.assertEqual(1, len(self.ids("Patient?many:exact=many5")))


if __name__ == "__main__":
    main()
