"""Bullets, numbers and letters of list items in a model's text."""

import re
from typing import Literal

BULLET = re.compile(r"\s*(?:[•▪◦‣●○■]\s*|[-*+–—]\s+)(?:\[[ xX]\]\s+)?")
NUMBERED = re.compile(r"\s*(?:\*\*)?(?:(\d{1,2})[.)]|\((\d{1,2})\))(?:\*\*)?\s+")
LETTERED = re.compile(r"\s*\(?(?:[a-z]|[ivx]{2,4})\)\s+")
_DATE = re.compile(r"\w+\.?\s+[12]\d{3}")  # behind a day: "1. Juli 2020" is no item


class ItemMarks:
    """Tells items from sentences, line by line: a number is an item's if it follows the last."""

    def __init__(self) -> None:
        self.form: Literal["sentence", "item"] = "sentence"  # of the line
        self._number = 0  # of the last numbered item

    def without(self, text: str, *, is_fresh: bool) -> str:
        """Strips the bullet or number of an item, and sets the form of the line."""
        numbered = NUMBERED.match(text)
        number = int(numbered[1] or numbered[2]) if numbered else 0
        begins = is_fresh and number == 1
        follows = number == self._number + 1 and (is_fresh or self.form == "item")
        is_item = numbered and (begins or follows)
        if numbered and is_item and (numbered[2] or not _DATE.match(text, numbered.end())):
            self.form, self._number = "item", number
            return text[numbered.end() :]
        mark = (BULLET.match(text) or LETTERED.match(text)) if is_fresh else None
        if is_fresh:
            self.form = "item" if mark else "sentence"
        return text[mark.end() :] if mark else text
