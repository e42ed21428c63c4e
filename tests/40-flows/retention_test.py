"""Attempts of long ago leave the contact ledger by themselves, with a line of the trail for each patient; not those of
somebody under a legal hold, and the record itself is as it was."""
import json
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


if __name__ == "__main__":
    main()
