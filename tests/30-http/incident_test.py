"""What staff looked at and should not have: cases by rules, innocent explanations first, over a kill; what becomes
an incident has scope, clocks and letters."""
import signal
import time

from weft_http import Case, main


class Incident(Case):
    roles = ("nurse", "agent", "system", "privacy", "admin")

    @classmethod
    def before_start(cls):
        make = cls.server.token
        cls.ada = make("nurse", "--user", "ada", "--reference", "Practitioner/ada")
        cls.olga = make("privacy", "--user", "olga", "--reference", "Practitioner/olga")
        cls.pavel = make("privacy", "--user", "pavel", "--reference", "Practitioner/pavel")
        cls.eva = make("patient", "--patient", "eva", "--user", "eva")

    def ask(self, method, path, token, body=None):
        return self.call(method, path, body, None, headers={"Authorization": "Bearer " + token})

    def put(self, kind, rid, body):
        a = self.call("PUT", f"/fhir/{kind}/{rid}", {"resourceType": kind, "id": rid, **body}, "system")
        self.assertIn(a.status, (200, 201), a.body)

    def setUp(self):
        home = {"line": ["12 Elm Street"], "postalCode": "02139", "state": "MA", "country": "US"}
        for name in ("ada", "olga", "pavel"):
            self.put("Practitioner", name, {"name": [{"given": [name.title()], "family": name.title() + "son"}],
                                            **({"address": [home]} if name == "ada" else {})})
        self.put("Patient", "eva", {"name": [{"given": ["Eva"], "family": "Silva"}], "address": [{
            **home, "line": ["16 Elm Street"]}]})

    def cases(self, token, query):
        a = self.ask("GET", "/fhir/Task?code=case&_count=200" + query, token)
        return [e["resource"] for e in self.expect(200, a).json.get("entry", [])]

    def soon(self, look):
        end = time.monotonic() + 30
        while time.monotonic() < end:
            if got := look():
                return got
            time.sleep(0.1)
        self.fail("nothing came")

    def about(self, user, group):
        return [t for t in self.cases(self.olga, "") if
                t["groupIdentifier"]["value"] == f"look-{group}/{user}"]

    def test_a_look_becomes_a_case_once(self):
        self.expect(200, self.ask("GET", "/fhir/Patient/eva", self.ada))
        self.server.stop(signal.SIGKILL)  # before, while or after it is judged
        self.server.start()
        case, = self.soon(lambda: self.about("ada", "person"))
        self.assertIn("LOOK-NEIGHBOUR: they live in the same street, house numbers 4 apart.", case["description"])
        self.assertNotIn("Elm", case["description"])
        self.expect(200, self.ask("GET", "/fhir/Patient/eva", self.ada))
        self.server.stop(signal.SIGKILL)
        self.server.start()
        time.sleep(2.5)
        again, = self.about("ada", "person")
        self.assertEqual(case["description"], again["description"])
        for token in (self.ada, self.eva):  # neither who looked nor whose record it was
            a = self.ask("GET", f"/fhir/Task/{case['id']}", token)
            self.assertEqual(404, a.status)
            self.assertEqual([], [t for t in self.cases(token, "") if t["id"] == case["id"]])
        done = {"outcome": "explained", "note": "Called the ward; she stood in for a colleague."}
        self.expect(200, self.ask("POST", f"/fhir/Task/{case['id']}/$claim", self.olga))
        self.assertEqual(422, self.ask("POST", f"/fhir/Task/{case['id']}/$resolve", self.olga,
                                       {"outcome": "no-answer"}).status)
        a = self.expect(200, self.ask("POST", f"/fhir/Task/{case['id']}/$resolve", self.olga, done))
        self.assertEqual("completed", a.json["status"])

    def test_an_officer_does_not_judge_herself(self):
        self.put("Patient", "namesake", {"name": [{"family": "Olgason"}]})
        self.expect(200, self.ask("GET", "/fhir/Patient/namesake", self.olga))
        case, = self.soon(lambda: self.about("olga", "person"))
        self.assertIn("LOOK-SURNAME", case["description"])
        self.assertEqual(403, self.ask("POST", f"/fhir/Task/{case['id']}/$claim", self.olga).status)
        self.expect(200, self.ask("POST", f"/fhir/Task/{case['id']}/$claim", self.pavel))


if __name__ == "__main__":
    main()
