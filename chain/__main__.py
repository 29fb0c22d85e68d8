"""Asks the assistant one question, or finds out whether the configured language model works.

    python -m chain "question" [--language nl] [--area drugs] [--document drugs-agenda]
                    [--source-language en] [--as-of 2020-07-24] [--trial] [--json]
    python -m chain --check-model

--area, --document, --source-language and --as-of limit what is searched. --trial asks what
`python -m ingest --trial` has built and not published. With --json the whole
answer is printed as JSON: text, what else there is, citations with their quotes, passages.
--check-model asks the model one question of its own and prints what works (docs/models.md).
The exit code is 0 for an answer, a refusal and a model that works, 1 for a problem.
"""

import argparse
import datetime
import sys
from collections.abc import Collection, Sequence

from chain.assistant import Assistant, Keeping
from core.answer import Answer
from core.answer_blocks import marked_text
from core.errors import StrategiewijzerError
from core.hosts import is_official_address
from core.settings import Settings
from core.source import Citation, DocumentInfo, Scope, Summarised, section
from core.telemetry import observe
from language.matching import visible
from language.official import OFFICIAL


def main(arguments: Sequence[str], keeping: Keeping | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m chain",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("question", nargs="?", default="")
    parser.add_argument(
        "--language", choices=OFFICIAL, metavar="CODE", help="of the question, if not told well"
    )
    parser.add_argument(
        "--area", action="append", metavar="AREA", help="only this area; may be repeated"
    )
    parser.add_argument(
        "--document", action="append", metavar="ID", help="only this document; may be repeated"
    )
    parser.add_argument(
        "--source-language",
        choices=OFFICIAL,
        default="",
        metavar="CODE",
        help="only sources in this language",
    )
    parser.add_argument(
        "--as-of",
        type=_day,
        metavar="YYYY-MM-DD",
        help="only what was there on this day, and what was in force then",
    )
    parser.add_argument("--trial", action="store_true", help="ask what is not published yet")
    parser.add_argument("--json", action="store_true", help="print the whole answer as JSON")
    parser.add_argument(
        "--check-model", action="store_true", help="ask the language model one question"
    )
    options = parser.parse_args(arguments)
    if bool(options.question) == options.check_model:
        parser.error("ask one question, or give --check-model")
    try:
        if options.check_model:
            return _check_model(Settings())
        settings = Settings()
        after = keeping(settings, trial=options.trial) if keeping else None
        assistant = Assistant(settings, trial=options.trial, after=after)
        scope = _scope(options, assistant.index.documents())
        question = visible(options.question)  # with bytes that are no UTF-8 it cannot be searched
        answer = assistant.ask(question, language=options.language, scope=scope)
    except StrategiewijzerError as error:
        print(error, file=sys.stderr)
        return 1
    if options.json:
        print(answer.model_dump_json(indent=2))
        return 0
    _print(answer)
    return 0


def _check_model(settings: Settings) -> int:
    """Prints what works of the configured models; the exit code."""
    from chain.with_model import check  # the model's client takes long to import

    code = 0
    for seen in check(settings):
        for label, told in seen.lines:
            print(f"{label:<9}{told}")
        print("It works.\n" if seen.works else "It does not work.\n")
        code = code if seen.works else 1
    return code


def _print(answer: Answer) -> None:
    """The answer proper, what to know of it, what else there is, and its references."""
    if answer.understood_as:
        _say(f"Understood as: {answer.understood_as}\n")
    _say(marked_text(answer.blocks, label="", doubt="[not confirmed]").text)
    if answer.trouble and answer.mode == "generative":
        _say("\nThe language model's answer broke off; it may not be complete.")
    elif answer.trouble:
        _say(
            f"\nThe language model was not used ({answer.trouble.replace('_', ' ')}): these are "
            "sentences from the sources. Try: python -m chain --check-model"
        )
    if answer.unchecked:
        _say("\nThe extra check by a language model failed; the local checks were made.")
    if answer.did_you_mean:
        _say(f"\nDid you mean: {answer.did_you_mean}")
    if answer.elsewhere:
        _say("\nNot in this selection, but elsewhere: ask again without limits to the search.")
    if answer.kind == "partial":  # a refusal says it itself
        _say(f"\nThe quoted sources do not mention: {', '.join(answer.missing)}")
    if answer.related:
        _say("\nThese questions can be answered:", *answer.related, sep="\n- ")
    if answer.more:
        heading = "Nearest" if answer.kind == "refusal" else "Also"
        texts = (marked_text(one, label="").text for one in answer.further)
        _say(f"\n{heading} in the sources:", *texts, sep="\n\n")
    by_number: dict[int, list[Citation]] = {}
    for citation in answer.citations:
        by_number.setdefault(citation.number, []).append(citation)
    for citations in by_number.values():
        _print_reference(citations)


def _print_reference(citations: Sequence[Citation]) -> None:
    """Prints the reference of a passage, and its quotes."""
    where = ", ".join(part for part in _where(citations) if part)
    quotes = dict.fromkeys(one.quote for one in citations)
    _say(f"\n[{citations[0].number}] {where}", *(f"    “{one}”" for one in quotes), sep="\n")
    for opens, url in _pages(citations[0]):
        _say(f"    {opens}{url}")


def _say(*lines: str, sep: str = "\n") -> None:
    """Prints text of which nothing moves the cursor of a terminal or turns its writing round."""
    print(*map(visible, lines), sep=sep)


def _where(citations: Sequence[Citation]) -> list[str]:
    """Document, section, pages and standing of a passage; of a brief also what it summarises."""
    citation = citations[0]
    document = citation.document
    pages = ", ".join(dict.fromkeys(one.page_range for one in citations if one.page_range))
    place = [section(citations), f"p. {pages}" if pages else ""]
    standing = citation.standing.replace("_", " ") if citation.standing != "in_force" else ""
    if document.kind == "brief":
        official = f"of: {document.about or document.title}"
        mark = "summary by this project, not an official text"
        return [mark, *place, official, document.reference, standing]
    return [document.title, document.reference, *place, standing]


def _pages(citation: Citation) -> list[tuple[str, str]]:
    """The web pages of a citation: of a brief what each opens, and the address."""
    document = citation.document
    if document.kind != "brief":
        return [("", citation.url)]
    official = "official " if is_official_address(document.url) else ""
    forms: dict[Summarised, str] = {
        "document": f"{official}document summarised here",
        "press_release": "press release",
    }
    pages = (
        (forms[document.about_form], document.url),
        ("questions and answers", document.questions_url),
    )
    return [(f"{opens}: ", url) for opens, url in pages if url]


def _day(text: str) -> datetime.date:
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no date; write it as in 2020-07-24"
        ) from None


def _scope(options: argparse.Namespace, documents: Collection[DocumentInfo]) -> Scope:
    """The search scope that the options name.

    Raises:
        StrategiewijzerError: there is no such area or document.
    """
    return Scope(
        areas=_known("area", options.area or (), {document.area for document in documents} - {""}),
        documents=_known("document", options.document or (), {one.id for one in documents}),
        language=options.source_language,
        as_of=options.as_of,
    )


def _known(kind: str, given: Sequence[str], there: Collection[str]) -> tuple[str, ...]:
    for value in given:
        if value not in there:
            raise StrategiewijzerError(
                f"There is no {kind} {value!r} in the index. Choose from: "
                f"{', '.join(sorted(there)) or 'none'}"
            )
    return tuple(given)


if __name__ == "__main__":
    observe()
    sys.exit(main(sys.argv[1:]))
