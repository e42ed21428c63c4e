"""kill -9 while people come into a journey, are asked, answer and are told: everybody is in it once, is asked each
question once, and nobody's answer is lost: one case each. WEFT_KILLS: how often in each part (default 2)."""
import os
import random
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "40-flows"))
from flows import Clock, House, forget_demos, wait_for  # noqa: E402

KILLS = int(os.environ.get("WEFT_KILLS", "2"))
PEOPLE = 4
FIRST, SECOND, ECHO = "1 I feel worse 2 A question", "1 Side effect 2 Can't get it", "Got it. "
CONFIG = "campaign.undo_minutes = 0\ncampaign.holdout = 0\noutreach.undo_seconds = 0\n"


def find(house, type, query):
    a = house.call("GET", f"/fhir/{type}?{query}&_count=100", token=house.system)
    assert a.status == 200, a.body
    return [e["resource"] for e in a.json.get("entry", [])]


def begin(house, author, other):
    outlines = house.call("GET", "/campaign-outlines", token=author).json["outlines"]
    plan = next(o["plan"] for o in outlines if o["code"] == "post-discharge")
    a = house.call("POST", "/campaigns", plan, author)
    assert a.status == 201, a.body
    path = f"/campaigns/{a.json['id']}"
    for token, step in ((author, "submit"), (other, "approve"), (author, "schedule")):
        a = house.call("POST", f"{path}/step", {"step": step}, token)
        assert a.status == 200, a.body
    wait_for(lambda: house.call("GET", path, token=author).json["state"] == "running", "the journey runs")


def people(house):
    """English, reached by text alone, each with a number of their own."""
    numbers = {}
    for p in find(house, "Patient", "_sort=_id"):
        phone = [t["value"] for t in p.get("telecom", []) if t["system"] == "phone"]
        if phone:
            numbers.setdefault(phone[0], []).append(p)
    for number, who in sorted(numbers.items()):
        truth = house.truth.get(who[0]["id"])
        spoken = language(who[0])
        if len(who) == 1 and truth and truth["sms"] and spoken == "en":
            yield who[0]["id"], number


def language(patient):
    return patient.get("communication", [{}])[0].get("language", {}).get("coding", [{}])[0].get("code", "en")[:2]


def comes_home(house, patient):
    """Written until somebody says that it is there: what was killed meanwhile is written twice."""
    encounter = {"resourceType": "Encounter", "id": f"home-{patient}", "status": "finished",
                 "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"},
                 "subject": {"reference": f"Patient/{patient}"},
                 "period": {"end": house.clock.stamp(20 * 3600)}}
    a = house.call("PUT", f"/fhir/Encounter/home-{patient}", encounter, house.system)
    assert a.status in (200, 201), a.body


def says(house, number, words):
    a = house.call("POST", "/demo/outbox/reply", {"channel": "sms", "from": number, "to": "+15035550100",
                                                  "text": words}, house.system)
    assert a.status == 200 and a.json["matched"], a.body


def killed(house):
    time.sleep(random.random() * 0.3)
    house.stop(signal.SIGKILL)
    house.clock.offset += 61  # leases of the killed end
    house.start()


def told(house, patient, words):
    return [c for c in find(house, "Communication", f"subject=Patient/{patient}")
            if "sender" not in c and words in c["payload"][0]["contentString"]]


def cases(house, patient):
    return [t for t in find(house, "Task", f"patient=Patient/{patient}") if "can't afford it" in t["description"]]


def part(house, who, act, words):
    """Everybody does it, and the server is killed in between; then each is told the words once."""
    every = max(1, len(who) // KILLS)
    for i, (patient, number) in enumerate(who):
        act(patient, number)
        if i % every == 0:
            killed(house)
    for patient, _ in who:
        wait_for(lambda: told(house, patient, words), f"{words!r} to {patient}", 60)


def run(house):
    author, other = (house.token("outreach", "--user", u) for u in ("ann", "bob"))
    house.system = house.token("system")
    house.start()
    begin(house, author, other)
    who = list(people(house))[:PEOPLE]
    assert len(who) == PEOPLE, "too few people of the demonstration can be written to"
    part(house, who, lambda p, n: comes_home(house, p), FIRST)
    part(house, who, lambda p, n: says(house, n, "2"), SECOND)
    part(house, who, lambda p, n: says(house, n, "can't afford it"), ECHO)
    for patient, _ in who:
        for words in (FIRST, SECOND, ECHO):
            assert len(told(house, patient, words)) == 1, f"{patient} was told more than once: {words}"
        plans = find(house, "CarePlan", f"subject=Patient/{patient}&status=active,revoked,completed")
        assert len([c for c in plans if "After the hospital" in c.get("title", "")]) == 1, plans
        assert len(wait_for(lambda: cases(house, patient), f"the case of {patient}")) == 1, cases(house, patient)
    house.trail_holds()


def main():
    house = House(config=CONFIG, clock=Clock(), patients=60)
    started = time.monotonic()
    try:
        run(house)
        house.ends_well()
        print(f"journeys: {PEOPLE} people through {3 * KILLS} kills, each once; {time.monotonic() - started:.0f} s")
    except BaseException:
        print(house.read_log()[-3000:])
        raise
    finally:
        house.close()
        forget_demos()


if __name__ == "__main__":
    main()
