"""kill -9 at random moments while messages are written and sent, over HTTP and inside of an SMPP window: one message
a key, none goes twice, each either is with the provider or is told to be unknown; none is forgotten; the audit chain
is whole. WEFT_KILLS: how often (default 10). WEFT_SOAK_MINUTES: go on for so long."""
import os
import random
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "40-flows"))
from flows import Clock, House, in_houses, wait_for, weft_http  # noqa: E402
from peers import ACCOUNT, TOKEN, Smsc, SmsProvider  # noqa: E402

KILLS = int(os.environ.get("WEFT_KILLS", "10"))
SOAK_S = 60 * float(os.environ.get("WEFT_SOAK_MINUTES", "0"))
SEED = int(os.environ.get("WEFT_SEED", str(time.time_ns())))
A_ROUND = 2


class Slow(SmsProvider):
    """Answers after a moment, so that kills fall between its taking a message and our knowing."""

    def answer(self, h, status, body):
        time.sleep(random.random() * 0.25)
        try:
            SmsProvider.answer(h, status, body)
        except OSError:
            pass  # killed meanwhile


class Http:
    def __init__(self, house):
        self.provider = Slow()
        house.configure(f"{BASE}sms.channel = twilio\nsms.url = {self.provider.url}\nsms.account = {ACCOUNT}\n"
                        f"sms.token_file = {secret(house, TOKEN)}\n")

    def taken(self, id, number):
        return [m for m in self.provider.accepted if m["key"] == id]

    def close(self):
        assert not self.provider.odd, self.provider.odd
        assert len(self.provider.accepted) == len({m["key"] for m in self.provider.accepted})
        self.provider.down()


class Window:
    """A centre that takes its time, so that the window is full of messages without an answer."""

    def __init__(self, house):
        self.centre = Smsc(answer_ms=150, receipts="text", window=5)
        house.configure(f"{BASE}sms.channel = smpp\nsmpp.url = smpp://127.0.0.1:{self.centre.port}\nsmpp.window = 5\n"
                        f"smpp.user = weft\nsmpp.password_file = {secret(house, 'secret08')}\n"
                        "smpp.answer_seconds = 2\n")

    def taken(self, id, number):
        """Arabic has two parts: its first ones."""
        return [m for m in self.centre.of("submit", to=number.lstrip("+")) if m["udh"][8:10] in ("", "01")]

    def close(self):
        odd = self.centre.of("odd")
        self.centre.close()
        assert not odd, odd


BASE = "sms.route = us_10dlc\nsms.campaign_approved = true\noutreach.undo_seconds = 0\n"


def secret(house, text):
    path = os.path.join(house.folder, "sms.secret")
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    return path


def send(house, patient, ids):
    draft = {"patient": patient, "channel": "sms", "template": "please-call", "key": f"key-{patient}"}
    while True:
        try:
            a = house.call("POST", "/fhir/Communication/$send", draft, house.tokens["nurse"], timeout=5)
        except (OSError, weft_http.http.client.HTTPException):
            time.sleep(0.02)
            continue
        assert a.status in (200, 201), a.body
        ids.append((patient, a.json["id"]))
        return


def get(house, path):
    a = house.call("GET", path, token=house.sign_in("nurse"))
    assert a.status == 200, a.body
    return a.json


def number_of(house, patient):
    return [t["value"] for t in get(house, f"/fhir/Patient/{patient}")["telecom"] if t["system"] == "phone"][0]


def run(houses, road, kills_wanted):
    rounds = kills_wanted if not SOAK_S else max(kills_wanted, int(SOAK_S / 2))
    houses.append(house := House(clock=Clock(), patients=30 + rounds * A_ROUND * 3 // 2))
    peer = road(house)
    house.start()
    house.sign_in("nurse")
    stale = {f"p{n:04d}" for n in range(15, 2000, 15)}  # nobody looked up their numbers lately
    willing = [p for p, t in house.truth.items() if t["sms"] and p not in stale]
    willing = list({number_of(house, p): p for p in willing}.values())  # a household gets one a day
    ids, started, kills = [], time.monotonic(), 0
    while (kills < kills_wanted or time.monotonic() - started < SOAK_S) and len(willing) >= A_ROUND:
        load = [threading.Thread(target=send, args=(house, willing.pop(), ids))
                for _ in range(A_ROUND)]
        kills += 1
        house.killed_under(load, kills, 0.9)
    house.stop()
    house.clock.offset += 90  # leases of the killed end
    house.start()
    counts = {"in-progress": 0, "completed": 0, "unknown": 0}
    for patient, id in ids:
        c = wait_for(lambda: next((c for c in [get(house, f"/fhir/Communication/{id}")]
                                   if c["status"] != "preparation"), None), f"the end of {id}", 60)
        taken = peer.taken(id, number_of(house, patient))
        assert len(taken) <= 1, f"{id} went {len(taken)} times"
        assert c["status"] in counts, c
        assert c["status"] == "unknown" or len(taken) == 1, f"{id} is {c['status']} but never arrived"
        counts[c["status"]] += 1
        whole = get(house, f"/fhir/Communication?subject=Patient/{patient}&_count=10")
        assert len(whole["entry"]) == 1, f"{patient}: one key made {len(whole['entry'])} messages"
        ledger = get(house, f"/fhir/Patient/{patient}/$contact-budget")  # its row came with it, once
        assert ledger["week"]["used"] == 1 and ledger["channels"] == {"sms": 1}, ledger
    house.ends_well()
    peer.close()
    print(f"{road.__name__}: {kills} kills, {len(ids)} messages: {counts['in-progress'] + counts['completed']} sent once, "
          f"{counts['unknown']} told to be unknown, none twice; {time.monotonic() - started:.0f} s")


def both(houses, _nodes):
    random.seed(SEED)
    print(f"seed {SEED}")
    run(houses, Http, (KILLS + 1) // 2)
    run(houses, Window, KILLS // 2)


if __name__ == "__main__":
    in_houses(both)
