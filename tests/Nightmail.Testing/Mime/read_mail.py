"""Reads messages with Python's email package and says in JSON what it understood.

Standard input: for each message a line with its length in bytes, then the bytes. Standard output: one JSON line a message.
Ends with its input.
"""
import email
import email.header
import email.policy
import email.utils
import hashlib
import json
import sys


def addresses(message, plain, name):
    """Addresses by the newer interface, names by the older one: the newer one keeps the blank between two encoded-words of a name,
    which RFC 2047 6.2 forbids (python/cpython issue 79728)."""
    found = [address for field in message.get_all(name, []) for address in field.addresses]
    names = [pair[0] for pair in email.utils.getaddresses([field.replace("\r\n", "") for field in plain.get_all(name, [])])]
    if len(names) != len(found):
        names = [address.display_name for address in found]
    return [
        {"name": str(email.header.make_header(email.header.decode_header(name))), "address": address.addr_spec}
        for name, address in zip(names, found)
    ]


def shape(part):
    if part.get_content_maintype() != "multipart":
        return part.get_content_type()
    return part.get_content_subtype() + "(" + ", ".join(shape(child) for child in part.iter_parts()) + ")"


def leaves(part):
    if part.get_content_maintype() != "multipart":
        yield part
        return
    for child in part.iter_parts():
        yield from leaves(child)


def payload(part):
    if part.get_content_type() == "message/rfc822":
        return part.get_payload(0).as_bytes(policy=email.policy.SMTP.clone(refold_source="none"))
    return part.get_payload(decode=True)


def describe(part):
    content = payload(part)
    text = None
    if part.get_content_maintype() == "text" and part.get_filename() is None:
        text = content.decode(part.get_content_charset("ascii"))
    return {
        "type": part.get_content_type(),
        "charset": part.get_content_charset(),
        "method": part.get_param("method"),
        "encoding": part.get("Content-Transfer-Encoding", ""),
        "disposition": part.get_content_disposition(),
        "fileName": part.get_filename(),
        "contentId": part.get("Content-ID"),
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "text": text,
    }


def defects(message):
    found = [repr(defect) for part in message.walk() for defect in part.defects]
    for part in message.walk():
        for name, value in part.items():
            # Encoded-words in "name" are for readers that know no RFC 2231; Python rightly calls them irregular.
            if name.lower() != "content-type":
                found += [name + ": " + repr(defect) for defect in value.defects]
    return found


def read(raw):
    message = email.message_from_bytes(raw, policy=email.policy.default)
    plain = email.message_from_bytes(raw, policy=email.policy.compat32)
    date = message["Date"]
    return {
        "headers": [{"name": name, "value": str(value)} for name, value in message.items()],
        "from": addresses(message, plain, "From"),
        "to": addresses(message, plain, "To"),
        "cc": addresses(message, plain, "Cc"),
        "subject": str(message.get("Subject", "")),
        "messageId": str(message.get("Message-ID", "")),
        "date": date.datetime.isoformat() if date is not None and date.datetime else None,
        "shape": shape(message),
        "parts": [describe(part) for part in leaves(message)],
        "defects": defects(message),
    }


def main():
    source = sys.stdin.buffer
    while line := source.readline():
        raw = source.read(int(line))
        try:
            answer = read(raw)
        except Exception as error:  # pylint: disable=broad-except  # whatever it is, the test has to see it
            answer = {"error": repr(error)}
        # ASCII, so that half a character cannot stop the line.
        print(json.dumps(answer), flush=True)


main()
