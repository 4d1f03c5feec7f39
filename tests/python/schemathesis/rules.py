"""What a schema cannot say: values that obey it each by itself and are refused together, or the other way round."""

import json
import os

import schemathesis

ME = os.environ["CHAT_TEST_USER"]
PLACES = ("before", "after", "around")


def has_one_place(query):
    """Parameters of a query cannot exclude each other."""
    return sum(name in query for name in PLACES) <= 1


def names_nobody_twice(body):
    """The server overlooks it when a DIRECT room names the other one twice, or the caller too: one name is what is
    documented."""
    people = body.get("participantUuids") if isinstance(body, dict) else None
    if not isinstance(people, list) or body.get("type") != "DIRECT":
        return True
    others = {json.dumps(one) for one in people} - {json.dumps(ME)}
    return len(others) == len(people)


def names_another(path, body):
    """Nobody is their own friend, blocks themselves, or is removed instead of leaving."""
    return ME not in (path or {}).values() and not (isinstance(body, dict) and body.get("userUuid") == ME)


def names_no_message(body):
    """Whether a message is of the room in the path, no schema can tell: that of another room is 404, which looks as if
    the room were gone. (The tests of REST read up to messages.)"""
    return not (isinstance(body, dict) and any(name.lower().endswith("messageuuid") for name in body))


def names_no_file(body):
    """Likewise a file in a message: it is another 404. (The tests in Rust upload, send and read files.)"""
    return not (isinstance(body, dict) and body.get("attachments"))


def is_trimmed(body):
    """The server counts a name without the white space around it: a longer one may be short enough."""
    names = (body.get(name) for name in ("name", "nickname")) if isinstance(body, dict) else ()
    return all(name == name.strip() for name in names if isinstance(name, str))


@schemathesis.hook
def filter_case(context, case):
    return (
        has_one_place(case.query or {})
        and names_no_message(case.body)
        and names_no_file(case.body)
        and is_trimmed(case.body)
        and names_nobody_twice(case.body)
        and names_another(case.path_parameters, case.body)
    )
