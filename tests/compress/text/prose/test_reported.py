"""What programs print: Ansible, Jest, debuggers, traces of Go, plans of Terraform."""

from __future__ import annotations

import pytest
from units_support import check_units

from ctxpipe.compress.text.outline import outline
from ctxpipe.compress.types import Document


def chains(text: str) -> dict[str, list[str]]:
    """What each unit stands under, nearest first, without indentation."""
    made = outline(Document(text=text, source="x.log"))
    units = made.units(0, len(text))
    check_units(text, units)
    return {text[u.start : u.end].strip(): [text[slice(*a[:2])].strip() for a in made.chain(u)] for u in units}


STARS = "*" * 20


def test_tasks_of_ansible_head_their_results() -> None:
    made = chains(
        f"PLAY [Moor the boats] {STARS}\n\nTASK [Ring] {STARS}\nok: [north]\nchanged: [south]\n\n"
        f"TASK [ropes : Tie] {STARS}\nok: [north]\nfatal: [south]: FAILED! => {{}}\n\n"
        f"PLAY RECAP {STARS}\nnorth        : ok=2    changed=0    failed=0\n"
        "south        : ok=1    changed=1    failed=1\n"
    )
    assert made["changed: [south]"] == [f"TASK [Ring] {STARS}", f"PLAY [Moor the boats] {STARS}"]
    assert made["fatal: [south]: FAILED! => {}"][0] == f"TASK [ropes : Tie] {STARS}"
    assert made["south        : ok=1    changed=1    failed=1"] == [f"PLAY RECAP {STARS}"]


@pytest.mark.parametrize("line", [f"TASK FORCE {STARS}", "TASK [Ring] follows", f"Task [Ring] {STARS}"])
def test_other_lines_are_no_tasks(line: str) -> None:
    text = f"{line}\nok: [north]\nok: [south]\n\n{line}\nok: [east]\nok: [west]\n"
    units = outline(Document(text=text, source="x.log")).units(0, len(text))
    assert not [u for u in units if u.kind == "heading"]


def test_files_and_tests_of_jest_head_what_was_found() -> None:
    made = chains(
        " FAIL  src/rope.test.ts (8.4 s)\n  Rope\n    ✓ holds (12 ms)\n    ✕ floats (5 ms)\n\n"
        "  ● Rope › floats\n\n    It sank.\n\n PASS  src/net.test.ts\n  Net\n    ✓ catches fish (1 ms)\n"
    )
    assert made["✕ floats (5 ms)"] == ["Rope", "FAIL  src/rope.test.ts (8.4 s)"]
    assert made["It sank."] == ["● Rope › floats", "FAIL  src/rope.test.ts (8.4 s)"]
    assert made["✓ catches fish (1 ms)"] == ["Net", "PASS  src/net.test.ts"]


def test_a_command_of_a_debugger_heads_what_it_prints() -> None:
    made = chains(
        "(gdb) bt\n#0  0x55d0 in moor (n=0x0) at quay.c:74\n#1  0x55e0 in main () at main.c:33\n"
        "(gdb) info threads\n  1    Thread 0x7f1c (LWP 41) in wait ()\n(gdb) p n\n$1 = 41\n"
    )
    assert made["#1  0x55e0 in main () at main.c:33"] == ["(gdb) bt"]
    assert made["$1 = 41"] == ["(gdb) p n"]


def test_calls_of_go_stand_under_their_goroutine_with_their_files() -> None:
    made = chains(
        "panic: no rope\n\ngoroutine 1 gp=0xc0 m=0 [running]:\nmain.moor(...)\n\t/src/quay.go:12\n"
        "main.main()\n\t/src/main.go:20 +0x1d\n\ngoroutine 7 [select]:\nmain.wait(0xc0)\n\t/src/wait.go:3 +0x3\n"
        "exit status 2\n"
    )
    assert made["main.main()\n\t/src/main.go:20 +0x1d"] == ["goroutine 1 gp=0xc0 m=0 [running]:"]
    assert made["main.wait(0xc0)\n\t/src/wait.go:3 +0x3"] == ["goroutine 7 [select]:"]
    assert made["exit status 2"] == []


PLAN = """Terraform made a plan of this.

  # quay_rope.north must be replaced
  # (because quay_rope.north is worn)
-/+ resource "quay_rope" "north" {
      ~ length = 40 -> 41
        colour = "red"

      + knot {
          + kind = "bowline"
        }
    }

  # quay_rope.south will be destroyed
  - resource "quay_rope" "south" {
      - length = 30 -> null
    }

Plan: 1 to add, 2 to destroy.
"""


def test_a_resource_of_a_plan_stands_under_what_is_said_of_it() -> None:
    made = chains(PLAN)
    north = [
        '-/+ resource "quay_rope" "north" {',
        "# quay_rope.north must be replaced\n  # (because quay_rope.north is worn)",
    ]
    assert made['colour = "red"'] == made["~ length = 40 -> 41"] == north
    (knot,) = [chain for unit, chain in made.items() if unit.startswith('+ kind = "bowline"')]
    assert knot == ["+ knot {", *north]
    (south,) = [chain for unit, chain in made.items() if unit.startswith("- length")]
    assert south == ['- resource "quay_rope" "south" {', "# quay_rope.south will be destroyed"]
    assert made["Plan: 1 to add, 2 to destroy."] == []


def test_a_comment_above_something_else_is_no_plan() -> None:
    text = "  # the rope will be replaced\n  rope = red\n    }\n\nAll is well.\n"
    units = outline(Document(text=text, source="x.log")).units(0, len(text))
    assert not [u for u in units if u.title.startswith("the rope")]
