"""Files with prepared questions that cannot be taken as they are: what is told, and of which line.

Each stands beside a document whose only sentence is `SENTENCE`.
"""

from typing import NamedTuple

SENTENCE = "The port has three cranes."


class HostileFile(NamedTuple):
    """A file, the line that is named (None: the file as a whole), and a part of what is told."""

    content: str | bytes
    line: int | None
    told: str


def _asking(*questions: str) -> str:
    """A file of which line 4 has these questions, as YAML."""
    return f"answers:\n- units: [The port]\n  questions:\n    en: [{', '.join(questions)}]\n"


def _laughs(levels: int, end: str = "\n") -> str:
    """Lists of two of the level before: written out, 2 to the power of the levels."""
    lists = (f"l{n}: &l{n} [*l{n - 1}, *l{n - 1}]{end}" for n in range(1, levels))
    return f"l0: &l0 [ha, ha]{end}" + "".join(lists)


_ANSWER = "answers:\n- units: [The port]\n  questions: {en: [A?]}\n"
_LONG = "x" * 1001
_TOO = "the question is in line 4 too"
_TWICE = "the question is there twice in this line, or an alias (*) repeats it"

HOSTILE: dict[str, HostileFile] = {
    # one question twice: what the index would keep under one id
    "twin-line": HostileFile(_asking('"A?"', '"A?"'), 4, f"{_TWICE}: 'A?'"),
    "twin-next-line": HostileFile(_asking("A?") + "    nl: [A?]\n    de:\n    - B?\n    - b?\n", 8,
                                  "the question is in line 7 too: 'b?'"),
    "twin-answers": HostileFile(_asking("A?") + "- units: []\n  questions: {en: [a?]}\n", 6, _TOO),
    "twin-alias": HostileFile(_asking("&a A?", "*a"), 4, _TWICE),
    "twin-alias-below": HostileFile(_asking("&a A?") + "- units: []\n  questions: {en: [*a]}\n", 4,
                                    _TWICE),
    "twin-capitals": HostileFile(_asking("straße?", "STRASSE?"), 4, _TWICE),
    "twin-apostrophes": HostileFile(_asking('"who\'s it?"', '"who’s it?"'), 4, _TWICE),
    "twin-forms": HostileFile(_asking('"caf\\u00e9?"', '"cafe\\u0301?"'), 4, _TWICE),
    "twin-figures": HostileFile(_asking('"725 000 of them?"', '"725.000 of them?"'), 4, _TWICE),
    "twin-unseen": HostileFile(_asking('"cranes?"', '"cra\\u200bnes\\u202e?\\0"'), 4, _TWICE),
    # YAML that does harm, or is none
    "laughs": HostileFile(_laughs(12) + _ANSWER, 1, "unknown field 'l0'"),
    "laughs-name": HostileFile(f"by: x\n? {{{_laughs(12, ', ')}a: b}}\n: x\n", 2,
                               "a name of the file is not text"),
    "laughs-question": HostileFile("by: &a x\n" + _asking("[*a, *a]"), 5, "a question is not text"),
    "units-of-aliases": HostileFile("answers:\n- units: [&a The port" + ", *a" * 40
                                    + "]\n  questions: {en: [A?]}\n", 2, "more than 40 units"),
    "itself": HostileFile("answers: &a\n- *a\n", 1, "an answer is not a list of fields"),
    "itself-name": HostileFile("&a {*a : 1}\n", 1, "a name of the file is not text"),
    "lists": HostileFile("answers: " + "[" * 100_000, 1, "is not valid YAML"),
    "mappings": HostileFile("answers: " + "{a: " * 100_000, 1, "is not valid YAML"),
    "dashes": HostileFile("- " * 100_000, 1, "is not valid YAML"),
    "no-anchor": HostileFile(_asking("*nowhere"), 4, "is not valid YAML (found undefined alias)"),
    "half-letter": HostileFile(_asking('"\\ud800?"'), 4, "is not valid YAML"),
    "two-files": HostileFile(f"{_ANSWER}---\n{_ANSWER}", 4, "is not valid YAML"),
    "tab": HostileFile("answers:\n\t- units: []\n", 2, "is not valid YAML"),
    "no-text": HostileFile(bytes(range(256)) * 4, None, "is not text, or in an unknown encoding"),
    "large": HostileFile(b"#" * 20_000_001, 1, "is larger than 20,000,000 bytes"),
    # fields of the wrong kind
    "text": HostileFile("What are the blocks?\n", 1, "the file is not a list of fields"),
    "answers-text": HostileFile("answers: none\n", 1, "answers is not a list"),
    "answer-text": HostileFile("answers:\n- A?\n", 2, "an answer is not a list of fields"),
    "by-list": HostileFile("by: [me]\nanswers: []\n", 1, "by is not text"),
    "units-text": HostileFile("answers:\n- units: The port\n  questions: {en: [A?]}\n", 2,
                              "units is not a list"),
    "units-none": HostileFile("answers:\n- units:\n  questions: {en: [A?]}\n", 2,
                              "an answer without units"),
    "unit-mapping": HostileFile("answers:\n- units:\n  - The: port\n  questions: {en: [A?]}\n", 3,
                                "the words of a unit is not text"),
    "unit-long": HostileFile("answers:\n- units: [" + 10 * _LONG + "]\n", 2, "without questions"),
    "unit-longer": HostileFile(_ANSWER.replace("The port", 10 * _LONG), 2,
                               "is longer than 10,000 characters"),
    "questions-list": HostileFile("answers:\n- units: []\n  questions: [A?]\n", 3,
                                  "questions is not a list of fields"),
    "questions-none": HostileFile(_asking(), 4, "an answer without questions"),
    "language": HostileFile(_asking("A?").replace("en:", "english:"), 4,
                            "'english' is not an official language of the EU"),
    "language-list": HostileFile("answers:\n- units: []\n  questions: {[en]: [A?]}\n", 3,
                                 "a name of questions is not text"),
    "question-none": HostileFile(_asking("A?", "null"), 4, "a question is not text"),
    "question-unseen": HostileFile(_asking("A?", '"\\u200b\\0 "'), 4, "a question is not text"),
    "question-colon": HostileFile("answers:\n- units: []\n  questions:\n    en:\n    - A: b?\n", 5,
                                  "a question is not text"),
    "question-long": HostileFile(_asking(_LONG), 4, "is longer than 1,000 characters"),
    "approved-yes": HostileFile(_ANSWER + "  approved: yes\n", 4,
                                "an approval is not a list of fields"),
    "approved-number": HostileFile(_ANSWER + "  approved: {by: me, on: 7}\n", 4, "not a date"),
    "approved-field": HostileFile(_ANSWER + "  approved: {by: me, at: x}\n", 4,
                                  "unknown field 'at'"),
    "approved-day": HostileFile(_ANSWER + "  approved: {by: me, organisation: us}\n", 4,
                                "an approval without on"),
    "approved-nothing": HostileFile(_asking("A?").replace("The port", "")
                                    + "  approved: {by: me, organisation: us, on: 2026-11-29}\n",
                                    5, "approved, but there are no units"),
    # names
    "unknown": HostileFile(_ANSWER + "  note: x\n", 4, "unknown field 'note'"),
    "unknown-long": HostileFile(f"? {'x' * 100_000}\n: y\n", 1, "unknown field 'xxx"),
    "merged": HostileFile("by: x\n<<: {answers: []}\n", 2, "unknown field '<<'"),
    "twice": HostileFile(_asking("A?") + "    en: [B?]\n", 5, "'en' is given twice"),
    "twice-answers": HostileFile(_ANSWER + _ANSWER, 4, "'answers' is given twice"),
}  # fmt: skip

TAKEN: dict[str, tuple[str | bytes, tuple[str, ...], int]] = {
    "empty": ("", (), 0),
    "comment": ("# nothing yet\n", (), 0),
    "no-answers": ("by: me\nanswers:\n", (), 0),
    "typed": (_asking("2019", "1.5", "yes", "2026-11-29"), ("2019", "1.5", "yes", "2026-11-29"), 0),
    "stale": (_asking("A?").replace("The port", "A ship")
              + "- units: []\n  questions: {en: [B?]}\n", ("B?",), 1),
    "old-encoding": (_asking("café?").encode("latin-1"), ("café?",), 0),
    "unseen": (_asking('"cra\\u200bnes\\0?"'), ("cranes?",), 0),
    "languages": (_asking("A?") + "    nl: [A?]\n", ("A?", "A?"), 0),
}  # fmt: skip
"""Files that are unusual and taken: the questions that are published, and how many are stale."""


def document_of(name: str) -> str:
    """The document of this name."""
    return f"---\nid: {name}\nlanguage: en\ntitle: {name}\n---\n\n{SENTENCE}\n"
