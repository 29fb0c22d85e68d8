"""Public question sets: each format by hand, then both tasks through a real index."""

import json
import math
from pathlib import Path

import pytest

from core.errors import QuestionSetError
from core.settings import Settings
from research.public import load
from research.public.__main__ import main
from research.public.index import as_line, build_index, document_of, marked, span_of
from research.public.shapes import PublicDocument, PublicQuestion, PublicSet, halves
from research.public.tasks import (
    graded_ndcg,
    rank_documents,
    retrieval,
    retrieval_figures,
    right_units,
    sentence_finding,
)
from vectorstore.store import Index

PARIS = "Paris is the capital of France. The Louvre is its most visited museum."
WHALES = "Whales are mammals. The blue whale weighs up to 150 tonnes. It eats krill."
BREAD = "Bread rises because of yeast. Sourdough uses wild yeast instead."
MOON = "The Moon orbits the Earth in 27 days. Apollo 11 landed on it in 1969."
QUESTIONS = {
    PARIS: ("Which museum in Paris is visited most?", "The Louvre"),
    WHALES: ("How heavy is a blue whale?", "150 tonnes"),
    BREAD: ("What makes bread rise?", "yeast"),
    MOON: ("When did Apollo 11 land on the Moon?", "1969"),
}
GERMAN = (
    "Welches Museum in Paris wird am meisten besucht?",
    "Wie schwer ist ein Blauwal?",
    "Wodurch geht Brot auf?",
    "Wann landete Apollo 11 auf dem Mond?",
)


