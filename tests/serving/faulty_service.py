"""A small real HTTP service, standard library alone, healthy unless told otherwise: python faulty_service.py PORT [FAULT …].

It takes {"instances": [{"x": number, "name": text}, …]} with a bearer token and answers {"predictions": […]}, x doubled.
Tokens: good, expired, wrong-scope, other-tenant (each "Bearer <word>-token"). MODEL_PATH must name a file that exists.
"""

# ruff: noqa: N815, BLE001, TRY301 - names and rules of the standard library's own server
from __future__ import annotations

import json
import math
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

TOKENS = {"good": 200, "expired": 401, "wrong-scope": 403, "other-tenant": 403}
SCHEMA = {
    "openapi": "3.1.0",
    "info": {"title": "doubles", "version": "1"},
    "components": {
        "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        "schemas": {
            "Row": {
                "type": "object", "additionalProperties": False, "required": ["x"],
                "properties": {"x": {"type": "number", "examples": [2.0]}, "name": {"type": "string", "maxLength": 50}},
            },
            "Error": {"type": "object", "required": ["reason"], "properties": {"reason": {"type": "string"}}},
        },
    },
    "security": [{"bearer": []}],
    "paths": {
        "/livez": {"get": {"security": [], "responses": {"200": {"description": "alive"}}}},
        "/readyz": {"get": {"security": [], "responses": {"200": {"description": "ready"}, "503": {"description": "no"}}}},
        "/models": {"get": {"responses": {"200": {"description": "list"}, "401": {"description": "no"}, "403": {"description": "no"}}}},
        "/predict": {
            "post": {
                "requestBody": {"required": True, "content": {"application/json": {
                    "schema": {
                        "type": "object", "additionalProperties": False, "required": ["instances"],
                        "properties": {"instances": {"type": "array", "minItems": 1, "maxItems": 50, "items": {"$ref": "#/components/schemas/Row"}}},
                    },
                    "examples": {"two": {"value": {"instances": [{"x": 2.0, "name": "two"}]}}},
                }}},
                "responses": {
                    "200": {"description": "ok", "content": {"application/json": {"schema": {
                        "type": "object", "required": ["predictions"],
                        "properties": {"predictions": {"type": "array", "items": {"type": "number"}}},
                    }}}},
                    **{code: {"description": "refused", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}}
                       for code in ("400", "401", "403", "404", "405", "411", "413", "415", "422", "503")},
                },
            }
        },
    },
}  # fmt: skip


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two writes: 40 ms an answer otherwise
    faults: frozenset[str] = frozenset()
    loaded = False
    loaded_at = 0.0
    count = 0
    gate = threading.Lock()
    asked = 0
    counting = threading.Lock()
    answers: dict[tuple, int] = {}  # noqa: RUF012 - shared by all requests
    broken: dict[str, int] = {"x": 0, "name": 0, "row": 0}  # noqa: RUF012 - likewise
    nonfinite = 0

    def log_message(self, *_):
        pass

    def count_answer(self, status):
        """Counts an answer for the page of metrics, as "metrics …" faults have it."""
        route = self.path.partition("?")[0]
        if "metrics" not in self.faults:
            return
        if "metrics forget errors" in self.faults and status >= 400:
            return
        label = (
            "200"
            if "metrics say 200" in self.faults
            else "500"
            if "metrics say 500" in self.faults and status >= 400
            else status
        )
        times = 2 if "metrics count twice" in self.faults and status >= 400 else 1
        with self.counting:
            key = (route, label)
            self.answers[key] = self.answers.get(key, 0) + times

    def figures(self):
        """The page of metrics in Prometheus' text format."""
        lines = ["# TYPE answers_total counter"]
        with self.counting:
            found = dict(self.answers)
        type(self).asked += 1
        less = 2 if "metrics by process" in self.faults and self.asked % 2 else 0
        lines += [f'answers_total{{route="{r}",status="{s}"}} {max(n - less, 0)}' for (r, s), n in found.items()]
        total = sum(n for (r, _), n in found.items() if r == "/predict")
        lines += ["# TYPE answer_seconds histogram"]
        lines += [f'answer_seconds_bucket{{le="{edge}"}} {total}' for edge in ("0.1", "0.25", "1", "+Inf")]
        lines += [f"answer_seconds_sum {total * 0.0001}", f"answer_seconds_count {total}"]
        lines += ["# TYPE process_resident_memory_bytes gauge", "process_resident_memory_bytes 5e7"]
        lines += ["# TYPE answers_in_progress gauge", "answers_in_progress 1"]
        lines += ["# TYPE drift_psi gauge", "drift_psi 0.01"]
        if any(fault.startswith("counts") for fault in self.faults):
            name = "rows_refused" if "counts under another name" in self.faults else "rows_invalid"
            with self.counting:
                lines += [f"# TYPE {name}_total counter"]
                lines += [f'{name}_total{{field="{field}"}} {n}' for field, n in self.broken.items()]
        if "shows non-finite" in self.faults:
            lines += ["# TYPE answers_nonfinite_total counter", f"answers_nonfinite_total {self.nonfinite}"]
        return ("\n".join(lines) + "\n").encode()

    def give(self, status, value, **headers):
        self.count_answer(status)
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send_response(status)
        for name, text in {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), text)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_GET(self):
        path = self.path.partition("?")[0]
        if path in self.health_paths():
            return self.health(path)
        if path == "/openapi.json":
            return self.give(200, SCHEMA)
        if path == "/models":
            refused = None if "open route" in self.faults else self.refused()
            return refused or self.give(200, {"models": ["doubles"]})
        if path == "/metrics" and "metrics" in self.faults:
            return self.refused() or self.give(200, self.figures(), Content_Type="text/plain; version=0.0.4")
        if path == "/constant":
            return self.give(200, {"ok": True})
        return self.give(404, {"reason": "no such path"})

    def health_paths(self):
        if "no health" in self.faults:
            return ()
        if "mlflow" in self.faults:
            return ("/ping", "/health", "/version", "/invocations")
        if "one path" in self.faults:
            return ("/health",)
        return ("/readyz", "/readyz/") if "no live" in self.faults else ("/livez", "/readyz", "/readyz/")

    def health(self, path):
        if "slow health" in self.faults:
            time.sleep(float(os.environ.get("HEALTH_SECONDS", "1.2")))
        if path == "/livez":
            return self.give(503 if "dead live" in self.faults and not self.loaded else 200, {"status": "alive"})
        if path == "/readyz" and "moved" in self.faults:
            return self.give(307, {}, Location="/readyz/")
        if path == "/version":
            return self.give(200, b"3.1.0", Content_Type="text/plain")
        if path == "/invocations":
            return self.give(405, {"reason": "no such method"}, Allow="POST")
        ready = self.loaded or "lying readiness" in self.faults
        type(self).asked += ready
        if "wavers" in self.faults and self.asked % 3 == 0:
            return self.give(503, {"ready": False})
        model = {"model": {"sha256": os.environ["MODEL_SHA256"]}} if "names its model" in self.faults else {}
        return self.give(200 if ready or "denies" in self.faults else 503, {"ready": ready, **model})

    def refused(self):
        """Answers and returns True where the credential is not the good one."""
        given = self.headers.get("Authorization", "")
        if given == "Bearer null" and "dies on null" in self.faults:
            print("fatal: null has no claims", flush=True)
            os._exit(134)
        if "no auth" in self.faults or (given and "presence only" in self.faults):
            return None
        kind = given.removeprefix("Bearer ").removesuffix("-token")
        status = TOKENS.get(kind, 401) if given else 401
        if f"{kind} accepted" in self.faults:
            return None
        if status == 200:
            return None
        self.give(status, {"reason": "refused"}, WWW_Authenticate="Bearer")
        return True

    def do_POST(self):
        length = self.headers.get("Content-Length", "")
        body = self.rfile.read(int(length)) if length.isdigit() and int(length) < 1 << 20 else None
        if body is None:
            self.close_connection = True
            return self.give(413, {"reason": "too large"}, Connection="close")
        if self.path.partition("?")[0] != ("/invocations" if "mlflow" in self.faults else "/predict"):
            return self.give(404, {"reason": "no such path"})
        return self.refused() or self.predict(body)

    def do_PUT(self):
        self.give(405, {"reason": "no such method"}, Allow="GET, POST", Connection="close")
        self.close_connection = True

    do_DELETE = do_PATCH = do_OPTIONS = do_TRACE = do_QUERY = do_PUT

    def predict(self, body):
        with self.gate:  # all of the process waits, as for a garbage collection or a lock
            type(self).count += 1
            if "stall all" in self.faults and type(self).count == int(os.environ.get("STALL_AT", "100")):
                time.sleep(float(os.environ.get("STALL_SECONDS", "2")))
            if "one at a time" in self.faults:
                time.sleep(float(os.environ.get("TURN_SECONDS", "0.02")))
        if "error body" in self.faults:
            return self.give(200, {"error": "the model is not loaded"})
        if not self.loaded or time.monotonic() < self.loaded_at + float(os.environ.get("WARM_SECONDS", "0")):
            return self.give(503, {"reason": "no model"})
        if "stall" in self.faults and type(self).count == int(os.environ.get("STALL_AT", "100")):
            time.sleep(float(os.environ.get("STALL_SECONDS", "2")))
        if "die" in self.faults and type(self).count >= int(os.environ.get("DIE_AT", "20")):
            print("fatal: out of memory", flush=True)
            os._exit(137)
        if "hang" in self.faults:
            time.sleep(600)
        if "flaky" in self.faults and type(self).count % 50 == 0:
            return self.give(500, {"reason": "now and then"})
        time.sleep(float(os.environ.get("SERVICE_SECONDS", "0")))
        return self.answer(body)

    def answer(self, body):
        if any(fault.startswith("obeys") for fault in self.faults) and self.obey(body):
            return None
        try:
            whole = json.loads(body, parse_constant=self.constant)
            rows = whole["instances"]
            if not (isinstance(rows, list) and 1 <= len(rows) <= 50) or (
                set(whole) != {"instances"} and "lax" not in self.faults
            ):
                raise ValueError("instances")
            self.count_rows(rows)
            values = [self.value(row) for row in rows]
        except Exception as reason:
            if "trace" in self.faults:
                import traceback

                return self.give(500, {"reason": traceback.format_exc()})
            if "huge number" in self.faults and isinstance(reason, OverflowError):
                return self.give(500, {"reason": "overflow"})
            if "dies of depth" in self.faults and isinstance(reason, RecursionError):
                print("fatal: stack overflow", flush=True)
                os._exit(139)
            if "page" in self.faults:
                return self.give(422, b"<p>cannot read " + body, Content_Type="text/html; charset=utf-8")
            if "echo" in self.faults:
                return self.give(422, {"reason": f"cannot read {body.decode(errors='replace')}"})
            return self.give(422, {"reason": type(reason).__name__})
        wrong = 3 if "wrong answer" in self.faults else 2
        if os.environ.get("NONFINITE") and "recovers" not in self.faults:
            type(self).nonfinite += "forgets non-finite" not in self.faults
            if "passes non-finite on" not in self.faults:
                return self.give(500, {"reason": "no number"})
            values = [math.nan for _ in values]
        return self.give(200, {"predictions": [wrong * value for value in values]})

    def count_rows(self, rows):
        """Counts rows that break the schema by field, as "counts …" faults have it."""
        fields = [field for row in rows if (field := self.broken_field(row))]
        if "counts valid rows" in self.faults:
            fields = fields or ["row"]
        if "counts requests" in self.faults:
            fields = fields[:1]
        if "counts twice" in self.faults:
            fields *= 2
        if "counts no nulls" in self.faults:
            fields = [] if any(isinstance(row, dict) and None in row.values() for row in rows) else fields
        if "counts nothing" in self.faults:
            fields = []
        with self.counting:
            for field in fields:
                self.broken[field] += 1

    def broken_field(self, row):
        try:
            self.value(row)
        except (ValueError, KeyError, TypeError, OverflowError) as reason:
            told = str(reason).strip("'")
            return told if told in ("x", "name") else "row"
        return ""

    def obey(self, body):
        """Does with the first row's name what no service should; True where it has answered."""
        try:
            name = json.loads(body)["instances"][0]["name"]
        except (ValueError, KeyError, TypeError, IndexError, RecursionError):
            return False
        name = name if isinstance(name, str) else json.dumps(name)
        if "obeys log" in self.faults:
            print(f"asked for {name}", flush=True)
        if "obeys shell" in self.faults:
            subprocess.run(
                ["sh", "-c", f"echo {name}"],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=5,
                check=False,
            )
        if "obeys sql" in self.faults and "pg_sleep" in name:
            time.sleep(float(name.partition("pg_sleep(")[2].partition(")")[0]))
        if "obeys url" in self.faults and name.startswith("http://"):
            import urllib.request

            urllib.request.urlopen(name, timeout=5).close()
        said = ""
        if "obeys path" in self.faults and Path(name).is_file():
            said = Path(name).read_text()
        if "obeys template" in self.faults:
            said = name.replace("{{7*191}}", str(7 * 191))
        if "obeys header" in self.faults and "\n" in name:
            return self.give(422, {"reason": "name"}, X_Name=name) or True
        return bool(said) and (self.give(422, {"reason": said}) or True)

    def constant(self, name):
        if "lax" in self.faults:
            return 0.0
        raise ValueError(name)

    def value(self, row):
        if "lax" in self.faults:
            return float(row.get("x") or 0) if isinstance(row, dict) else 0.0
        if not isinstance(row, dict) or set(row) - {"x", "name"}:
            raise ValueError("row")
        name = row.get("name", "")
        if not isinstance(name, str) or len(name) > 50:
            raise ValueError("name")
        if (
            isinstance(row["x"], bool)
            or not isinstance(row["x"], int | float)
            or not math.isfinite(2 * float(row["x"]))
        ):
            raise ValueError("x")
        return float(row["x"])


