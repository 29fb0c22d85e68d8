"""What a browser makes of HTML, and a text that tries to be more than text."""

from html.parser import HTMLParser

HOSTILE = (
    "<script>alert(1)</script> ![x](http://evil/x.png) [link](javascript:alert(1)) $x^2$ "
    ":red[hi] :material/home: :smile: # heading **bold** <img src=x onerror=alert(1)> &lt; "
    "`code` ~~x~~ https://evil.example \" ' | a | b |"
)


class Shown(HTMLParser):
    """What a browser makes of HTML: its text, its elements, the text of each <mark> and link."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.text, self.open = "", list[str]()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.marks: list[str] = []
        self.links: list[str] = []
        self.passage = ""
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in ("meta", "br", "col", "input"):  # they have no end
            self.open.append(tag)
        if tag == "mark":
            self.marks.append("")
        if tag == "a":
            self.links.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data
        if "mark" in self.open:
            self.marks[-1] += data
        if "a" in self.open:
            self.links[-1] += data
        if "blockquote" in self.open and not {"sup", "button"} & {*self.open}:
            self.passage += data

    def attributes(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]
