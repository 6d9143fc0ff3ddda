"""What twins are called and what their values look like."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import TypeVar

from ctxpipe.evals.types import Twin

MOST = 10
"""Most names of the outer level in an item, and fewest is half as many."""

T = TypeVar("T")

TOWNS = (
    "Lisbon;Porto;Faro;Cadiz;Vigo;Bilbao;Lagos;Aveiro;Tavira;Huelva;Gijon;Santander;Ostend;Bergen;Aarhus;Kiel;Gdansk;"
    "Riga;Turku;Malmo;Saint Malo;La Rochelle;Port Vendres;San Remo"
).split(";")
PEOPLE = (
    "Priya Nair;Dana Okafor;Sam Lund;Ilse Brandt;Tomas Reyes;Wen Zhao;Nora Quist;Peter Amsel;Lucia Ferri;Jonas Beck;"
    "Amal Haddad;Ewa Nowak;Rafael Pinto;Greta Holm"
).split(";")
FIRMS = (
    "Orrin Ltd;Halden & Sons;Marwick GmbH;Tessaly Foods;Brunel Works;Kestrel Marine;Pellworm AG;Castor Lines;"
    "Dunlin Energy;Ostra Paper;Vega Timber;Sable Optics"
).split(";")
SERVICES = (
    "api web mailer worker billing search gateway scheduler ingest reporter thumbnailer notifier archiver indexer"
).split()
SENSORS = "boiler chiller furnace turbine compressor separator evaporator condenser crusher extruder".split()
VESSELS = "Ferry Barge Tug Trawler Cutter Ketch Sloop Yawl Dredger Icebreaker Lugger Schooner".split()
BIRDS = "Gull Heron Petrel Curlew Plover Teal Dunlin Osprey Merlin Avocet Bittern Lapwing".split()
OWNERS = "Moss Lind Okoro Vance Tiber Hale Reuter Salo Dietz Marsh".split()
SEASONS = (("Summer", " in summer"), ("Winter", " in winter"))


def count(draw: random.Random) -> str:
    """A number of three digits."""
    return str(draw.randrange(112, 990))


def clock(draw: random.Random) -> str:
    """A time of day that no schedule of round hours has."""
    return f"{draw.randrange(6, 23):02}:{draw.choice([7, 12, 18, 23, 34, 38, 41, 47, 52, 56]):02}"


def code(draw: random.Random) -> str:
    """Two letters and a number."""
    return f"{draw.choice('BDFGHJKLMNPQRT')}{draw.choice('VWXZ')}-{draw.randrange(112, 990)}"


def share(draw: random.Random) -> str:
    """A percentage with one decimal, above all numbers of clauses."""
    return f"{draw.randrange(11, 48)}.{draw.randrange(1, 10)}"


def distinct(make: Callable[[random.Random], T], size: int, draw: random.Random) -> list[T]:
    """Different values, as many as asked for."""
    drawn: dict[T, None] = {}
    while len(drawn) < size:
        drawn[make(draw)] = None
    return list(drawn)


def names_of(pool: Sequence[str], draw: random.Random) -> list[str]:
    """Half of ``MOST`` to ``MOST`` names in any order."""
    return draw.sample(pool, min(len(pool), draw.randint(MOST // 2, MOST)))


def twins_of(
    names: Sequence[tuple[str, ...]], value: Callable[[random.Random], str], draw: random.Random
) -> tuple[Twin, ...]:
    """One twin for each, with a value of its own."""
    values = distinct(value, len(names), draw)
    return tuple(Twin(names=name, value=one) for name, one in zip(names, values, strict=True))
