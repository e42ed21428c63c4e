"""Texts straight to a message centre by SMPP 3.4 (npm's smpp is the centre): what it answers decides what becomes
of a message; receipts in both forms, early, late and twice; replies in parts; nothing goes twice."""
import os
import signal
import subprocess

from flows import FlowCase, main, wait_for
from peers import ACCOUNT, TOKEN, Smsc, SmsProvider

BASE = ("smpp.user = weft\nsms.route = us_10dlc\nsms.campaign_approved = true\nsms.multi_segment = true\n"
        "outreach.undo_seconds = 0\n")


def established(port):
    """How many open connections lead to the port, as the system of the side that dialled sees it."""
    rows = []
    for path in ("/proc/net/tcp", "/proc/net/tcp6"):
        with open(path, encoding="ascii") as f:
            rows += [line.split() for line in f]
    return sum(r[3] == "01" and r[2].endswith(f":{port:04X}") for r in rows)


class Centre(FlowCase):
    told, scheme, more = {}, "smpp", ""

    @classmethod
    def prepare(cls):
        folder = cls.house.folder
        cls.smsc = Smsc(**cls.told)
        with open(os.path.join(folder, "smpp.password"), "w", encoding="utf-8") as f:
            f.write("secret08\n")
        cls.house.configure(f"{BASE}sms.channel = smpp\nsmpp.password_file = {folder}/smpp.password\n"
                            f"smpp.url = {cls.scheme}://localhost:{cls.smsc.port}\n{cls.more}")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.smsc.until("bind", good=True)

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        odd = cls.smsc.of("odd")
        cls.smsc.close()
        assert not odd, odd

    def number(self, patient):
        return self.phone(patient).lstrip("+")

    def plan(self, patient, *words):
        """Of this patient's messages alone: those of other tests may still be on their way."""
        n = len(self.smsc.of("planned"))
        self.smsc.tell("plan", to=self.number(patient), words=list(words))
        self.smsc.until("planned", n=n + 1)

    def one(self, patient, *words, **more):
        self.plan(patient, *words or ["ok"])
        return self.expect(201, self.send(patient, **more)).json["id"]

    def to(self, patient):
        return self.smsc.of("submit", to=self.number(patient))


