"""Documents of a test's own; the type of the fixtures `small` and `indexed` (tests/conftest.py)."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from core.settings import Settings

LIGHTHOUSES = """---
id: lighthouses
title: "Lighthouses of the northern coast"
reference: "REF(2021) 12"
date: 2021-05-01
language: en
area: coast
url: "https://example.org/lighthouses"
---

# Lighthouses of the northern coast

## Number and age

The northern coast has 31 lighthouses. The oldest lighthouse dates from 1790.

## Upkeep

The harbour authority maintains the lighthouses. It checks, every year:

- the lamps;
- the foghorns;
- the stairs.
"""
HARBOUR = """---
id: harbour
title: The harbour of Veldport
language: en
---

# The harbour of Veldport

The harbour of Veldport opened in 1954. It is run by the Harbour Board.

## Cranes

Since the renewal the quay has 31 cranes, of which 12 are electric. The oldest dates from 1961.

## Rules

The board has three aims:

- cleaner water in the basins;
- fewer accidents on the quays;
- shorter waiting times for barges.
"""
_TWO_SECTIONS = """---
id: {id}
title: "{title}"
date: 2020-07-24
language: en
area: {id}
---

# {title}

## First section

{first}

## Second section

The second section of this text speaks of bridges and tunnels.
"""

Small = Callable[[Mapping[str, str]], Settings]
"""Writes files (name -> text), in place of those before; returns settings for them."""


def reading(documents: Path) -> dict[str, str]:
    """The environment of an app whose maintainer puts files into this folder."""
    return {
        "STRATEGIEWIJZER_CORPUS_DIRS": json.dumps([str(documents)]),
        "STRATEGIEWIJZER_DOCUMENTS_DIR": str(documents),
    }


def document(name: str, first: str = "The first section speaks of ships.") -> str:
    """A document of two sections with this name; `first` is the text of the first."""
    return _TWO_SECTIONS.format(id=name, title=name.title(), first=first)
