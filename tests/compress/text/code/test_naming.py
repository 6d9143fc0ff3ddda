"""Objects of configuration that one key among their others names, wherever it stands."""

from __future__ import annotations

import json

import pytest
from units_support import chain, check_units, trail

from ctxpipe.compress.text.code import code_units
from ctxpipe.compress.text.outline import outline
from ctxpipe.compress.types import Document, Kind

ITEMS = """services:
- image: registry/north
  limits:
    memory: 31M
  name: north
- image: registry/south
  limits:
    memory: 45M
  name: south
"""
KUBERNETES = """apiVersion: v1
kind: Service
metadata:
  labels:
    app: pier
  name: north
spec:
  ports:
    - port: 31
---
apiVersion: v1
kind: Service
metadata:
  name: south
spec:
  ports:
    - port: 45
"""
NGINX = """http {
    server {
        listen 80;
        server_name north.example.org;
        location / {
            client_max_body_size 31m;
        }
    }
    server {
        listen 80;
        server_name south.example.org;
        location / {
            client_max_body_size 45m;
        }
    }
}
"""
APACHE = """<VirtualHost *:80>
    DocumentRoot /srv/a
    ServerName north.example.org
    LimitRequestBody 31
</VirtualHost>
<VirtualHost *:80>
    DocumentRoot /srv/b
    ServerName south.example.org
    LimitRequestBody 45
</VirtualHost>
"""
XML = """<p:piers xmlns:p="urn:p">
  <p:pier>
    <p:limits><p:memory>31</p:memory><p:cpus>2</p:cpus></p:limits>
    <p:meta><p:name>north</p:name><p:owner>a</p:owner></p:meta>
  </p:pier>
  <p:pier>
    <p:limits><p:memory>45</p:memory><p:cpus>2</p:cpus></p:limits>
    <p:meta><p:name>south</p:name><p:owner>b</p:owner></p:meta>
  </p:pier>
</p:piers>
""".replace("><", ">" + " " * 200 + "<")
NESTED = json.dumps(
    [
        {"limits": {"memory": n, "note": "x" * 330}, "metadata": {"name": name, "owner": "y" * size}}
        for n, name, size in ((31, "north", 20), (45, "south", 20))
    ],
    indent=1,
)
LONG = NESTED.replace("y" * 20, "y" * 400)


@pytest.mark.parametrize(
    ("text", "kind", "language", "value"),
    [
        (ITEMS, "code", "yaml", "45M"),
        (KUBERNETES, "code", "yaml", "port: 45"),
        (NGINX, "code", "conf", "45m"),
        (APACHE, "code", "conf", "Body 45"),
        (XML, "code", "xml", "45"),
        (NESTED, "json", "", "45"),
        (LONG, "json", "", "45"),
    ],
)
def test_the_name_of_an_object_is_above_all_it_holds(text: str, kind: Kind, language: str, value: str) -> None:
    document = Document(text=text, source="x", kind=kind, language=language)
    made = outline(document)
    units = made.units(0, len(text))
    unit = next(u for u in units if value in text[u.start : u.end])
    above = "\n".join(text[u.start : u.end] for u in made.chain(unit))
    assert "south" in above
    assert "north" not in above
    assert all(len(made.chain(u)) < 20 for u in units)


def test_an_object_of_kubernetes_stands_under_its_kind_and_name() -> None:
    document = Document(text=KUBERNETES, source="x", kind="code", language="yaml")
    made = outline(document)
    unit = next(u for u in made.units(0, len(KUBERNETES)) if "port: 31" in KUBERNETES[u.start : u.end])
    above = [KUBERNETES[u.start : u.end].strip() for u in reversed(made.chain(unit))]
    assert above[:4] == ["kind: Service", "metadata:", "name: north", "spec:"]


