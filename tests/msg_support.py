"""Messages of Outlook made here: a compound file, stream by stream, as [MS-CFB] and [MS-OXMSG] say."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Union

Storage = dict[str, Union[bytes, "Storage"]]
_SECTOR, _MINI, _CUTOFF = 512, 64, 4096
_FREE, _END, _FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
_NONE = 0xFFFFFFFF


def make_msg(
    *, subject: str = "", sender: str = "", body: str = "", html: bytes = b"", to: Mapping[str, str] | None = None,
    attached: Mapping[str, bytes] | None = None, sent: int = 0, rich: bytes = b"",
) -> bytes:  # fmt: skip
    """A message; ``sent`` is the time in seconds since 1970, ``rich`` a body as compressed rich text."""
    files, people = dict(attached or {}), dict(to or {})
    root = _properties(
        {0x0037: subject, 0x0C1F: sender, 0x0C1A: sender.partition("@")[0], 0x1000: body}, html, sent, rich
    )
    root["__properties_version1.0"] = (
        struct.pack("<8x4I8x", len(people), len(files), len(people), len(files))
        + (
            root["__properties_version1.0"]  # type: ignore[operator]
        )
    )
    for number, (address, name) in enumerate(people.items()):
        storage = _properties({0x3001: name, 0x39FE: address})
        storage["__properties_version1.0"] = bytes(8) + storage["__properties_version1.0"]  # type: ignore[operator]
        root[f"__recip_version1.0_#{number:08X}"] = storage
    for number, (name, data) in enumerate(files.items()):
        storage = _properties({0x3707: name, 0x370E: "application/pdf"})
        storage["__substg1.0_37010102"] = data
        entries = storage["__properties_version1.0"] + _entry(0x3701, 0x0102, len(data))  # type: ignore[operator]
        storage["__properties_version1.0"] = bytes(8) + entries
        root[f"__attach_version1.0_#{number:08X}"] = storage
    return compound(root)


def _properties(texts: Mapping[int, str], html: bytes = b"", sent: int = 0, rich: bytes = b"") -> Storage:
    storage: Storage = {}
    entries = b""
    for tag, text in texts.items():
        if text:
            storage[f"__substg1.0_{tag:04X}001F"] = text.encode("utf-16-le")
            entries += _entry(tag, 0x001F, 2 * len(text) + 2)
    if html:
        storage["__substg1.0_10130102"] = html
        entries += _entry(0x1013, 0x0102, len(html)) + _entry(0x3FDE, 0x0003, 65001)
    if rich:
        storage["__substg1.0_10090102"] = rich
        entries += _entry(0x1009, 0x0102, len(rich))
    if sent:
        entries += _entry(0x0039, 0x0040, (sent + 11_644_473_600) * 10_000_000)
    storage["__properties_version1.0"] = entries
    return storage


def _entry(tag: int, kind: int, value: int) -> bytes:
    return struct.pack("<HHIQ", kind, tag, 6, value)


def compound(root: Storage) -> bytes:
    """A compound file of storages and streams."""
    entries: list[list[object]] = [["Root Entry", 5, _NONE, _NONE, b""]]
    _flatten(root, entries, 0)
    mini, minifat, big, fat = b"", [], b"", []
    places: list[tuple[int, int]] = []
    for _, kind, _, _, data in entries:
        assert isinstance(data, bytes)
        if kind != 2 or not data:
            places.append((_END, 0))
        elif len(data) < _CUTOFF:
            places.append((_chain(minifat, _count(data, _MINI)), len(data)))
            mini += _padded(data, _MINI)
        else:
            places.append((_chain(fat, _count(data, _SECTOR)), len(data)))
            big += _padded(data, _SECTOR)
    places[0] = (_chain(fat, _count(mini, _SECTOR)), len(mini)) if mini else (_END, 0)
    big += _padded(mini, _SECTOR)
    table = _padded(b"".join(struct.pack("<I", n) for n in minifat), _SECTOR, b"\xff")
    minifat_at = _chain(fat, _count(table, _SECTOR)) if minifat else _END
    directory = _padded(b"".join(_directory(e, p) for e, p in zip(entries, places, strict=True)), _SECTOR)
    directory_at = _chain(fat, _count(directory, _SECTOR))
    sectors = 1
    while (len(fat) + sectors) * 4 > sectors * _SECTOR:
        sectors += 1
    fat_at = len(fat)
    fat += [_FAT] * sectors
    packed = _padded(b"".join(struct.pack("<I", n) for n in fat), _SECTOR, b"\xff")
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH6x", 0x3E, 3, 0xFFFE, 9, 6)
    header += struct.pack("<IIIII", 0, sectors, directory_at, 0, _CUTOFF)
    header += struct.pack("<IIII", minifat_at, _count(table, _SECTOR) if minifat else 0, _END, 0)
    header += b"".join(struct.pack("<I", fat_at + i if i < sectors else _FREE) for i in range(109))
    return header + big + table + directory + packed


def _flatten(storage: Storage, entries: list[list[object]], parent: int) -> None:
    previous = -1
    for name in sorted(storage, key=lambda name: (len(name), name.upper())):
        inside, index = storage[name], len(entries)
        entries.append(
            [name, 2 if isinstance(inside, bytes) else 1, _NONE, _NONE, inside if isinstance(inside, bytes) else b""]
        )
        if previous < 0:
            entries[parent][3] = index
        else:
            entries[previous][2] = index
        previous = index
        if not isinstance(inside, bytes):
            _flatten(inside, entries, index)


def _directory(entry: list[object], place: tuple[int, int]) -> bytes:
    name, kind, right, child, _ = entry
    raw = str(name).encode("utf-16-le")
    fixed = struct.pack("<64sHBBIII", raw, len(raw) + 2, kind, 1, _NONE, right, child)
    return fixed + bytes(36) + struct.pack("<IQ", *place)


def _chain(table: list[int], count: int) -> int:
    first = len(table)
    table += [first + i + 1 for i in range(count - 1)] + [_END]
    return first


def _count(data: bytes, size: int) -> int:
    return -(-len(data) // size)


def _padded(data: bytes, size: int, filler: bytes = b"\0") -> bytes:
    return data + filler * (-len(data) % size)
