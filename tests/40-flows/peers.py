"""The other side of the wires: an SMS provider of the Twilio shape and a mail server. They are peers,
not parts of Weft; each keeps what it was handed and misbehaves as it is told."""
import base64
import hashlib
import hmac
import http.server
import json
import os
import subprocess
import sys
import threading
import urllib.parse
import urllib.request

ACCOUNT, TOKEN = "AC0123456789abcdef0123456789abcdef", "the-auth-token-of-this-test"


def signature(url, fields, token=TOKEN):
    """X-Twilio-Signature, from Twilio's description of it."""
    text = url + "".join(k + v for k, v in sorted(fields.items()))
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()


class SmsProvider:
    """POST …/Messages.json. `plan`: one word an attempt, the last for all that follow:
    ok | 429 | 500 | 504 | 401 | 21610 | 21211 | cut (request read, no answer) | eager (the receipt is
    sent before the answer)."""

    def __init__(self, plan=("ok",)):
        self.plan, self.attempts, self.accepted, self.odd = list(plan), [], [], []
        self.lock = threading.Lock()
        self.webhook = None
        provider = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                provider.take(self)

            def log_message(self, *args):
                pass

        class Quiet(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request, address):
                pass
        self.handler, self.make = Handler, Quiet
        self.server = Quiet(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.run()

    def run(self):
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def down(self):
        self.server.shutdown()
        self.server.server_close()

    def up(self):
        self.server = self.make(("127.0.0.1", self.port), self.handler)
        self.run()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def take(self, h):
        body = h.rfile.read(int(h.headers["Content-Length"])).decode()
        fields = dict(urllib.parse.parse_qsl(body, strict_parsing=True, keep_blank_values=True))
        wanted = "Basic " + base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
        with self.lock:
            word = self.plan.pop(0) if len(self.plan) > 1 else self.plan[0]
            key = h.headers.get("Idempotency-Key", "")
            self.attempts.append((word, key, fields))
            if h.headers.get("Authorization") != wanted or not key or \
               h.path != f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json" or \
               h.headers["Content-Type"] != "application/x-www-form-urlencoded" or \
               not {"From", "To", "Body"} <= set(fields):
                self.odd.append((h.path, dict(h.headers), fields))
                word = "401"
            if word in ("ok", "eager", "cut", "504"):
                sid = f"SM{len(self.accepted):032x}"
                self.accepted.append({"sid": sid, "key": key, **fields})
        if word == "cut":
            h.close_connection = True
            h.connection.close()
            return
        if word == "eager":
            self.receipt(sid, "delivered")
        if word in ("ok", "eager"):
            return self.answer(h, 201, {"sid": sid, "status": "queued"})
        if word in ("21610", "21211"):
            return self.answer(h, 400, {"code": int(word), "message": "refused", "status": 400})
        return self.answer(h, int(word), {"code": 20000 + int(word), "status": int(word)})

    @staticmethod
    def answer(h, status, body):
        data = json.dumps(body).encode()
        h.send_response(status)
        h.send_header("Content-Type", "application/json")
        h.send_header("Content-Length", str(len(data)))
        h.end_headers()
        h.wfile.write(data)

    def post(self, fields, sign=signature):
        """A webhook; the status of the answer."""
        request = urllib.request.Request(
            self.webhook, urllib.parse.urlencode(fields).encode(), {
                "Content-Type": "application/x-www-form-urlencoded",
                "X-Twilio-Signature": sign(self.webhook, fields)})
        try:
            with urllib.request.urlopen(request, timeout=30) as a:
                return a.status
        except urllib.error.HTTPError as e:
            e.close()
            return e.code

    def receipt(self, sid, status, sign=signature, **more):
        return self.post({"AccountSid": ACCOUNT, "MessageSid": sid, "SmsSid": sid,
                          "MessageStatus": status, "SmsStatus": status, **more}, sign)

    def inbound(self, number, words, sid, sign=signature):
        return self.post({"AccountSid": ACCOUNT, "MessageSid": sid, "SmsMessageSid": sid,
                          "SmsStatus": "received", "From": number, "To": "+15035550100",
                          "Body": words, "NumMedia": "0"}, sign)


class Smsc:
    """The message centre of smsc.mjs. `events` are what it told, oldest first."""

    def __init__(self, **told):
        here = os.path.dirname(os.path.abspath(__file__))
        if not os.path.isdir(os.path.join(here, "..", "30-clients", "node_modules", "smpp")):
            print("skipped: smpp is not in tests/30-clients/node_modules (tools/setup test)")
            sys.exit(77)
        self.events, self.lock = [], threading.Condition()
        self.process = subprocess.Popen(["node", os.path.join(here, "smsc.mjs"), json.dumps(told)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        threading.Thread(target=self.listen, daemon=True).start()
        self.port = self.until("up")["port"]

    def listen(self):
        for line in self.process.stdout:
            with self.lock:
                self.events.append(json.loads(line))
                self.lock.notify_all()

    def tell(self, do, **more):
        self.process.stdin.write(json.dumps({"do": do, **more}) + "\n")
        self.process.stdin.flush()

    def of(self, ev, **wanted):
        with self.lock:
            return [e for e in self.events if e["ev"] == ev and wanted.items() <= e.items()]

    def until(self, ev, timeout=30, n=1, **wanted):
        with self.lock:
            def look():
                return [e for e in self.events if e["ev"] == ev and wanted.items() <= e.items()]
            if not self.lock.wait_for(lambda: len(look()) >= n, timeout):
                raise AssertionError(f"the centre told no {ev} {wanted}; last: {self.events[-5:]}")
            return look()[n - 1]

    def close(self):
        self.process.stdin.close()
        self.process.wait(10)
