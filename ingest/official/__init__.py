"""Official texts from the Publications Office: sources.yaml -> cellar.py -> client.py -> fetch.py.

The protocol is that of Cellar, the Office's repository ("Cellar end-user manual", section "Retrieve
content streams"); docs/official-texts.md says what of it is used.
"""
