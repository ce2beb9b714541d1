"""A mail server for tests: keeps every message as a file and a JSON line, and departs from taking everything by rules.

Reads its settings as one JSON line from standard input, answers {"port": N}; every further line replaces the rules and is
answered {"rules": N}. Ends when standard input does.
"""

import asyncio
import json
import os
import ssl
import sys
import time
import warnings

from aiosmtpd.smtp import SMTP, AuthResult

warnings.simplefilter("ignore")


class Rules:
    def __init__(self, rules):
        self.rules = rules
        self.used = {}

    async def answer(self, stage, addresses, usual):
        """The reply at that stage; None: none is given; False: the connection is cut."""
        for index, rule in enumerate(self.rules):
            wanted = rule["address"]
            if rule["stage"] != stage or (wanted and wanted.lower() not in addresses):
                continue
            key = (index, addresses[0]) if rule["perAddress"] and addresses else index
            if rule["times"] is not None and self.used.get(key, 0) >= rule["times"]:
                continue
            self.used[key] = self.used.get(key, 0) + 1
            if rule["delay"]:
                await asyncio.sleep(rule["delay"])
            if rule["action"] == "never":
                return None
            if rule["action"] == "cut":
                return False
            return rule["reply"] or usual
        return usual


class Sink:
    def __init__(self, settings):
        self.folder = settings["folder"]
        self.pipelining = settings["pipelining"]
        self.rules = Rules(settings["rules"])
        self.count = 0
        self.log = open(os.path.join(self.folder, "messages.jsonl"), "a", encoding="utf-8")

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        session.host_name = hostname
        if self.pipelining:
            responses.insert(1, "250-PIPELINING")
        responses.insert(1, "250-ENHANCEDSTATUSCODES")
        return responses

    async def handle_MAIL(self, server, session, envelope, address, options):
        reply = await self.say(server, "mail", [address.lower()], "250 2.1.0 Ok")
        if reply.startswith("2"):
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return reply

    async def handle_RCPT(self, server, session, envelope, address, options):
        reply = await self.say(server, "rcpt", [address.lower()], "250 2.1.5 Ok")
        if reply.startswith("2"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, server, session, envelope):
        received = time.time()
        self.count += 1
        number = self.count
        name = "%06d.eml" % number
        with open(os.path.join(self.folder, name), "wb") as file:
            file.write(envelope.original_content)
        entry = {
            "sequence": number,
            "file": name,
            "from": envelope.mail_from,
            "to": list(envelope.rcpt_tos),
            "options": list(envelope.mail_options),
            "received": int(received * 1000),
            "tls": session.ssl is not None or server.transport.get_extra_info("sslcontext") is not None,
            "user": session.auth_data if session.authenticated else None,
            "reply": None,
        }
        addresses = [address.lower() for address in envelope.rcpt_tos]
        # Held back or cut off: the message is in this house although nobody will be told.
        answer = asyncio.ensure_future(self.rules.answer("dot", addresses, "250 2.0.0 Ok: queued as %d" % number))
        await asyncio.sleep(0)
        if not answer.done():
            waiting = dict(entry)
            waiting["waiting"] = True
            self.write(waiting)
        reply = await answer
        entry["reply"] = reply or None
        self.write(entry)
        return await self.deliver(server, reply)

    async def say(self, server, stage, addresses, usual):
        return await self.deliver(server, await self.rules.answer(stage, addresses, usual))

    async def deliver(self, server, reply):
        if reply is None:
            await asyncio.Event().wait()
        if reply is False:
            server.transport.abort()
            raise asyncio.CancelledError
        return reply

    def write(self, entry):
        self.log.write(json.dumps(entry) + "\n")
        self.log.flush()


class Session(SMTP):
    greeted = False

    async def push(self, status):
        if not self.greeted:
            self.greeted = True
            status = await self.event_handler.say(self, "greeting", [], status)
        await super().push(status)
        if status[:3] in ("421", b"421"):
            self.transport.close()


async def main():
    loop = asyncio.get_running_loop()
    stdin = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stdin), sys.stdin)
    settings = json.loads(await stdin.readline())
    sink = Sink(settings)
    context = None
    if settings["certificate"]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(settings["certificate"], settings["key"])
    login = settings["login"]

    def authenticate(server, session, envelope, mechanism, data):
        given = [data.login.decode(), data.password.decode()]
        return AuthResult(success=given == login, handled=given == login, auth_data=given[0])

    def session():
        return Session(
            sink,
            data_size_limit=settings["sizeLimit"],
            enable_SMTPUTF8=settings["smtpUtf8"],
            hostname="sink.test",
            ident="ESMTP",
            tls_context=context if settings["tls"] == "starttls" else None,
            require_starttls=settings["requireStartTls"],
            timeout=3600,
            auth_required=login is not None,
            auth_require_tls=settings["tls"] == "starttls",
            authenticator=authenticate if login else None,
            loop=loop,
        )

    server = await loop.create_server(
        session, "127.0.0.1", 0, backlog=1024, ssl=context if settings["tls"] == "implicit" else None)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    while line := await stdin.readline():
        sink.rules = Rules(json.loads(line))
        print(json.dumps({"rules": len(sink.rules.rules)}), flush=True)
    os._exit(0)


asyncio.run(main())
