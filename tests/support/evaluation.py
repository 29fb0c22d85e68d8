"""A run of an assistant whose every answer is written here, with its questions and passages."""

from core.answer import Answer, Citation, Turn
from core.source import DocumentInfo, Passage, Unit
from eval.assess import run
from eval.dataset import Question
from eval.labels import Outline
from eval.question_results import QuestionResult
from eval.results import Results, Summary
from tests.support.answers import retold
from tests.support.passages import answer_of, citation_of, passage_of
from tests.support.question_results import STAMP

DRUGS = DocumentInfo(id="drugs-agenda", language="en", title="Drugs")
MARKET = "The market is worth EUR 30 billion a year. Cannabis has 39% of it."
HOSTILE = "<script>alert('x')</script>"


def passage(text: str, heading: str, section: int, document: DocumentInfo = DRUGS) -> Passage:
    units = (Unit(start=0, end=len(text)),)
    name = f"{document.key}-{section}"
    return passage_of(document, text, heading, id=name, section=section, units=units)


def cite(number: int, source: Passage, quote: str, **given: object) -> Citation:
    return citation_of(source, quote, number, **given)


def answer(text: str, *citations: Citation, **given: object) -> Answer:
    return answer_of(text, *citations, **{"language": "en", "answered": True} | given)


REFUSED = {"answered": False, "reason": "nothing found", "missing": ("2035",), "confidence": 0.1}
REFUSAL = answer("The sources do not say.", **REFUSED)

SIZE = passage(MARKET, "Size of the drug market", 3)
SIZE_NL = SIZE.model_copy(
    update={
        "id": "nl",
        "document": DRUGS.model_copy(update={"language": "nl"}),
        "headings": ("Drugs", "Omvang van de drugsmarkt"),
    }
)
OTHER = passage("Nothing of use.", "In brief", 0)
TWO = SIZE.model_copy(
    update={"units": (Unit(start=0, end=42), Unit(start=43, end=len(MARKET)))}
)  # a unit a sentence
OUTLINE = Outline.of([SIZE, SIZE_NL, OTHER])


def question(name: str, **values: object) -> Question:
    given = {"id": name, "question": name, "language": "en", "answerable": True, "kind": "number"}
    return Question.model_validate(given | {"facts": [["30 miljard", "30 billion"]]} | values)


NOTHING = {"answerable": False, "kind": "unanswerable", "facts": []}
QUESTIONS = (
    question(
        "right",
        documents=["drugs-agenda"],
        sections=["Size of the drug market", "Omvang van de drugsmarkt"],
        history=[{"question": "earlier", "answer_text": "text"}],
    ),
    question(
        "wrong quote",
        language="nl",
        facts=[["30 billion"], ["40%"]],
        documents=["drugs-agenda", "firearms-plan"],
        sections=["Size of the drug market"],
    ),
    question("wrong refusal", sections=["Size of the drug market"], documents=["firearms-plan"]),
    question("right refusal", **NOTHING),
    question(HOSTILE, **NOTHING),
)

FIRST_SENTENCE = "The market is worth EUR 30 billion a year."
ANSWERS = {
    "right": answer(
        f"{FIRST_SENTENCE} [1]", cite(1, SIZE, FIRST_SENTENCE), passages=(OTHER, SIZE, SIZE_NL)
    ),
    "wrong quote": answer(
        "The market is worth 30 billion [1]. Cannabis has 93% of it [1].",
        cite(1, SIZE, "The market is worth 30 billion.", start=0),
        cite(2, SIZE, "Cannabis has 39% of it."),
        passages=(SIZE,),
    ),
    "wrong refusal": retold(
        REFUSAL, text="The sources do not say. Nearest: 30 billion.", passages=(SIZE,)
    ),
    "right refusal": REFUSAL,
    HOSTILE: answer(f"Yes {HOSTILE}", passages=(OTHER,)),
}


class Scripted:
    """An assistant that knows its answers by heart and remembers what it was asked."""

    def __init__(self, always: Answer | None = None) -> None:
        self.asked: list[tuple[str, tuple[Turn, ...]]] = []
        self._always = always

    def ask(self, question: str, history: tuple[Turn, ...] = ()) -> Answer:
        self.asked.append((question, history))
        return self._always or ANSWERS[question]


def ran(questions: tuple[Question, ...] = QUESTIONS) -> Results:
    return run(questions, Scripted(), OUTLINE, stamp=STAMP)


def values(summary: Summary, group: str) -> dict[str, float | None]:
    """The figures of a group, by name."""
    return {
        name.removeprefix(f"{group}."): figure.value
        for name, figure in summary.figures.items()
        if name.startswith(f"{group}.")
    }


def by_id(results: Results, name: str) -> QuestionResult:
    return next(result for result in results.questions if result.id == name)