class Plain(Centre):
    told, more = {"receipts": "decimal", "window": 3}, "smpp.receipt_ids = decimal\nsmpp.window = 3\n" \
        "smpp.enquire_seconds = 1\nsmpp.answer_seconds = 5\n"

    def test_delivered_and_words_as_written(self):
        text = "Please call us about your {plan} [today] ~ 5€"
        id = self.one("p0002", "throttled", "full", "ok", template="", text=text)
        c = self.message(id, "completed")
        mine = self.to("p0002")
        self.assertEqual(1, len(mine), mine)
        self.assertEqual(["throttled", "full"], [e["word"] for e in self.smsc.of("refused", to=self.number("p0002"))])
        self.assertIn(mine[0]["id"], [i["value"] for i in c["identifier"]])
        self.assertEqual(c["payload"][0]["contentString"], mine[0]["text"])
        self.assertIn(text, mine[0]["text"])
        self.assertEqual((0, 1, 1), (mine[0]["coding"], mine[0]["registered"], mine[0]["ton"]))
        self.smsc.until("receipted", id=mine[0]["id"], status=0)
        # late, repeated, reordered and of nobody: told that we have them, nothing moves
        for stat in ("ENROUTE", "UNDELIV", "DELIVRD"):
            self.smsc.tell("receipt", id=mine[0]["id"], stat=stat, mode="decimal")
        self.smsc.tell("receipt", id="123456", stat="DELIVRD", mode="decimal")
        self.smsc.until("receipted", id="123456", status=0)
        self.smsc.until("receipted", id=mine[0]["id"], n=4, status=0)
        self.assertEqual("completed", self.get(f"/fhir/Communication/{id}")["status"])

    def allow_parts(self, n):
        id = self.expect(201, self.call("POST", "/rules/changes", {"sentence": f"MSG-05: max_segments = {n}",
                                                                  "reason": "a test"}, "privacy")).json["id"]
        for step, user in (("submit", "privacy"), ("approve", "admin"), ("publish", "admin")):
            self.expect(200, self.call("POST", f"/rules/changes/{id}/{step}", {}, user))

    def test_long_and_any_language(self):
        self.allow_parts(6)
        text = "Me siento bien 🙂 " * 12
        id = self.one("p0004", "ok", template="", text=text.strip())
        c = self.message(id, "completed")
        parts = self.to("p0004")
        self.assertGreater(len(parts), 3)
        self.assertEqual({8}, {p["coding"] for p in parts})
        self.assertEqual([2] * (len(parts) - 1) + [1], [p["registered"] for p in parts])
        self.assertEqual([f"0003{p['udh'][4:6]}{len(parts):02x}{i + 1:02x}" for i, p in enumerate(parts)],
                         [p["udh"] for p in parts])
        self.assertEqual(c["payload"][0]["contentString"], "".join(p["text"] for p in parts))
        self.assertEqual(len(parts), len([i for i in c["identifier"] if "provider" in i["system"]]))

    def test_the_receipt_before_the_answer(self):
        id = self.one("p0008", "early", "ok")
        self.message(id, "completed")
        self.assertEqual(1, len(self.to("p0008")))

    def test_refused_failed_and_not_known(self):
        id = self.one("p0009", "invalid", "ok")
        self.assertEqual("not-done", self.message(id, "not-done", "in-progress", "completed")["status"])
        id = self.one("p0012", "silent", "ok")
        c = self.message(id, "unknown", "in-progress", "completed")
        self.assertEqual("unknown", c["status"])
        self.smsc.tell("receipts", mode="none")
        id = self.one("p0013", "ok")
        self.message(id, "in-progress")
        self.smsc.tell("receipt", id=self.to("p0013")[0]["id"], stat="EXPIRED", mode="decimal")
        c = self.message(id, "stopped")
        self.assertIn("069", c["statusReason"]["text"])
        self.smsc.tell("receipts", mode="decimal")

    def test_stopped_while_the_centre_is_busy(self):
        """Review R219: a batch that a busy centre holds up for seconds does not overtake a STOP."""
        id = self.one("p0022", "throttled")
        words = self.get(f"/fhir/Communication/{id}")["payload"][0]["contentString"]
        self.smsc.until("refused", to=self.number("p0022"), text=words)
        self.mo(self.phone("p0022"), "STOP", tag="busy")
        self.smsc.until("mo", tag="busy", status=0)
        self.plan("p0022", *["throttled"] * 4, "ok")  # free again within the time of that batch
        self.assertEqual("not-done", self.message(id, "not-done", "in-progress", "completed")["status"])
        wait_for(lambda: self.to("p0022"), "the confirmation")
        self.assertEqual([False], [m["text"] == words for m in self.to("p0022")])

    def test_the_line_breaks(self):
        binds = len(self.smsc.of("bind"))
        id = self.one("p0006", "cut", "ok")  # it was taken, and never answered
        self.assertEqual("unknown", self.message(id, "unknown", "completed")["status"])
        self.smsc.until("bind", n=binds + 1)
        id = self.one("p0016", "ok")
        self.message(id, "completed")
        self.assertEqual(1, len(self.to("p0006")))
        self.assertEqual(1, len(self.to("p0016")))

    def test_enquiries_both_ways(self):
        self.smsc.until("enquired")
        self.smsc.tell("enquire")
        self.smsc.until("enquiry", status=0)

    def mo(self, number, words, coding=0, **more):
        octets = words.encode("utf-16-be" if coding == 8 else "ascii")
        self.smsc.tell("mo", **{"from": number.lstrip("+"), "to": "15035550100", "coding": coding,
                                "hex": octets.hex(), **more})

    def test_replies_whole_and_in_parts(self):
        number = self.phone("p0019")
        mine = "/fhir/Communication?subject=Patient/p0019&sender=Patient/p0019&_count=50"
        self.mo(number, "Hello", tag="a")
        self.smsc.until("mo", tag="a", status=0)
        words = "Me siento mejor 🙂 gracias"
        halves = words.encode("utf-16-be")[:34], words.encode("utf-16-be")[34:]  # inside of the pair
        for i in (1, 0):
            self.smsc.tell("mo", **{"from": number.lstrip("+"), "to": "15035550100", "coding": 8, "tag": f"p{i}",
                                    "udh": f"050003420{2}0{i + 1}", "hex": halves[i].hex()})
            self.smsc.until("mo", tag=f"p{i}", status=0)
        self.assertEqual({"Hello", words}, {c["payload"][0]["contentString"] for c in self.found(mine)})
        self.mo(self.phone("p0023"), "STOP", tag="s")
        self.smsc.until("mo", tag="s", status=0)
        newest = self.found("/fhir/Consent?patient=Patient/p0023&_sort=-date&_count=1")[0]
        self.assertEqual("deny", newest["provision"]["type"])


