"""Attempts of long ago leave the contact ledger by themselves, with a line of the trail for each patient; not those of
somebody under a legal hold, and the record itself is as it was. Words of consents go in the same rounds, whole or not."""
import json
import re
import signal
import subprocess

from flows import WEFT, FlowCase, main, wait_for

CODE = "https://weft.health/fhir/task-code"
OLD, NEW = "2013-02-03T10:00:00Z", "2025-02-03T10:00:00Z"


def communication(patient, n, sent):
    return {"resourceType": "Communication", "id": f"{patient}-{n}", "status": "completed", "sent": sent,
            "medium": [{"coding": [{"system": "https://weft.health/fhir/contact-channel", "code": "sms"}]}],
            "subject": {"reference": f"Patient/{patient}"}, "payload": [{"contentString": "Hello"}]}


class Retention(FlowCase):
    @classmethod
    def prepare(cls):
        lines = []
        for p in ("old1", "held1"):
            lines += [{"resourceType": "Patient", "id": p, "birthDate": "1960-01-01",
                       "telecom": [{"system": "phone", "value": "+1312555014" + str(len(lines))}]},
                      communication(p, 1, OLD), communication(p, 2, NEW)]
        lines.append({"resourceType": "Task", "id": "hold1", "status": "in-progress", "intent": "order",
                      "code": {"coding": [{"system": CODE, "code": "legal-hold"}]},
                      "for": {"reference": "Patient/held1"}})
        path = f"{cls.house.folder}/old.ndjson"
        with open(path, "w", encoding="utf-8") as f:
            f.writelines(json.dumps(x) + "\n" for x in lines)
        done = subprocess.run([WEFT, "import", "--data", cls.house.data, path], env=cls.clock.env(),
                              capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr

    def lines(self, patient):
        return [e for e in self.found(f"/fhir/AuditEvent?patient=Patient/{patient}&_count=100", "privacy")
                if "ledger-purge" in json.dumps(e)]

    def test_what_is_past_its_time_goes(self):
        line = wait_for(lambda: self.lines("old1"), "the round", 90)
        self.assertEqual(1, len(line))
        self.assertIn('rows', json.dumps(line))
        self.assertEqual([], self.lines("held1"))
        for p in ("old1", "held1"):
            self.assertEqual(2, len(self.found(f"/fhir/Communication?subject=Patient/{p}", "outreach")))


WORDS = "She said no by telephone"
EACH = 90


def word(patient, n):
    """A no of long ago with its words, kept until a day that is over."""
    return {"resourceType": "Consent", "id": f"{patient}-{n:03d}", "status": "active",
            "scope": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope",
                                  "code": "patient-privacy"}]},
            "category": [{"coding": [{"system": "https://weft.health/fhir/consent-category", "code": "contact"}]}],
            "patient": {"reference": f"Patient/{patient}"}, "dateTime": f"2013-02-{n % 28 + 1:02d}T10:00:00Z",
            "policyRule": {"coding": [{"system": "https://weft.health/fhir/consent-form", "code": "message"}],
                           "text": WORDS},
            "extension": [{"url": "https://weft.health/fhir/StructureDefinition/consent-evidence", "extension": [
                {"url": "how", "valueCode": "oral"}, {"url": "words", "valueString": WORDS},
                {"url": "sha256", "valueString": "aa11"}, {"url": "keepUntil", "valueDate": "2019-01-01"}]}],
            "provision": {"type": "deny", "code": [{"coding": [
                {"system": "https://weft.health/fhir/contact-channel", "code": "sms"}]}]}}


class Words(FlowCase):
    """Killed while the words of consents go: each has its words and no line of the trail, or no words, no version that
    holds them and one line; in the end all have gone, once."""
    people = ("aa1", "aa2", "aa3", "aa4")

    @classmethod
    def prepare(cls):
        cls.system, cls.privacy = cls.house.token("system"), cls.house.token("privacy")
        path = f"{cls.house.folder}/words.ndjson"
        with open(path, "w", encoding="utf-8") as f:
            for p in cls.people:
                f.write(json.dumps({"resourceType": "Patient", "id": p, "birthDate": "1960-01-01"}) + "\n")
                f.writelines(json.dumps(word(p, n)) + "\n" for n in range(EACH))
        done = subprocess.run([WEFT, "import", "--data", cls.house.data, path], env=cls.clock.env(),
                              capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr

    def told(self, path, token):
        return self.expect(200, self.house.call("GET", path, None, token)).json

    def gone(self, consent):
        return "wordsRemoved" in json.dumps(self.told(f"/fhir/Consent/{consent}", self.system))

    def all_gone(self):
        return all("wordsRemoved" in json.dumps(e) for p in self.people
                   for e in self.told(f"/fhir/Consent?patient=Patient/{p}&_count=100", self.system)["entry"])

    def state(self):
        """Consent -> (its words are gone from all that can be read of it, its lines in the trail)."""
        of = {}
        for p in self.people:
            page = self.told(f"/fhir/Consent?patient=Patient/{p}&_count=100", self.system)
            for e in page["entry"]:
                of[e["resource"]["id"]] = ["wordsRemoved" in json.dumps(e), 0]
            lines = self.told(f"/fhir/AuditEvent?patient=Patient/{p}&_count=1000", self.privacy).get("entry", [])
            for e in map(json.dumps, lines):
                if "evidence-purge" in e:
                    of[re.search(r"Consent/([\w-]+)", e).group(1)][1] += 1
        self.assertEqual(len(self.people) * EACH, len(of))
        return of

    def check(self):
        of = self.state()
        self.assertEqual([], [x for x, (gone, lines) in of.items() if lines != int(gone)])
        for x in list(of)[::40]:
            history = json.dumps(self.told(f"/fhir/Consent/{x}/_history", self.system))
            self.assertEqual(of[x][0], WORDS not in history, x)
        return sum(gone for gone, _ in of.values())

    def test_killed_while_words_go(self):
        seen = []
        for mark in ("aa1-000", "aa2-045", "aa4-010"):
            wait_for(lambda: self.gone(mark), f"the words of {mark}", 120)
            self.house.stop(signal.SIGKILL)
            self.house.start()  # what was under way is leased: nothing moves now
            seen.append(self.check())
            self.house.stop(signal.SIGKILL)
            self.clock.offset += 20 * 60
            self.house.start()
        self.assertEqual(sorted(seen), seen)
        wait_for(self.all_gone, "the last words", 120)
        self.assertEqual(len(self.people) * EACH, self.check())
        print(f"(killed with {seen} of {len(self.people) * EACH} gone)")


if __name__ == "__main__":
    main()
