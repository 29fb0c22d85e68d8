"""How often a method is called: the type of the fixture `counted` (tests/ui/conftest.py)."""

from collections import Counter
from collections.abc import Callable

Counted = Callable[[type, str], Counter[str]]
