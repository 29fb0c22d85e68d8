"""Official texts from the Publications Office of the European Union.

    sources.yaml -> cellar.py -> client.py -> fetch.py
    which texts     where        HTTP         is it the text? into documents/official/

Begin with `fetch.py`. The protocol is that of Cellar, the Office's repository ("Cellar end-user
manual", section "Retrieve content streams"); docs/official-texts.md says what of it is used.
"""
