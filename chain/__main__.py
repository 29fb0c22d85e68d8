"""Asks the assistant one question, or finds out whether the configured language model works."""

if __name__ == "__main__":
    from core.background import quiet_start

    quiet_start()  # before the imports, which take long

import datetime
import sys
from collections.abc import Collection, Sequence

import typer

from chain.assistant import Assistant, HookFactory
from core.answer import Answer, Citation, by_number
from core.answer_blocks import DoubtWords, marked_text
from core.background import end
from core.command_line import CommandLine, flag, option
from core.errors import StrategiewijzerError
from core.hosts import is_official_address
from core.settings import Settings
from core.source import STEPS_BACK, Scope
from core.telemetry import observe
from language.escaping import visible
from language.identify import OFFICIAL
from prompts import client_words

app = CommandLine()


def _code(text: str) -> str:
    if text not in OFFICIAL:
        raise typer.BadParameter(f"{text!r} is none of {', '.join(OFFICIAL)}")
    return text


def _day(text: str) -> datetime.date:
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no date; write it as in 2020-07-24") from None


@app.command()
def ask(
    context: typer.Context,
    question: str = typer.Argument(..., show_default=False),
    language: str | None = option(None, "CODE", "Of the question, if not told well.", parser=_code),
    area: list[str] | None = option(None, "AREA", "Only this area; may be repeated."),
    document: list[str] | None = option(None, "ID", "Only this document; may be repeated."),
    source_language: str | None = option(
        None, "CODE", "Only sources in this language.", parser=_code
    ),
    as_of: datetime.date | None = option(
        None,
        "YYYY-MM-DD",
        "Only what was there on this day, and what was in force then.",
        parser=_day,
    ),
    trial: bool = flag("--trial", "Ask the trial that `python -m ingest --trial` has prepared."),
    as_json: bool = flag(
        "--json",
        "Print the whole answer as JSON: text, what else there is, citations with their "
        "quotes, passages.",
    ),
) -> int:
    """Asks the assistant one question.

    The exit code is 0 for an answer and a refusal, 1 for a problem.
    """
    settings = Settings()
    keeping: HookFactory | None = context.obj  # of a command line that keeps what was asked
    # A question to a trial is a maintainer's, so it is not counted among those of users.
    kept = settings.model_copy(update={"keep_questions": 0}) if trial else settings
    assistant = Assistant(settings, trial=trial, after=keeping(kept) if keeping else None)
    indexed = assistant.index.documents()
    scope = Scope(
        areas=_known("area", area or (), {found.area for found in indexed} - {""}),
        documents=_known("document", document or (), {found.id for found in indexed}),
        language=source_language or "",
        as_of=as_of,
    )
    # With bytes that are no UTF-8 a question cannot be searched.
    answer = assistant.ask(visible(question), language=language, scope=scope)
    if as_json:
        print(answer.model_dump_json(indent=2))
    else:
        _print(answer)
    return 0


def _print(answer: Answer) -> None:
    """The answer proper, what to know of it, what else there is, and its references."""
    words = client_words("en")
    if answer.understood_as:
        _say(f"Understood as: {answer.understood_as}\n")
    doubt = DoubtWords(f"[{words.unconfirmed}]", f"[{words.found}]")
    _say(marked_text(answer.blocks, as_read=True, doubt=doubt).text)
    if answer.ended:
        _say(f"\n{answer.ended}")
    if answer.trouble and answer.mode == "generative":
        _say(f"\n{words.broke_off}")
    elif answer.trouble:
        _say(
            f"\nThe language model was not used ({answer.trouble.replace('_', ' ')}): these are "
            "sentences from the sources. Try: ./strategiewijzer doctor"
        )
    if answer.unchecked:
        _say(f"\n{words.too_late if answer.check_trouble == 'slow' else words.unchecked}")
    if answer.elsewhere:
        _say("\nNot in this selection, but elsewhere: ask again without limits to the search.")
    if answer.kind == "partial":  # a refusal says it itself
        _say("\n" + words.missing.format(**answer.missing_words))
    if answer.related:
        _say(f"\n{words.related}", *answer.related, sep="\n- ")
    if answer.more:
        heading = "Nearest" if answer.kind == "refusal" else "Also"
        texts = (marked_text(blocks, as_read=True).text for blocks in answer.further)
        _say(f"\n{heading} in the sources:", *texts, sep="\n\n")
    for number, citations in by_number(answer.citations).items():
        quotes = dict.fromkeys(citation.quote for citation in citations)
        _say(f"\n[{number}] {_where(citations[0])}", *(f"    “{quote}”" for quote in quotes))
        for opens, url in _pages(citations[0]):
            _say(f"    {opens}{url}")


def _say(*lines: str, sep: str = "\n") -> None:
    """Prints text of which nothing moves the cursor of a terminal or turns its writing round."""
    print(*map(visible, lines), sep=sep)


def _where(citation: Citation) -> str:
    """Reference of a citation, with number and standing; of a brief what it summarises."""
    document, remark = citation.document, ""
    if document.kind == "brief":
        about = ", ".join(filter(None, (document.about or document.title, document.reference)))
        remark = f" (summary by this project, not an official text, of: {about})"
    elif document.reference not in citation.cited_as:
        remark = f" ({document.reference})"
    standing = f", {citation.standing}" if citation.standing in STEPS_BACK else ""
    return f"{citation.cited_as}{remark}{standing}"


def _pages(citation: Citation) -> list[tuple[str, str]]:
    """The web pages of a citation: of a brief what each opens, and the address."""
    document = citation.document
    if document.kind != "brief":
        return [("", citation.url)]
    form = "press release: "
    if document.about_form == "document":
        official = "official " if is_official_address(document.url) else ""
        form = f"{official}document summarised here: "
    pages = (form, document.url), ("questions and answers: ", document.questions_url)
    return [(opens, url) for opens, url in pages if url]


def _known(kind: str, given: Sequence[str], known: Collection[str]) -> tuple[str, ...]:
    """The areas or documents given. Raises StrategiewijzerError: one is not in the index."""
    for value in given:
        if value not in known:
            raise StrategiewijzerError(
                f"There is no {kind} {value!r} in the index. Choose from: "
                f"{', '.join(sorted(known)) or 'none'}"
            )
    return tuple(given)


def main(arguments: Sequence[str]) -> int:
    return app.run(arguments, "python -m chain")


if __name__ == "__main__":
    observe()
    end(main(sys.argv[1:]))
