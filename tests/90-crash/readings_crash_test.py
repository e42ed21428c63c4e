"""kill -9 at random moments while readings come in by MQTT and by REST: no acknowledged reading is lost
or doubled, every bad one stands in the one open case of its patient, the audit chain is whole.
WEFT_KILLS: how often (default 10). WEFT_SOAK_MINUTES: go on for so long."""
import os
import random
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "40-flows"))
from flows import Clock, House, in_houses, reading, wait_for, weft_http  # noqa: E402

KILLS = int(os.environ.get("WEFT_KILLS", "10"))
SOAK_S = 60 * float(os.environ.get("WEFT_SOAK_MINUTES", "0"))
SEED = int(os.environ.get("WEFT_SEED", str(time.time_ns())))
A_ROUND = 3     # readings a round and stream
EVIDENCE = 48   # a case keeps the newest fifty


class Stream:
    """One patient after another; readings of one patient in order, 20 minutes apart, all bad."""

    def __init__(self, patients, clock):
        self.patients, self.clock = list(patients), clock
        self.acked = {p: [] for p in self.patients}
        self.made = {p: 0 for p in self.patients}
        self.base = clock.now() - 23 * 3600

    def next(self, round):
        free = [p for p in self.patients if self.made[p] + A_ROUND <= EVIDENCE]
        if not free:
            return None
        return free[round % len(free)]

    def reading(self, patient):
        at = self.base + 1200 * self.made[patient]
        self.made[patient] += 1
        stamp = self.clock.stamp(self.clock.now() - at)
        return reading("spo2", 80 + self.made[patient] % 4, stamp, patient)


def by_mqtt(house, stream, patient):
    if not patient:
        return
    device = house.mqtt(patient)
    for _ in range(A_ROUND):
        o = stream.reading(patient)
        device.publish(f"weft/v1/hub-{patient}/observation", o)
        stream.acked[patient].append(o["effectiveDateTime"])
    device.close()


def by_rest(house, stream, patient, tokens):
    if not patient:
        return
    for _ in range(A_ROUND):
        o = stream.reading(patient)
        while True:
            try:
                a = house.call("POST", "/fhir/Observation", o, tokens[patient], timeout=5)
            except (OSError, weft_http.http.client.HTTPException):
                time.sleep(0.02)  # killed: the device asks again
                continue
            assert a.status in (200, 201), a.body
            break
        stream.acked[patient].append(o["effectiveDateTime"])


def get(house, path):
    a = house.call("GET", path, token=house.sign_in("nurse"))
    assert a.status == 200, a.body
    return [e["resource"] for e in a.json.get("entry", [])]


def check_patient(house, patient, stamps):
    since = house.clock.stamp(26 * 3600)

    missing = {}

    def whole():
        rows = get(house, f"/fhir/Observation?subject=Patient/{patient}&code=59408-5&date=ge{since}"
                          "&_count=1000")
        mine = {o["effectiveDateTime"]: o["id"] for o in rows if o["valueQuantity"]["value"] < 85}
        missing["readings"] = sorted(set(stamps) - set(mine))
        if missing["readings"]:
            return None
        cases = get(house, f"/fhir/Task?patient=Patient/{patient}&_count=50")
        seen = {i["valueReference"]["reference"] for c in cases for i in c["input"]}
        missing["evidence"] = sorted(s for s in stamps if "Observation/" + mine[s] not in seen)
        return None if missing["evidence"] else (rows, mine, cases)
    try:
        rows, mine, cases = wait_for(whole, "the record and the case to be whole", 30, 0.2)
    except AssertionError:
        raise AssertionError(f"{patient}: of {stamps} missing {missing}") from None
    times = [o["effectiveDateTime"] for o in rows if o["valueQuantity"]["value"] < 85]
    assert len(times) == len(set(times)), f"{patient}: a reading was doubled"
    open_cases = [c for c in cases if c["status"] in ("requested", "in-progress", "on-hold")]
    assert len(open_cases) == 1 and len(cases) == 1, f"{patient}: {len(cases)} cases"
    evidence = [i["valueReference"]["reference"] for i in cases[0]["input"]]
    assert len(evidence) == len(set(evidence)), f"{patient}: evidence was doubled"


def run(houses, _nodes):
    random.seed(SEED)
    print(f"seed {SEED}")
    houses.append(house := House(clock=Clock(), broker=True, patients=60))
    stable = [p for p, t in house.truth.items() if t["monitored"] and not t["planted"]]
    half = len(stable) // 2
    mqtt, rest = Stream(stable[:half], house.clock), Stream(stable[half:], house.clock)
    tokens = {p: house.token("device", "--user", "hub-" + p) for p in stable[half:]}
    house.start()
    started, kills = time.monotonic(), 0
    while kills < KILLS or time.monotonic() - started < SOAK_S:
        a, b = mqtt.next(kills), rest.next(kills)
        if not a and not b:
            break
        load = [threading.Thread(target=by_mqtt, args=(house, mqtt, a)),
                threading.Thread(target=by_rest, args=(house, rest, b, tokens))]
        kills += 1
        house.killed_under(load, kills, 0.3)
    house.sign_in("nurse")
    n = 0
    for stream in (mqtt, rest):
        for patient, stamps in stream.acked.items():
            if stamps:
                check_patient(house, patient, stamps)
                n += len(stamps)
    house.ends_well()
    print(f"{kills} kills, {n} readings acknowledged: none lost, none doubled, one case a patient; "
          f"{time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    in_houses(run)
