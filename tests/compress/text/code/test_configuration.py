"""Configuration: the same twins in each format, and what each value stands under."""

from __future__ import annotations

import pytest
from units_support import chain, check_units, trail

from ctxpipe.compress.text.code import code_units

TWINS = {
    "toml": (
        "[services]\n\n[services.mailer]\nmemory = 640\n\n[services.worker]\nmemory = 120\n",
        ["[services]", "[services.mailer]", "memory = 640"],
        ["services", "services.mailer"],
    ),
    "ini": ("[mailer]\nmemory = 640\n[worker]\nmemory = 120\n", ["[mailer]", "memory = 640"], ["mailer"]),
    "yaml": (
        "services:\n  mailer:\n    memory: 640\n  worker:\n    memory: 120\n",
        ["services:", "mailer:", "memory: 640"],
        ["services", "mailer"],
    ),
    "xml": (
        '<services>\n  <service name="mailer">\n    <memory>640</memory>\n  </service>\n'
        '  <service name="worker">\n    <memory>120</memory>\n  </service>\n</services>\n',
        ["<services>", '<service name="mailer">', "<memory>640</memory>"],
        ["services", "service mailer"],
    ),
    "hcl": (
        'service "mailer" {\n  memory = 640\n}\nservice "worker" {\n  memory = 120\n}\n',
        ['service "mailer" {', "memory = 640"],
        ['service "mailer"'],
    ),
    "conf": (
        "services {\n  mailer {\n    memory 640;\n  }\n  worker {\n    memory 120;\n  }\n}\n",
        ["services {", "mailer {", "memory 640;"],
        ["services", "mailer"],
    ),
}


@pytest.mark.parametrize("language", TWINS)
def test_twins(language: str) -> None:
    text, above, titles = TWINS[language]
    units = code_units(text, language)
    check_units(text, units)
    assert chain(text, units, "640") == above
    assert trail(text, units, "640") == titles
    other = [line.replace("mailer", "worker").replace("640", "120") for line in above]
    assert chain(text, units, "120") == other


def test_members_of_an_item_stand_under_its_first_line() -> None:
    text = "ships:\n- name: Heron\n  speed: 12\n  deck:\n    cars: 30\n- name: Ibis\n  speed: 9\n"
    units = code_units(text, "yaml")
    assert chain(text, units, "speed: 9") == ["ships:", "- name: Ibis", "speed: 9"]
    assert chain(text, units, "cars: 30") == ["ships:", "- name: Heron", "deck:", "cars: 30"]
    assert trail(text, units, "cars: 30") == ["ships", "name: Heron", "deck"]


def test_documents_of_a_stream_are_told_apart() -> None:
    text = "kind: A\nsize: 1\n---\nkind: B\nsize: 2\n"
    assert chain(text, code_units(text, "yaml"), "size: 2") == ["---", "size: 2"]


def test_block_scalars_anchors_and_flow_style_stay_whole() -> None:
    text = "a: &x |\n  one\n\n  two\nb: {c: 1,\n  d: 2}\ne: *x\n"
    units = code_units(text, "yaml")
    assert [text[u.start : u.end] for u in units] == ["a: &x |\n  one\n\n  two", "b: {c: 1,\n  d: 2}", "e: *x"]


def test_a_template_that_is_no_yaml_is_still_a_tree() -> None:
    text = (
        "{{- if .Values.on }}\nservices:\n{{- range .Values.all }}\n  {{ .name }}:\n    memory: {{ .memory }}\n"
        "    ports:\n    - 1\n    - 2\n{{- end }}\n{{- end }}\n"
    )
    units = code_units(text, "yaml")
    check_units(text, units)
    assert chain(text, units, "memory:")[-2:] == ["{{ .name }}:", "memory: {{ .memory }}"]
    assert chain(text, units, "- 2")[-2:] == ["ports:", "- 2"]


def test_tables_of_an_array_are_told_apart_by_their_names() -> None:
    text = '[[ships]]\nname = "Heron"\nspeed = 12\n[ships.deck]\ncars = 30\n[[ships]]\nname = "Ibis"\nspeed = 9\n'
    units = code_units(text, "toml")
    assert chain(text, units, "speed = 9") == ["[[ships]]", 'name = "Ibis"', "speed = 9"]
    assert chain(text, units, "cars") == ["[[ships]]", 'name = "Heron"', "[ships.deck]", "cars = 30"]


