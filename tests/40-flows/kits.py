"""What the suites of connected devices share: a house whose broker's accounts are the server's, kits that are
registered, shipped and opened, a kit's line to the broker, commands asked for and answered."""
import base64
import json
import os
import subprocess

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from flows import Broker, FlowCase, Mqtt, wait_for

PLUGIN = "/usr/lib/x86_64-linux-gnu/mosquitto_dynamic_security.so"


class OwnBroker(Broker):
    """No password file: accounts are the server's to make."""

    def __init__(self, folder, devices, password):
        super().__init__(folder, devices, password)
        accounts = os.path.join(self.folder, "accounts.json")
        subprocess.run(["mosquitto_ctrl", "dynsec", "init", accounts, "weft-server", password], check=True,
                       capture_output=True, timeout=60)
        with open(accounts, encoding="utf-8") as f:
            own = json.load(f)
        own["roles"][0]["acls"].append({"acltype": "publishClientSend", "topic": "weft/v1/#", "allow": True})
        self.write("accounts.json", json.dumps(own))
        self.write("conf", f"listener {self.port} 127.0.0.1\nallow_anonymous false\nplugin {PLUGIN}\n"
                           f"plugin_opt_config_file {accounts}\npersistence true\n"
                           f"persistence_location {self.folder}/\nlog_dest none\n"
                   + ("user root\n" if os.geteuid() == 0 else ""))


class KitCase(FlowCase):
    broker = True
    config = "mqtt.control = true\n"

    @classmethod
    def prepare(cls):
        folder = cls.house.folder
        os.rename(os.path.join(folder, "broker"), os.path.join(folder, "broker-plain"))
        cls.house.broker = OwnBroker(folder, [], cls.house.demo["broker"])
        cls.house.configure(cls.config)
        cls.house.tokens["nurse-again"] = cls.house.token(  # another account of the nurse's
            "nurse", "--user", "nurse.again", "--reference", "Practitioner/nurse")

    def post(self, path, body=None, status=201, user="nurse"):
        return self.expect(status, self.call("POST", path, body or {}, user)).json

    def registered(self, serial):
        return self.post("/fleet", {"model": "hub-h2", "serial": serial, "udi": f"(01)00850000000010(21){serial}",
                                    "network": "LTE-M", "warranty": "2028-06-30"})

    def shipped(self, serial, patient="p0005"):
        one = self.registered(serial)
        self.post(f"/fleet/{one['id']}/state", {"state": "shipped", "patient": patient, "tracking": "1Z-7"}, 200, "agent")
        return self.post(f"/fleet/{one['id']}/state", {"state": "delivered"}, 200, "agent")

    def opened(self, serial, patient="p0005"):
        one = self.shipped(serial, patient)
        code = self.post(f"/fleet/{one['id']}/code")["code"]
        return one["id"], self.post("/fleet/provision", {"code": code}, user=None)

    def line(self, keys):
        """Into the broker, which learns of the account a moment later."""
        def enter():
            try:
                return Mqtt(self.house.broker.port, keys["mqtt"]["user"], keys["mqtt"]["password"])
            except PermissionError:
                return None
        return wait_for(enter, "the broker's account")

    def as_device(self, keys, method, path, body=None):
        return self.house.call(method, path, body, keys["token"])

    def told(self, line, n):
        """The n-th command that came to it."""
        line.until(lambda: len(self.commands(line)) > n, f"command {n}")
        return self.commands(line)[n]

    @staticmethod
    def commands(line):
        return [(t.split("/")[-1], p) for t, p in line.messages if "/command/" in t and p]

    def claims(self, message, keys, header=None):
        """What is signed, once the signature holds with the key that the device got when it was opened."""
        raw = [base64.urlsafe_b64decode(p + "=" * (-len(p) % 4)) for p in message.split(".")]
        self.assertEqual({"alg": "EdDSA", "typ": "weft-command+jws"}, json.loads(raw[0]))
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(keys["commandKey"])).verify(
            raw[2], message.rpartition(".")[0].encode())
        return json.loads(raw[1])

    def ask(self, id, kind, status=201, user="nurse", **more):
        a = self.expect(status, self.call("POST", f"/fleet/{id}/command", {"kind": kind, **more}, user))
        return a.json["commands"][0] if status == 201 else a

    def command(self, id, n=0):
        return self.get(f"/fleet/{id}")["commands"][n]

    def until(self, id, *states, n=0):
        return wait_for(lambda: self.command(id, n) if self.command(id, n)["state"] in states else None,
                        f"a command to be {states}")

    def step(self, command, step, status=200, user="nurse2", **body):
        return self.expect(status, self.call("POST", f"/fleet/commands/{command['id']}/{step}", body, user))

    def wakes(self, keys, device=None):
        line = self.line(keys)
        line.subscribe(f"weft/v1/{device or keys['user']}/command/+")
        return line

    def answer(self, line, keys, id, state, **more):
        line.publish(f"weft/v1/{keys['user']}/ack", {"id": id, "state": state, **more})

    def kept(self, keys):
        """What the broker keeps for the device."""
        line = self.wakes(keys)
        line.publish(f"weft/v1/{keys['user']}/status", {})  # in line behind what is kept
        found = self.commands(line)
        line.close()
        return found
