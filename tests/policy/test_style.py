"""The pages have four sizes of text and one unit of space."""

import re

from ui.scripts import STATIC


def test_sizes_and_spaces_are_those_of_the_scale() -> None:
    style = (STATIC / "style.css").read_text("utf-8")
    scale = re.findall(r"^  --sw-(\w+): [\d.]+rem;$", style, re.MULTILINE)
    assert scale == ["small", "text", "large", "title", "unit"]
    sizes = {*re.findall(r"font-size: ([^;]+);", style)} - {"inherit", "0"}  # 0: only copied
    assert sizes <= {f"var(--sw-{name})" for name in scale}
    spaces = re.findall(r"(?<!scroll-)\b(?:margin|padding|gap)[a-z-]*: ([^;]+);", style)
    assert [one for one in spaces if re.search(r"\d(?:rem|px)", one)] == []
