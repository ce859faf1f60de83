"""Firefox without a window, driven by WebDriver BiDi over its own socket."""

import itertools
import json
import os
import re
import subprocess
import threading

import websocket

from rnncore import programs

FIREFOX = programs.find("firefox")
LISTENS = re.compile(r"WebDriver BiDi listening on (ws://\S+)")
QUIET = {  # it asks nobody for anything that no page asked for
    "app.normandy.enabled": False,
    "app.update.enabled": False,
    "browser.safebrowsing.downloads.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "extensions.update.enabled": False,
    "media.gmp-manager.updateEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "network.dns.disablePrefetch": True,
    "services.settings.server": "data:,",
}


class Firefox:
    """A browser with a profile of its own in `profile`, an empty folder."""

    def __init__(self, profile):
        lines = [
            f"user_pref({json.dumps(name)}, {json.dumps(value)});\n"
            for name, value in QUIET.items()
        ]
        (profile / "user.js").write_text("".join(lines), "utf8")
        self.process = subprocess.Popen(
            [
                *(FIREFOX, "--headless", "--no-remote"),
                *(
                    "--profile",
                    str(profile),
                    "--remote-debugging-port",
                    "0",
                ),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"HOME": str(profile)},
        )
        self.numbers, self.events = itertools.count(1), []
        try:
            said = map(LISTENS.search, self.process.stderr)
            address = next(filter(None, said))[1]
            threading.Thread(
                target=self.process.stderr.read, daemon=True
            ).start()
            self.socket = websocket.create_connection(
                f"{address}/session", suppress_origin=True, timeout=60
            )
            self.call("session.new", capabilities={})
            watched = ["log.entryAdded", "network.fetchError"]
            self.call("session.subscribe", events=watched)
        except BaseException:
            self.process.kill()
            raise

    def call(self, method, **params):
        """What a command answers; what happens meanwhile is in `events`."""
        number = next(self.numbers)
        said = {"id": number, "method": method, "params": params}
        self.socket.send(json.dumps(said))
        while (answer := json.loads(self.socket.recv())).get(
            "id"
        ) != number:
            self.events.append(answer)
        if answer["type"] == "error":
            raise RuntimeError(f"{method}: {answer['message']}")
        return answer["result"]

    def open_page(self, url):
        """A new tab with the page, loaded; earlier events are forgotten."""
        tab = self.call("browsingContext.create", type="tab")["context"]
        self.events.clear()
        self.call(
            "browsingContext.navigate",
            context=tab,
            url=url,
            wait="complete",
        )
        return tab

    def evaluate(self, tab, expression):
        """The value of an expression of JavaScript, waited for, as JSON."""
        answer = self.call(
            "script.evaluate",
            expression=f"(async () => JSON.stringify(await {expression}))()",
            target={"context": tab},
            awaitPromise=True,
        )
        if answer["type"] != "success":
            raise RuntimeError(answer["exceptionDetails"]["text"])
        return json.loads(answer["result"]["value"])

    def close(self):
        """End the browser; one that hangs is killed."""
        try:
            self.call("browser.close")
            self.process.wait(30)
        finally:
            self.process.kill()
            self.socket.close()