class Paired(Centre):
    """A transmitter and a receiver over TLS; another provider stands behind."""
    scheme = "smpps"

    @classmethod
    def prepare(cls):
        folder = cls.house.folder
        key, cert = os.path.join(folder, "k.pem"), os.path.join(folder, "c.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                        "-nodes", "-keyout", key, "-out", cert, "-days", "3650", "-subj", "/CN=localhost",
                        "-addext", "subjectAltName=DNS:localhost"], check=True, capture_output=True,
                       env=cls.clock.env())
        cls.told = {"key": key, "cert": cert, "receipts": "tlv", "window": 1}
        cls.provider = SmsProvider()
        token = os.path.join(folder, "sms.token")
        with open(token, "w", encoding="utf-8") as f:
            f.write(TOKEN)
        cls.more = (f"smpp.bind = pair\nsmpp.window = 1\nsmpp.answer_seconds = 60\n"
                    f"smpp.ca_file = {cert}\nsms.channel = smpp, twilio\n"
                    f"sms.url = {cls.provider.url}\nsms.account = {ACCOUNT}\nsms.token_file = {token}\n")
        super().prepare()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.provider.down()

    def test_pair_and_the_next_in_line(self):
        self.smsc.until("bind", mode="receiver", good=True, tls=True)
        self.smsc.until("bind", mode="transmitter", good=True, tls=True)
        id = self.one("p0002")
        self.message(id, "completed")
        self.assertEqual([], self.provider.accepted)
        self.smsc.tell("down")
        self.smsc.tell("gone")
        self.smsc.until("gone")
        id = self.one("p0004")
        self.message(id, "in-progress")
        self.assertEqual(1, len([m for m in self.provider.accepted if m["key"] == id]))
        ways = ("transmitter", "receiver")  # without a receiver a receipt goes nowhere
        binds = [len(self.smsc.of("bind", mode=way, good=True)) for way in ways]
        self.smsc.tell("up", port=self.smsc.port)
        for way, n in zip(ways, binds):
            self.smsc.until("bind", n=n + 1, mode=way, good=True)
        taken = len(self.smsc.of("submit"))
        self.provider.plan = ["500"]  # from now on the second one is sick: the first is asked again
        for patient in ("p0008", "p0009"):
            self.message(self.one(patient), "completed")
        self.assertEqual(taken + 2, wait_for(lambda: len(self.smsc.of("submit")), "submits"))

    def test_what_was_not_handed_over_when_the_line_broke(self):
        """Review R290: a message that still waited for room when the line was found broken is certainly not sent."""
        self.smsc.until("bind", mode="transmitter", good=True)
        self.provider.plan = ["ok"]
        self.one("p0006", "hold")
        self.smsc.until("submit", to=self.number("p0006"))  # the two behind it then leave together
        first, second = self.one("p0016", "hold"), self.one("p0013")
        self.smsc.tell("release")
        self.smsc.until("submit", to=self.number("p0016"))
        self.house.process.send_signal(signal.SIGSTOP)  # the answer and the end are there when it looks again
        lines = established(self.smsc.port)
        try:
            self.smsc.tell("release", cut=True)
            self.smsc.until("cut")
            wait_for(lambda: established(self.smsc.port) < lines, "the end of the line to be here")
        finally:
            self.house.process.send_signal(signal.SIGCONT)
        self.message(first, "in-progress")
        self.assertNotEqual("unknown", self.message(second, "in-progress", "completed", "unknown")["status"])
        other = [m for m in self.provider.accepted if m["key"] == second]
        self.assertEqual(1, len(self.to("p0013")) + len(other))


if __name__ == "__main__":
    main()
