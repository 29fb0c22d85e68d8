"""Documents in several languages in one index: each language is measured by itself."""

from tests.support.small import Small
from vectorstore.store import open_index

PARKING = """# Parkeren in de stad

## Vergunningen

Hoeveel vergunningen er zijn, staat in het register van de gemeente. De gemeente houdt bij hoeveel
openbare plaatsen er eind 2020 waren in de wijken, en welke daarvan vrij waren.

## Tarieven

Het college stelt vast hoeveel een vergunning kost. Wie er eind 2020 een had, betaalt niet opnieuw.

## Toezicht

Er waren eind 2020 in de openbare ruimte van de stad twee toezichthouders voor het parkeren.
"""
CHARGING = """# Rollout of alternative fuels infrastructure

## Where do we stand today?

By the end of 2020, there were over 226 000 publicly accessible recharging points for electric cars
across the Member States.

## Ports

Ships at berth need electricity from the shore.

## Data

Operators share the location of each station with drivers.
"""
QUESTION = "Hoeveel openbare laadpunten voor elektrische auto's waren er eind 2020?"


def test_a_passage_in_another_language_is_not_beaten_by_words_of_the_question_alone(
    indexed: Small,
) -> None:
    index = open_index(indexed({"parking.nl.md": PARKING, "charging.en.md": CHARGING}))
    first = index.snapshot().search(QUESTION, language="nl")[0].passage
    assert "226 000" in first.text