class Open(Handler):
    def do_GET(self):
        return self.give(200, {"models": ["doubles"]})


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_):
        pass


def load():
    time.sleep(float(os.environ.get("LOAD_SECONDS", "0.3")))
    Handler.loaded_at = time.monotonic()
    if "dies while loading" in Handler.faults:
        print("fatal: out of memory", flush=True)
        os._exit(137)
    Handler.loaded = "built in" in Handler.faults or Path(os.environ.get("MODEL_PATH", __file__)).exists()
    if not Handler.loaded and "hangs without model" in Handler.faults:
        time.sleep(600)
    if not Handler.loaded and "exits without model" in Handler.faults:
        print("the model is missing", flush=True)
        os._exit(3)


def main() -> None:
    port, Handler.faults = int(sys.argv[1]), frozenset(sys.argv[2:])
    if "ignores sigterm" in Handler.faults:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if "forks" in Handler.faults:
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
    if "floods" in Handler.faults:
        threading.Thread(target=lambda: [print("x" * 1000, flush=True) for _ in range(10**9)], daemon=True).start()
    if "refuses" in Handler.faults:
        time.sleep(600)
    if "exits" in Handler.faults:
        print("cannot read configuration", flush=True)
        raise SystemExit(2)
    time.sleep(float(os.environ.get("BIND_SECONDS", "0")))
    if "loads first" in Handler.faults:
        load()
    else:
        threading.Thread(target=load, daemon=True).start()
    if "silent port" in Handler.faults:
        Handler.silent = socket.create_server(("127.0.0.1", 0))
    if "second port" in Handler.faults:
        threading.Thread(target=Server(("127.0.0.1", 0), Open).serve_forever, daemon=True).start()
    Server(("127.0.0.1", port), Handler).serve_forever()


if __name__ == "__main__":
    main()