def squad(*articles: list[str], questions: tuple[str, ...] = ()) -> str:
    """The JSON of a set: every article a list of paragraphs of `QUESTIONS`, ids q0, q1, ..."""
    data, number = [], 0
    for article in articles:
        paragraphs = []
        for context in article:
            question, answer = QUESTIONS[context]
            asked = {
                "id": f"q{number}",
                "question": questions[number] if questions else question,
                "answers": [{"text": answer, "answer_start": context.index(answer)}],
            }
            paragraphs.append({"context": context, "qas": [asked]})
            number += 1
        data.append({"title": "A_telling_title", "paragraphs": paragraphs})
    return json.dumps({"version": "1.1", "data": data})


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def beir(folder: Path, corpus: str, queries: str, judgements: str) -> Path:
    write(folder / "corpus.jsonl", corpus)
    write(folder / "queries.jsonl", queries)
    write(folder / "qrels" / "test.tsv", judgements)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the same small set in English and in German questions."""
    made = tmp_path_factory.mktemp("xquad")
    write(made / "xquad.en.json", squad([PARIS, WHALES], [BREAD, MOON]))
    write(made / "xquad.de.json", squad([PARIS, WHALES], [BREAD, MOON], questions=GERMAN))
    return made


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory, _no_settings_from_outside: None) -> Settings:
    return Settings(data_dir=tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def public(folder: Path) -> PublicSet:
    return load("xquad", folder / "xquad.en.json")


@pytest.fixture(scope="module")
def index(public: PublicSet, settings: Settings) -> Index:
    return build_index(public, settings)


# The story


def test_paragraphs_and_sentences_are_found(public: PublicSet, index: Index) -> None:
    found = retrieval(public, index)
    assert found.rankings["q1"][0] == "paragraph-2"
    assert found.figures["hit@1"].value == 1
    assert found.figures["hit@1"].interval == pytest.approx((0.51, 1), abs=0.001)
    assert "recall@10" not in found.figures  # one relevant paragraph each: hits say it
    assert found.latency_ms["p50"] is not None

    sentences = sentence_finding(public, index, passages=6)
    assert set(sentences.ranks) == {"q0", "q1", "q2", "q3"}
    assert sentences.figures["sentence@3"].value == 1


def test_a_second_index_of_the_same_set_embeds_nothing_and_needs_no_server(
    public: PublicSet, settings: Settings, index: Index
) -> None:
    assert [info.title for info in index.documents()] == [f"Paragraph {n}" for n in (1, 2, 3, 4)]
    calls: list[tuple[int, int]] = []
    elsewhere = settings.model_copy(update={"chroma_url": "http://127.0.0.1:9"})
    for one in (settings, elsewhere):
        again = build_index(public, one, lambda done, total: calls.append((done, total)))
        assert calls == []
        assert again.generation == index.generation
    even, odd = halves(public)  # which share no article
    assert [question.id for question in even.questions] == ["q0", "q1"]
    assert [question.id for question in odd.questions] == ["q2", "q3"]
    assert even.documents == odd.documents == public.documents


def test_the_command_prints_and_writes_the_figures(
    folder: Path,
    settings: Settings,
    index: Index,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("STRATEGIEWIJZER_DATA_DIR", str(settings.data_dir))
    out = tmp_path / "new" / "run.json"
    path = str(folder / "xquad.en.json")
    assert main(["--format", "xquad", path, "--half", "odd", "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "hit@1" in printed
    assert "1.000 (0.342–1.000)" in printed
    (run,) = json.loads(out.read_text("utf-8"))["runs"]
    assert (run["n"], run["documents"], run["half"]) == (2, 4, "odd")
    assert run["retrieval"]["mrr@10"] == {
        "value": 1.0,
        "interval": [pytest.approx(0.342, abs=0.001), 1.0],
    }
    assert run["stamp"]["embedder"] == index.embedder.fingerprint
    assert str(folder) not in out.read_text("utf-8")

    again = tmp_path / "again.json"
    assert main(["--format", "xquad", path, "--half", "odd", "--out", str(again)]) == 0
    (repeated,) = json.loads(again.read_text("utf-8"))["runs"]
    for one in (run, repeated):
        del one["latency_ms"], one["stamp"]["date"]
    assert run == repeated


def test_a_folder_of_languages_is_a_run_for_each(
    folder: Path,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("STRATEGIEWIJZER_DATA_DIR", str(settings.data_dir))
    assert main(["--format", "xquad", str(folder), "--every", "2"]) == 0
    printed = capsys.readouterr().out
    assert "xquad.de (2)" in printed
    assert "xquad.en (2)" in printed


def test_questions_of_another_language_ask_for_the_same_paragraphs(
    folder: Path, settings: Settings, public: PublicSet, index: Index
) -> None:
    crossed = load("xquad", folder / "xquad.en.json", questions_from=folder / "xquad.de.json")
    assert (crossed.language, crossed.question_language) == ("en", "de")
    assert crossed.questions[1].text == "Wie schwer ist ein Blauwal?"
    assert crossed.questions[1].answers == public.questions[1].answers
    assert crossed.documents_fingerprint == public.documents_fingerprint  # the same index
    assert crossed.fingerprint != public.fingerprint
    assert retrieval(crossed, index).figures["hit@5"].value == 1


# The index


def set_of(
    name: str, *documents: PublicDocument, questions: tuple[PublicQuestion, ...] = ()
) -> PublicSet:
    return PublicSet(
        name=name,
        language="en",
        question_language="en",
        documents=documents,
        questions=questions,
    )


ODD_TEXTS = (
    "# Not a heading, but how a paragraph about hashtags begins. It goes on.",
    "---\nid: not-front-matter\n---\nThis paragraph shows how metadata is written.",
    "| a | table |\n| --- | --- |\n| of | cells |",
    "1. FC Köln is a football club. It was founded in 1948.",
    "See also",
    "Share Tweet Facebook",
    "Home > Europe > France > Paris",
    "Short title\n\nA text\u0085below\tit, with a tab.\r\n- and an item\r\n- and one more",
    "  A paragraph with spaces around it.  ",
)


def test_a_text_is_kept_whole_whatever_it_looks_like(tmp_path: Path, settings: Settings) -> None:
    documents = tuple(
        PublicDocument(id=f"d{n}", title='A "quoted": title', text=text, article=n)
        for n, text in enumerate(ODD_TEXTS)
    )
    public = set_of("odd", *documents)
    index = build_index(public, settings)
    seen = {}
    for text in ODD_TEXTS:
        for scored in index.search(text, k=len(ODD_TEXTS)):
            passage, document = scored.passage, document_of(public, scored.passage)
            assert passage.headings == ('A "quoted": title',)
            units = [span_of(document, passage, unit) for unit in passage.units]
            for unit, (start, end) in zip(passage.units, units, strict=True):
                shown = passage.text[unit.start : unit.end].removeprefix("\u200c")
                assert shown == as_line(document.text)[start:end]
            seen[document.id] = " ".join(document.text[start:end] for start, end in units)
    for document in documents:
        assert seen[document.id].split() == document.text.split()
    assert marked(public) == 4


def test_a_document_has_the_rank_of_its_best_passage(settings: Settings) -> None:
    filler = " ".join(f"Sentence {n} is about the weather in town {n}." for n in range(120))
    long = f"{filler} {MOON}"
    question = PublicQuestion(
        id="q",
        text="When did Apollo 11 land?",
        relevant={"long": 1},
        answers=({"document": "long", "start": long.index("1969"), "end": len(long) - 1},),  # type: ignore[arg-type]
    )
    texts = {"long": long, "bread": BREAD, "q": question.text}
    documents = (
        PublicDocument(id=name, title=name, text=text, article=number)
        for number, (name, text) in enumerate(texts.items())
    )
    public = set_of("long", *documents, questions=(question,))
    index = build_index(public, settings)
    found = index.search(question.text, k=10)
    assert len({scored.passage.id for scored in found}) > 3
    assert rank_documents(public, index, question) == ("long", "bread")  # and not itself
    ((position, number),) = right_units(public, question, found)
    passage = found[position].passage
    unit = passage.units[number]
    assert passage.text[unit.start : unit.end] == "Apollo 11 landed on it in 1969."


# Formats


def test_squad_2_impossible_questions_are_not_asked(tmp_path: Path) -> None:
    asked = [
        {"id": "yes", "question": "What do whales eat?", "is_impossible": False,
         "answers": [{"text": "krill", "answer_start": WHALES.index("krill")}] * 2},
        {"id": "no", "question": "Where do whales sleep?", "is_impossible": True, "answers": [],
         "plausible_answers": [{"text": "krill", "answer_start": 0}]},
        {"id": "moved", "question": "How heavy?",
         "answers": [{"text": "150  TONNES", "answer_start": 3}]},
        {"id": "lost", "question": "How long?", "answers": [{"text": "30 m", "answer_start": 3}]},
    ]  # fmt: skip
    data = [{"title": "T", "paragraphs": [{"context": WHALES, "qas": asked}]}]
    public = load("squad", write(tmp_path / "dev.json", json.dumps({"data": data})))
    assert public.language == "en"
    answers = {
        q.id: [WHALES[answer.start : answer.end] for answer in q.answers] for q in public.questions
    }
    assert answers == {"yes": ["krill"], "moved": ["150 tonnes"], "lost": []}
    assert public.notes == (
        "impossible questions, not asked: 1",
        "answers not where the file says, taken at the nearest place: 1",
        "answers that are not in their paragraph, left out: 1",
    )


def test_beir_has_grades_and_titles(tmp_path: Path) -> None:
    corpus = [
        {"_id": "w", "title": "Whales", "text": WHALES, "metadata": {}},
        {"_id": "m", "title": "", "text": MOON},
        {"_id": "b", "title": "Bread", "text": ""},
        {"_id": "x", "title": "", "text": " "},
    ]
    queries = [{"_id": n, "text": f"query {n}"} for n in (1, 2, 3)]
    folder = beir(
        tmp_path / "set",
        "\n".join(map(json.dumps, corpus)),
        "\n".join(map(json.dumps, queries)) + "\n",
        "query-id\tcorpus-id\tscore\n1\tw\t2\n1\tm\t1\n1\tx\t1\n1\tb\t0\n2\tb\t0\n",
    )
    public = load("beir", folder)
    assert (public.name, public.language) == ("set", "en")
    assert [(d.title, d.text) for d in public.documents] == [
        ("Whales", WHALES),
        ("Document 2", MOON),
        ("Bread", "Bread"),
    ]
    (question,) = public.questions
    assert question.relevant == {"w": 2, "m": 1, "x": 1}
    assert public.notes == (
        "documents without a word, never found: 1",
        "judged queries without a relevant document, not asked: 1",
    )

    figures = retrieval_figures(public.questions, {"1": ["b", "m", "w"]})
    gained = 1 / math.log2(3) + 2 / math.log2(4)
    ideal = 2 + 1 / math.log2(3) + 1 / math.log2(4)
    assert figures["hit@1"].value == 0
    assert figures["mrr@10"].value == 1 / 2
    assert figures["ndcg@10"].value == pytest.approx(gained / ideal)
    assert figures["map@10"].value == pytest.approx((1 / 2 + 2 / 3) / 3)
    assert figures["recall@10"].value == pytest.approx(2 / 3)
    assert graded_ndcg([3, 2, 1], [1, 2, 3], 10) == 1  # of the first k, and within one
    assert graded_ndcg([0, 3], [3], 1) == 0
    assert graded_ndcg([1, 1], [1, 1, 1], 2) == 1
    assert graded_ndcg([0], [], 10) == 0


def test_tsv_rows_share_passages_and_questions(tmp_path: Path) -> None:
    rows = [
        "id\tquestion\tpassage\tanswer\tsource",
        f"a\tWhat eats krill?\t{WHALES}\tthe blue whale\tbook",
        f"a\tWhat eats krill?\t{MOON}\t",
        f'\tWho said "hello"?\t{WHALES}',
        "",
        f"c\tWhat rises?\t{BREAD}\tyeast",
    ]
    public = load("tsv", write(tmp_path / "mine.en.tsv", "\r\n".join(rows)))
    assert [document.text for document in public.documents] == [WHALES, MOON, BREAD]
    a, unnamed, c = public.questions
    assert a.relevant == {"paragraph-1": 1, "paragraph-2": 1}
    assert [WHALES[answer.start : answer.end] for answer in a.answers] == ["The blue whale"]
    assert (unnamed.id, unnamed.text) == ("row-4", 'Who said "hello"?')
    assert [answer.start for answer in c.answers] == [23, 50]  # both places that have the word


GOOD_CORPUS = '{"_id": "d", "text": "Some words."}'
GOOD_QUERIES = '{"_id": "q", "text": "Which words?"}'
HEADER = "query-id\tcorpus-id\tscore\n"


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("xquad.en.json", '{"data": [\n}', "xquad.en.json:2: not JSON"),
        ("xquad.en.json", '{"data": [{"title": "T"}]}', "data.0.paragraphs: Field required"),
        ("xquad.en.json", '{"data": []}', "no question here can be answered. Name another"),
        ("xquad.en.json", squad([MOON]).replace("q0", "q") + " ", ""),
        ("xquad.en.json", squad([MOON, BREAD]).replace("q1", "q0"), "'q0' is used twice. Give"),
        ("questions.json", squad([MOON]), "is not known. Give two lower-case letters"),
        ("set.en.tsv", "question\tanswer\nq\ta\n", "set.en.tsv:1: no column passage"),
        ("set.en.tsv", "question\tpassage\nWhy?\n", "set.en.tsv:2: question or passage"),
        ("set.en.tsv", "question\tpassage\nWhy?\t \n", "set.en.tsv:2: passage has no words"),
        ("set.en.tsv", "question\tpassage\nWhy?\ta\tb\n", "set.en.tsv:2: 3 fields for 2 columns"),
        ("set.en.tsv", "question\tpassage\n", "has no rows"),
        ("set.en.tsv", "question\tpassage\tanswer\nWhy?\tSo\tNo\n", ":2: the passage does not"),
        ("set.en.tsv", "id\tquestion\tpassage\n1\tA?\tx\n1\tB?\tx\n", ":3: id '1' is that of"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(
    tmp_path: Path, name: str, text: str, told: str
) -> None:
    file = write(tmp_path / name, text)
    if not told:
        assert len(load("xquad", file).questions) == 1
        return
    with pytest.raises(QuestionSetError) as error:
        load("tsv" if name.endswith("tsv") else "xquad", file)
    assert told in str(error.value)
    assert name in str(error.value)


@pytest.mark.parametrize(
    ("corpus", "queries", "judgements", "told"),
    [
        ("{}", GOOD_QUERIES, HEADER, "corpus.jsonl:1: _id: Field required"),
        (f"{GOOD_CORPUS}\n\n{GOOD_CORPUS}", GOOD_QUERIES, HEADER, "corpus.jsonl:3: _id 'd' is"),
        (GOOD_CORPUS, "query", HEADER, "queries.jsonl:1: "),
        (GOOD_CORPUS, GOOD_QUERIES, "q\td\t1\n", "test.tsv:1: the first line must be query-id"),
        (GOOD_CORPUS, GOOD_QUERIES, f"{HEADER}q\td\thigh\n", "test.tsv:2: not a query"),
        (GOOD_CORPUS, GOOD_QUERIES, f"{HEADER}q\tz\t1\n", "test.tsv:2: 'z' is not in corpus"),
        (GOOD_CORPUS, GOOD_QUERIES, f"{HEADER}z\td\t1\n", "test.tsv:2: 'z' is not in queries"),
        (GOOD_CORPUS, GOOD_QUERIES, f"{HEADER}q\td\t0\n", "no query has a relevant document"),
    ],
)
def test_what_is_wrong_in_a_beir_folder_is_told_with_its_place(
    tmp_path: Path, corpus: str, queries: str, judgements: str, told: str
) -> None:
    folder = beir(tmp_path / "set", corpus, queries, judgements)
    with pytest.raises(QuestionSetError) as error:
        load("beir", folder)
    assert told in str(error.value)


def test_a_wrong_file_ends_the_command_with_its_message(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--format", "xquad", str(tmp_path)]) == 1
    assert "no xquad.LANGUAGE.json here" in capsys.readouterr().err
    assert main(["--format", "squad", str(tmp_path / "gone.json")]) == 1
    assert "gone.json: cannot be read" in capsys.readouterr().err
    assert main(["--format", "beir", str(tmp_path / "gone")]) == 1
    assert "corpus.jsonl: cannot be read" in capsys.readouterr().err
    latin = tmp_path / "set.fr.tsv"
    latin.write_bytes("question\tpassage\nOù?\tLà\n".encode("latin-1"))
    assert main(["--format", "tsv", str(latin)]) == 1
    assert "set.fr.tsv:2: is not UTF-8" in capsys.readouterr().err


def test_sets_in_two_languages_must_be_the_same_set(folder: Path, tmp_path: Path) -> None:
    other = write(tmp_path / "xquad.nl.json", squad([MOON, PARIS]).replace("q0", "z"))
    part = load("xquad", folder / "xquad.en.json", questions_from=other)
    assert [question.id for question in part.questions] == ["q1"]
    assert part.notes == ("questions that xquad.nl lacks: 3",)
    other.write_text(squad([MOON]).replace("q0", "z"), "utf-8")
    with pytest.raises(QuestionSetError, match=r"none of its questions has an id of xquad\.en"):
        load("xquad", folder / "xquad.en.json", questions_from=other)
