"""Live streams: what changed, to those who may know, resumed without a gap, ended with the session."""
import json
import socket
import time
import unittest

from weft_http import Case, Events, main, observation


def change(kind, **more):
    def wanted(e):
        if e.get("event") != "change":
            return False
        d = json.loads(e["data"])
        return d["type"] == kind and all(d.get(k) == v for k, v in more.items())
    return wanted


class Live(Case):
    roles = ("nurse", "system", "device", "agent")
    accounts = ((("--user", "nurse.eve", "--role", "nurse"), "eve has a long phrase"),)

    def open(self, token="nurse", **more):
        e = Events(self.server, getattr(self, token), **more)
        self.addCleanup(e.close)
        self.assertEqual(200, e.response.status)
        self.assertIn("text/event-stream", e.response.getheader("Content-Type"))
        return e

    def test_changes_arrive(self):
        e = self.open()
        hello = e.wait(lambda x: x.get("event") == "hello")
        pid = self.patient()
        first = e.wait(change("Patient", id=pid))
        self.assertGreater(int(first["id"]), int(hello["id"]))
        self.assertEqual({"type": "Patient", "id": pid, "vid": "1", "patient": pid},
                         json.loads(first["data"]))
        oid = self.create(observation(pid)).json["id"]
        e.wait(change("Observation", id=oid, patient=pid))
        self.call("PUT", f"/fhir/Patient/{pid}", {"resourceType": "Patient", "id": pid})
        e.wait(change("Patient", id=pid, vid="2"))
        self.call("DELETE", f"/fhir/Observation/{oid}", token="system")
        e.wait(change("Observation", id=oid, deleted=True))
        ids = [int(x["id"]) for x in e.events]
        self.assertEqual(sorted(ids), ids)

    def test_a_denial_closes_open_screens(self):
        """Within five seconds the screens load anew, and nothing of what was denied is told."""
        pid, other = self.patient(), self.patient()
        e, officer = self.open(), self.open(token="system")
        e.wait(lambda x: x.get("event") == "hello")
        was = self.create(observation(pid)).json["id"]
        e.wait(change("Observation", id=was))
        began = time.monotonic()
        consent = {"resourceType": "Consent", "status": "active",
                   "scope": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope",
                                         "code": "patient-privacy"}]},
                   "category": [{"text": "restriction"}], "policyRule": {"text": "own"},
                   "patient": {"reference": "Patient/" + pid},
                   "provision": {"type": "deny", "class": [{"code": "Observation"}]}}
        cid = self.create(consent, token="system").json["id"]
        e.wait(lambda x: x.get("event") == "reset")
        self.assertLess(time.monotonic() - began, 5)
        self.expect(403, self.call("GET", "/fhir/Observation/" + was))
        hidden = self.create(observation(pid), token="system").json["id"]
        shown = self.create(observation(other), token="system").json["id"]
        officer.wait(change("Observation", id=hidden))
        e.wait(change("Observation", id=shown))
        self.assertNotIn(hidden, json.dumps(e.events))
        e.events.clear()
        self.expect(204, self.call("DELETE", "/fhir/Consent/" + cid, token="system"))
        e.wait(lambda x: x.get("event") == "reset")
        self.expect(200, self.call("GET", "/fhir/Observation/" + hidden))

    def test_nobody_holds_every_stream(self):
        """R161: a stream is no idle connection that makes room: one account held all there are."""
        eve = self.call("POST", "/auth/sign-in", {"user": "nurse.eve", "password": "eve has a long phrase"},
                        None).json["token"]
        head = f"GET /events HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer {eve}\r\n\r\n".encode()
        answers = []
        for _ in range(65):
            s = socket.create_connection(("127.0.0.1", self.server.port), timeout=60)
            self.addCleanup(s.close)
            s.sendall(head)
            answers.append(s.recv(12).decode()[-3:])
        self.assertEqual(["200"] * 64 + ["429"], answers)
        self.open().wait(lambda x: x.get("event") == "hello")

    def test_resume(self):
        e = self.open()
        at = e.wait(lambda x: x.get("event") == "hello")["id"]
        e.close()
        missed = [self.patient() for _ in range(20)]
        again = self.open(last_id=at)
        for pid in missed:
            again.wait(change("Patient", id=pid))
        told = [json.loads(x["data"])["id"] for x in again.events if x["event"] == "change"]
        self.assertEqual(missed, [x for x in told if x in missed])
        for bad in ("nonsense", "99999999999"):
            other = self.open(last_id=bad)
            other.wait(lambda x: x.get("event") == "reset")

    def test_types(self):
        e = self.open(query="?types=Observation,Task")
        e.wait(lambda x: x.get("event") == "hello")
        pid = self.patient()
        oid = self.create(observation(pid)).json["id"]
        e.wait(change("Observation", id=oid))
        self.assertFalse([x for x in e.events if '"Patient"' in x["data"]])
        self.expect(400, self.call("GET", "/events?types=Nonsense"), "types")

    def test_only_what_the_role_may_see(self):
        nurse, agent = self.open(), self.open("agent")
        for e in (nurse, agent):
            e.wait(lambda x: x.get("event") == "hello")
        pid = self.patient()
        oid = self.create(observation(pid)).json["id"]
        last = self.patient()
        nurse.wait(change("Observation", id=oid))
        agent.wait(change("Patient", id=last))
        self.assertFalse([x for x in agent.events if oid in x["data"]])

    def test_ends_with_the_session(self):
        a = self.call("POST", "/auth/sign-in", {"user": "nurse.eve",
                                                "password": "eve has a long phrase"}, None).json
        self.eve = a["token"]
        e = self.open("eve")
        e.wait(lambda x: x.get("event") == "hello")
        self.expect(204, self.call("POST", "/auth/sign-out", token="eve"))
        e.wait(lambda x: x.get("event") == "signed-out")
        self.assertTrue(e.ended.wait(10))

    def test_many_screens_and_a_slow_one(self):
        """A screen that does not read is dropped; the others miss nothing, the server stays small."""
        slow = socket.create_connection(("127.0.0.1", self.server.port))
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        slow.sendall(f"GET /events HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer {self.nurse}\r\n\r\n"
                     .encode())
        screens = [self.open() for _ in range(20)]
        for e in screens:
            e.wait(lambda x: x.get("event") == "hello")
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [
            {"resource": {"resourceType": "Patient"}, "request": {"method": "POST", "url": "Patient"}}
            for _ in range(500)]}
        for _ in range(12):
            made = self.expect(200, self.call("POST", "/fhir", bundle)).json["entry"]
            last = made[-1]["response"]["location"].split("/")[-3]
            for e in screens:  # these read before more is said: a busy machine would make them slow ones, too
                e.wait(change("Patient", id=last), 120)
        last = self.patient()
        for e in screens:
            e.wait(change("Patient", id=last), 120)
            told = [x for x in e.events if x["event"] == "change"]
            self.assertGreaterEqual(len(told), 6001)
        slow.close()


if __name__ == "__main__":
    main()