def test_values_over_several_lines() -> None:
    text = 'a = [\n  1, # ]\n  [2],\n]\nb = """\n[no.section]\nx = 1\n"""\nc = 1\n'
    assert len(code_units(text, "toml")) == 3
    text = "[a]\nlong =\n    one\n    two\nb: 1\n"
    assert [text[u.start : u.end] for u in code_units(text, "ini")] == ["[a]", "long =\n    one\n    two", "b: 1"]


def test_a_comment_above_a_section_stands_where_the_section_stands() -> None:
    text = "[a]\nx = 1\n\n# about b\n[b]\ny = 2\n# about z\nz = 3\n"
    units = code_units(text, "toml")
    assert chain(text, units, "# about b") == ["# about b"]
    assert chain(text, units, "# about z") == ["[b]", "# about z"]


def test_xml_on_one_line() -> None:
    one = "<service><name>{}</name><memory>{}</memory></service>"
    text = f"<s>{one.format('mailer', 640)}{one.format('b', 1)}</s>"
    units = code_units(text, "xml")
    check_units(text, units)
    assert chain(text, units, "640") == ["<s>", "<service>", "<name>mailer</name>", "<memory>640</memory>"]
    assert chain(text, units, "<memory>1<") == ["<s>", "<service>", "<name>b</name>", "<memory>1</memory>"]


def test_entities_stay_and_sentences_hold_their_tags() -> None:
    prose = " ".join(f"The &heron; sails at <b>{i}</b> knots from Skellig." for i in range(40))
    text = f'<!DOCTYPE a [<!ENTITY heron SYSTEM "file:///etc/passwd">]>\n<a><p>{prose}</p><!-- c --><q/></a>'
    units = code_units(text, "xml")
    check_units(text, units)
    assert chain(text, units, "<b>17</b>") == ["<a>", "<p>", "The &heron; sails at <b>17</b> knots from Skellig."]
    assert {u.kind for u in units} == {"line", "tag", "sentence"}


def test_a_key_of_a_property_list_names_its_value() -> None:
    text = "<dict><key>memory</key><string>640</string><key>speed</key><string>12</string></dict>"
    assert chain(text, code_units(text, "xml"), ">12<") == ["<dict>", "<key>speed</key>", "<string>12</string>"]


def test_xml_that_is_not_well_formed() -> None:
    text = "<a><b>1<c>2</a></x>tail < & <d e='>"
    check_units(text, code_units(text, "xml"))


def test_scripts_of_a_template_are_code() -> None:
    text = "<template>\n  <p>a</p><br>\n</template>\n<script>\nfunction f() {\n  return 1 < 2;\n}\n</script>\n"
    units = code_units(text, "html")
    check_units(text, units)
    assert chain(text, units, "return") == ["<script>", "function f() {", "return 1 < 2;"]


def test_templates_in_yaml_leave_its_documents_and_names() -> None:
    text = "".join(
        f"{{{{- if .Values.{name}.on }}}}\n---\nkind: Quota\nmetadata:\n  name: {name}\nspec:\n"
        f"  boats: {{{{ .Values.{name}.boats }}}}\n  docks: {docks}\n{{{{- end }}}}\n"
        for name, docks in (("faro", 3), ("lagos", 4))
    )
    units = code_units(text, "yaml")
    check_units(text, units)
    above = chain(text, units, "docks: 4")
    assert "name: lagos" in above
    assert "name: faro" not in above


def test_what_is_in_a_condition_of_a_template_stands_under_it() -> None:
    text = (
        "spec:\n  piers: 2\n  {{- if .Values.wet }}\n  boats: 4\n  {{- if .Values.deep }}\n  ships: 5\n"
        "  {{- end }}\n  {{- else }}\n  carts: 6\n  {{- end }}\n  gates: 7\n{{- end }}\n"
    )
    units = code_units(text, "yaml")
    check_units(text, units)
    assert chain(text, units, "ships: 5")[:-1] == ["spec:", "{{- if .Values.wet }}", "{{- if .Values.deep }}"]
    assert chain(text, units, "carts: 6")[:-1] == ["spec:", "{{- if .Values.wet }}", "{{- else }}"]
    assert chain(text, units, "gates: 7")[:-1] == chain(text, units, "piers: 2")[:-1] == ["spec:"]