@pytest.mark.parametrize("returns", ["\n", "\r\n"])
def test_properties_of_a_calendar_stand_under_what_happens(returns: str) -> None:
    events = "".join(
        f"BEGIN:VEVENT\nDTSTART:2026010{n % 10}\nSUMMARY:Board of {name}\nLOCATION:Room {n},\n  left\nEND:VEVENT\n"
        for n, name in ((31, "north"), (45, "south"))
    )
    text = f"BEGIN:VCALENDAR\n{events}END:VCALENDAR\n".replace("\n", returns)
    made = outline(Document(text=text, source="x", kind="code", language="vobject"))
    units = made.units(0, len(text))
    room = next(u for u in units if "Room 45" in text[u.start : u.end])
    assert text[room.start : room.end].endswith("left")
    assert [text[u.start : u.end] for u in made.chain(room)] == [
        "SUMMARY:Board of south",
        "BEGIN:VEVENT",
        "BEGIN:VCALENDAR",
    ]
    start = next(u for u in units if "DTSTART:20260105" in text[u.start : u.end])
    assert "south" in text[made.chain(start)[0].start : made.chain(start)[0].end]


def test_a_key_that_names_a_document_is_above_all_it_holds() -> None:
    names = ("dev", "staging", "production")
    text = "".join(
        f"---\n# of {name}\nenvironment: {name}\ndatabase:\n  pool:\n    size: {size}\nlevel: {size}{size}\n"
        for size, name in enumerate(names, start=3)
    )
    units = code_units(text, "yaml")
    check_units(text, units)
    for size, name in enumerate(names, start=3):
        assert f"environment: {name}" in chain(text, units, f"    size: {size}")
        assert f"environment: {name}" in chain(text, units, f"level: {size}{size}")
    single = text.removeprefix("---\n").partition("---\n")[0]
    assert "environment: dev" not in chain(single, code_units(single, "yaml"), "level: 33")[:-1]


STEPS = """steps:
  - name: Test hull
    env:
      LIMIT: 31
    run: pytest hull
    if: github.event_name != 'schedule'
  - uses: checkout
  - if: always()
    run: report
"""


def test_keys_stand_under_the_condition_beside_them() -> None:
    units = code_units(STEPS, "yaml")
    assert chain(STEPS, units, "run: pytest")[1:] == [
        "- name: Test hull",
        "if: github.event_name != 'schedule'",
        "run: pytest hull",
    ]
    assert chain(STEPS, units, "LIMIT: 31")[2:4] == ["if: github.event_name != 'schedule'", "env:"]
    assert chain(STEPS, units, "uses: checkout") == ["steps:", "- uses: checkout"]


def test_members_of_objects_in_json5_stand_under_their_name() -> None:
    text = "[\n" + "".join(
        f"  {{\n    limit: {value},\n    name: '{name} pump',\n  }},\n"
        for name, value in (("amber", 41), ("basalt", 52))
    )
    units = code_units(text + "]\n", "json5")
    assert chain(text, units, "limit: 52") == ["[", "{", "name: 'basalt pump',", "limit: 52,"]
    assert trail(text, units, "limit: 52") == ["name: 'basalt pump',"]


def test_blocks_with_the_same_header_stand_under_what_tells_them_apart() -> None:
    text = (
        'resource "wall" "quay" {\n  gate {\n    lamps       = 4\n    description = "To the ferry"\n'
        "    width       = 12\n  }\n"
        "  gate {\n    # the old one\n    lamps = 7\n    width = 9\n  }\n"
        "  roof {\n    tiles = 3\n    slope = 2\n  }\n}\n"
    )
    units = code_units(text, "hcl")
    assert chain(text, units, "= 12")[1:-1] == ["gate {", 'description = "To the ferry"']
    assert chain(text, units, "= 9")[1:-1] == ["gate {", "lamps = 7"]
    assert chain(text, units, "slope")[1:-1] == ["roof {"]


def test_tables_of_an_array_without_a_name_stand_under_their_first_key() -> None:
    text = (
        '[[walls.gates]]\nto = "ferry"\nwidth = 12\n\n[[walls.gates]]\nto = "market"\nwidth = 9\n\n'
        '[[boats]]\noars = 4\nname = "Nora"\n\n[[boats]]\noars = 6\nname = "Ibis"\n\n[[lamps]]\nwatt = 3\nhours = 5\n'
    )
    units = code_units(text, "toml")
    check_units(text, units)
    assert chain(text, units, "width = 12") == ["[[walls.gates]]", 'to = "ferry"', "width = 12"]
    assert chain(text, units, "width = 9") == ["[[walls.gates]]", 'to = "market"', "width = 9"]
    assert chain(text, units, '"Nora"') == ["[[boats]]", 'name = "Nora"']
    assert chain(text, units, "hours") == ["[[lamps]]", "hours = 5"]
