"""What a run leaves behind: files, report, comparison, stamp; and the command that makes them."""

import json
import re
from pathlib import Path

import pytest
from pydantic import SecretStr

from core.errors import StrategiewijzerError
from core.settings import Settings
from eval import report
from eval.__main__ import main
from eval.compare import differences, same_questions
from eval.report import likely_cause
from eval.results import Results, read
from eval.run import run
from eval.stamp import code_version, masked
from tests.test_eval_run import HOSTILE, QUESTIONS, STAMP, Scripted, by_id


@pytest.fixture(scope="module")
def results() -> Results:
    return run(QUESTIONS, Scripted(), stamp=STAMP)


def test_results_are_read_back_as_they_were_written(results: Results, tmp_path: Path) -> None:
    data, _ = report.write(results, tmp_path / "deep" / "out")
    assert read(data) == results
    assert read(data.parent) == results
    written = json.loads(data.read_text("utf-8"))
    assert written["overall"]["retrieval"].keys() == {"hit@1", "hit@5", "mrr", "ndcg@10"}
    assert written["overall"]["latency_ms"].keys() == {"p50", "p95"}
    assert written["stamp"]["generation"] == "g1"


def test_two_runs_differ_only_in_latency(results: Results) -> None:
    again = run(QUESTIONS, Scripted(), stamp=STAMP)

    def without_latency(one: Results) -> str:
        text = one.model_dump_json(indent=2)
        return "\n".join(
            line for line in text.splitlines() if '"p' not in line and "latency" not in line
        )

    assert without_latency(again) == without_latency(results)


def test_the_report_is_one_file_and_treats_questions_as_data(
    results: Results, tmp_path: Path
) -> None:
    _, page = report.write(results, tmp_path)
    text = page.read_text("utf-8")
    assert "<script" not in text
    assert "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;" in text
    assert "http://" not in text
    assert "https://" not in text
    assert "src=" not in text


def test_the_report_shows_what_fell_short_first_and_why(results: Results) -> None:
    text = report.html(results)
    short, fine = text.index('id="short"'), text.index('id="fine"')
    assert short < text.index("no section that answers it was retrieved") < fine
    assert short < text.index("missing: 40%") < fine
    assert fine < text.index('<td lang="en">right refusal</td>')


@pytest.mark.parametrize(
    ("name", "cause"),
    [
        ("wrong quote", "Facts are missing from the answer, although .* at rank 1"),
        ("wrong refusal", "Refused: no section that answers it was retrieved"),
        (HOSTILE, "Answered, although the documents hold no answer"),
    ],
)
def test_the_likely_cause(results: Results, name: str, cause: str) -> None:
    assert re.fullmatch(f"{cause}.*", likely_cause(by_id(results, name)))


def test_a_baseline_is_compared_figure_by_figure(results: Results) -> None:
    better = run(QUESTIONS[:1], Scripted(), stamp=STAMP)
    changes = {one.name: one.change for one in differences(better, results)}
    assert changes["full_answer_rate"] == pytest.approx(2 / 3, abs=1e-3)
    assert changes["refusal_rate_unanswerable"] is None
    assert "+0.667" in report.html(better, baseline=results)


def test_other_questions_than_the_baseline_are_noticed(results: Results) -> None:
    stamp = STAMP.model_copy(update={"questions": {"set.yaml": "456"}})
    other = run(QUESTIONS[:1], Scripted(), stamp=stamp)
    assert not same_questions(other, results)
    assert "The question sets differ" in report.html(other, baseline=results)
    assert "The question sets differ" not in report.html(results, baseline=results)


@pytest.mark.parametrize("text", [None, "{}", "no json"])
def test_a_baseline_that_is_none_is_a_clear_error(tmp_path: Path, text: str | None) -> None:
    file = tmp_path / "results.json"
    if text is not None:
        file.write_text(text)
    with pytest.raises(StrategiewijzerError, match=r"results\.json: .*python -m eval"):
        read(file)


# Stamp and command


def test_the_stamp_keeps_no_secret(tmp_path: Path) -> None:
    settings = Settings(
        data_dir=tmp_path,
        openai_api_key=SecretStr("hush-1"),
        embeddings_api_key=SecretStr("hush-2"),
        chroma_url="https://user:hush-3@chroma.example:8000",
    )
    kept = masked(settings)
    assert "hush" not in json.dumps(kept)
    assert kept["chroma_url"] == "https://***@chroma.example:8000"
    assert kept["results"] == settings.results


def test_the_code_version_is_known() -> None:
    assert code_version() not in ("", "unknown")


def test_a_project_error_is_a_message_and_exit_code_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--questions", str(tmp_path / "absent.yaml")]) == 1
    captured = capsys.readouterr()
    assert "absent.yaml: no question set here" in captured.err
    assert captured.out == ""


def test_the_help_shows_how_to_use_it(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as done:
        main(["--help"])
    assert done.value.code == 0
    assert "--baseline RUN" in capsys.readouterr().out
