"""A case that nobody takes reaches the person on duty: by SMPP, with neutral words, answered by text, by a look or by a
claim; else again, then the next one, at last the lead; once each, whoever is killed. npm's smpp is the centre."""
import os
import re
import signal
import unittest

from flows import FlowCase, main, wait_for
from peers import Smsc

SATURDAY = "2026-11-21T15:00:00Z"
PAGE = "https://weft.health/fhir/StructureDefinition/case-page"
BASE = ("smpp.user = weft\nsms.route = us_10dlc\nsms.campaign_approved = true\nsms.multi_segment = true\n"
        "outreach.domain = care.example.org\nsms.channel = smpp\nsmpp.answer_seconds = 60\n")


class Page(FlowCase):
    start_at, people = SATURDAY, 0

    @classmethod
    def prepare(cls):
        folder = cls.house.folder
        cls.smsc = Smsc()
        with open(os.path.join(folder, "smpp.password"), "w", encoding="utf-8") as f:
            f.write("secret08\n")
        cls.house.configure(f"{BASE}smpp.password_file = {folder}/smpp.password\n"
                            f"smpp.url = smpp://localhost:{cls.smsc.port}\n")

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.smsc.close()

    def setUp(self):
        """A team of its own: at work on Mondays only; Ana and Ben are on call, Lea leads."""
        self.programme = re.sub(r"\W", "-", self.id().rsplit(".", 1)[1])
        self.service = self.make("HealthcareService", active=True, name=self.programme, type=[{"coding": [{
            "system": "https://weft.health/fhir/service-type", "code": "remote-monitoring"}]}],
            program=[{"coding": [{"system": "https://weft.health/fhir/programme", "code": self.programme}]}],
            availableTime=[{"daysOfWeek": ["mon"], "availableStartTime": "08:00:00", "availableEndTime": "18:00:00"}])
        self.opened, self.number = [], {}
        self.ana, self.ben, self.lea = (self.person(n, code) for n, code in (
            ("Ana", "on-call"), ("Ben", "on-call"), ("Lea", "lead")))

    def tearDown(self):
        for id in self.opened:  # they call nobody while others are tested
            self.call("POST", f"/fhir/Task/{id}/$claim", {})
            self.call("POST", f"/fhir/Task/{id}/$resolve", {"outcome": "contacted-ok", "note": ""})

    def make(self, kind, **more):
        return self.expect(201, self.call("POST", f"/fhir/{kind}", {"resourceType": kind, **more}, "admin")).json["id"]

    def person(self, name, code):
        Page.people += 1
        self.number[name] = f"+1312555{1000 + Page.people}"
        id = self.make("Practitioner", name=[{"given": [name], "family": "Walk"}])
        self.make("PractitionerRole", active=True, practitioner={"reference": f"Practitioner/{id}", "display": name},
                  healthcareService=[{"reference": f"HealthcareService/{self.service}"}],
                  code=[{"coding": [{"system": "https://weft.health/fhir/team-role", "code": code}]}],
                  telecom=[{"system": "sms", "value": self.number[name]}])
        return id

    def open(self, patient, priority="stat"):
        self.opened.append(self.expect(201, self.call("POST", "/fhir/Task", {
            "resourceType": "Task", "status": "requested", "intent": "order", "priority": priority,
            "code": {"coding": [{"system": "https://weft.health/fhir/task-code", "code": "case"}]},
            "groupIdentifier": {"system": "https://weft.health/fhir/programme", "value": self.programme},
            "for": {"reference": f"Patient/{patient}"}, "authoredOn": self.clock.stamp(),
            "description": "Weight up by 3 kg."})).json["id"])
        return self.opened[-1]

    def pages(self, id):
        """[(who, state or answered)] of the case, oldest first."""
        out = []
        for x in self.get(f"/fhir/Task/{id}").get("extension", []):
            if x["url"] == PAGE:
                p = {e["url"]: next(v for k, v in e.items() if k != "url") for e in x["extension"]}
                out.append(({self.ana: "ana", self.ben: "ben", self.lea: "lea"}.get(
                    p.get("who", {}).get("reference", "").split("/")[-1], ""), p.get("how") or p.get("state")))
        return out

    def paged(self, id, *wanted):
        wait_for(lambda: self.pages(id) == list(wanted), f"{id} to have paged {wanted}, not {self.pages(id)}", 60)

    def texts(self, name):
        return self.smsc.of("submit", to=self.number[name].lstrip("+"))

    def arrived(self, name, n=1):
        """The house may know that the centre has it before this test heard the centre tell so."""
        wait_for(lambda: len(self.texts(name)) >= n, f"{n} pages to {name}", 60)
        return self.texts(name)

    def says(self, name, words):
        tag = f"{name}-{words}-{len(self.smsc.events)}"
        self.smsc.tell("mo", **{"from": self.number[name].lstrip("+"), "to": "15035550100", "coding": 0, "tag": tag,
                                "hex": words.encode().hex()})
        self.smsc.until("mo", tag=tag, status=0)

    def later(self, seconds):
        self.house.stop(signal.SIGKILL)
        self.clock.offset += seconds
        self.house.tokens.clear()
        binds = len(self.smsc.of("bind", good=True))
        self.house.start()
        self.smsc.until("bind", n=binds + 1, good=True)

    def test_reached_and_answered_by_text(self):
        id = self.open("p0005")
        self.paged(id, ("ana", "sent"))
        self.assertEqual(f"Bright River Clinic: 1 case waits for you: {id}. https://care.example.org/console/?show=up "
                         "Reply 1 when you saw it. STOP ends pages.", self.arrived("Ana")[0]["text"])
        self.says("Ana", "1")
        self.paged(id, ("ana", "text"))
        self.later(8 * 60)  # an answer is enough until the next step
        self.later(8 * 60)  # P1-15: it is still nobody's
        self.paged(id, ("ana", "text"), ("ana", "sent"))
        self.assertEqual([], self.texts("Ben") + self.texts("Lea"))
        trail = str(self.found("/fhir/AuditEvent?_count=200&_sort=-date", "privacy"))
        for act in ("page-noted", "page-answered"):
            self.assertIn(act, trail)

    def test_nobody_answers(self):
        id = self.open("p0006")
        wanted = [("ana", "sent")]
        self.paged(id, *wanted)
        for who in ("ana", "ben", "ben", "lea", "lea"):
            self.later(5 * 60 + 10)
            wanted.append((who, "sent"))
            self.paged(id, *wanted)
        self.later(5 * 60 + 10)
        self.paged(id, *wanted, ("", "nobody"))
        self.assertEqual([2, 2, 2], [len(self.arrived(n, 2)) for n in ("Ana", "Ben", "Lea")])
        chain = self.get(f"/fhir/Task/{id}/$chain")
        self.assertEqual("nobody", chain["pages"][-1]["state"])

    def test_who_takes_it_or_looks_is_paged_no_more(self):
        taken = self.open("p0007")
        self.paged(taken, ("ana", "sent"))
        seen = self.open("p0008")
        self.later(70)  # a page a minute
        self.paged(seen, ("ana", "sent"))
        self.expect(200, self.call("POST", f"/fhir/Task/{taken}/$claim", {}))
        self.assertFalse(self.expect(200, self.call("POST", f"/fhir/Task/{seen}/$seen", {})).json["seen"],
                         "the nurse was not paged")
        self.later(5 * 60 + 10)
        self.paged(seen, ("ana", "sent"), ("ana", "sent"))
        self.assertEqual([("ana", "sent")], self.pages(taken))

    def test_many_cases_are_one_page(self):
        ids = [self.open(f"p00{n}") for n in (10, 11, 12, 13, 14)]

        def all_told():
            return all(self.pages(id) == [("ana", "sent")] for id in ids)
        try:
            wait_for(all_told, "the first page", 20)
        except AssertionError:
            self.later(70)  # some rose after the page had left: the next one is a minute later
            wait_for(all_told, "the second page", 60)
        wait_for(lambda: any("5 cases wait for you." in t["text"] for t in self.texts("Ana")), "a page for all five", 60)
        self.assertLessEqual(len(self.texts("Ana")), 2)
        self.says("Ana", " 1\n")
        wait_for(lambda: all(self.pages(id) == [("ana", "text")] for id in ids), "one answer for all")

    def test_stop_turns_a_number_off_and_tells_the_lead(self):
        id = self.open("p0015")
        self.paged(id, ("ana", "sent"))
        self.says("Ana", "STOP")
        wait_for(lambda: [t for t in self.texts("Lea") if "ended pages" in t["text"]], "the lead to hear of it")
        self.later(5 * 60 + 10)  # there is no way to Ana: Ben is asked at once
        self.paged(id, ("ana", "sent"), ("ana", "failed"), ("ben", "sent"))
        self.assertEqual(1, len(self.arrived("Ana")))
        self.says("Ana", "START")
        other = self.open("p0016")
        self.later(70)
        self.paged(other, ("ana", "sent"))

    def test_killed_between_page_and_note(self):
        self.smsc.tell("plan", to=self.number["Ana"].lstrip("+"), words=["silent", "ok"])
        id = self.open("p0017")
        wait_for(lambda: self.texts("Ana"), "the page to be at the centre", 60)
        for _ in range(2):
            self.later(30)
        other = self.open("p0018")  # what comes after it was taken up
        self.later(70)
        self.paged(other, ("ana", "sent"))
        self.assertEqual([("ana", None)], self.pages(id), "nobody knows what became of it")
        self.assertEqual(2, len(self.arrived("Ana", 2)), "one for each, and none twice")
        self.later(4 * 60)
        self.paged(id, ("ana", None), ("ana", "sent"))


if __name__ == "__main__":
    main()
