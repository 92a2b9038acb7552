"""From a model's response and a label to a judgement.

    response ── extract ──▶ candidate ──┐
                                        ├── Trial ──▶ judgement
    label ───── read ─────▶ suite ──────┘

It owns no process: the caller passes `run(job, deadline) -> Run`.
"""

from __future__ import annotations

import dataclasses
import functools
import time

from sandbox.judging import labels
from sandbox.judging.deduplicate import Deduplicator
from sandbox.judging.labels.prompt import show_files_named_in_prompt, with_prompt_definitions
from sandbox.judging.languages import LANGUAGES
from sandbox.judging.reference_solution import with_expected_values
from sandbox.judging.response.candidate import Candidate, NoCode
from sandbox.judging.response.completion import open_function
from sandbox.judging.response.extract import extract
from sandbox.judging.response.valid import which_parse
from sandbox.judging.rules import Rules, RunJob
from sandbox.judging.trial import Trial
from sandbox.words.errors import LabelError, WorkerError
from sandbox.words.judgement import CaseResult, Judgement, total_usage
from sandbox.words.suite import Suite
from sandbox.words.verdict import Owner, Verdict

__all__ = ["judge", "program_of"]


def judge(
    response: str,
    label: object,
    *,
    run: RunJob,
    prompt: str = "",
    rules: Rules | None = None,
    deadline: float | None = None,
    deduplicator: Deduplicator | None = None,
) -> Judgement:
    """Judge one response against one label.

    *prompt* helps to tell a completion from a whole program. Nothing is raised for a label that cannot be understood or for a
    fault of ours: these are judgements with the verdicts LABEL_ERROR and INTERNAL_ERROR. *deadline* is a time of `time.monotonic`
    (default: `deadline_seconds` from now). With a *deduplicator*, the judgement of an equal sample may be reused.
    """
    rules = rules or Rules()
    if deadline is None:
        deadline = time.monotonic() + rules.limits.deadline_seconds
    try:
        suite = labels.read(label)
    except LabelError as error:
        return Judgement(verdict=Verdict.LABEL_ERROR, reason=str(error))
    except WorkerError as error:
        return Judgement(verdict=Verdict.INTERNAL_ERROR, reason=str(error))
    try:
        candidate = _extract_candidate(response, suite, prompt, rules, run, deadline)
        if isinstance(candidate, NoCode):
            skipped = tuple(CaseResult(verdict=Verdict.NO_CODE) for _ in suite.cases or (None,))
            return Judgement(verdict=Verdict.NO_CODE, reason=candidate.reason, cases=skipped, format=suite.format)
        trial = functools.partial(_judge_candidate, candidate, suite, prompt, run, rules, deadline)
        # The prompt matters to a program only where tests are code: they may use what it defines.
        return deduplicator((candidate.source, suite.tests and prompt, label), trial, deadline) if deduplicator else trial()
    except LabelError as error:
        return Judgement(verdict=Verdict.LABEL_ERROR, reason=str(error), format=suite.format)
    except WorkerError as error:
        return Judgement(verdict=Verdict.INTERNAL_ERROR, reason=str(error), format=suite.format)


def program_of(
    response: str, label: object, *, run: RunJob, prompt: str = "", rules: Rules | None = None, deadline: float | None = None
) -> Candidate | NoCode:
    """The program in *response* that `judge` would judge against *label*, or why there is none.

    Raises:
        LabelError: the label cannot be understood.
        WorkerError: no worker could be asked which of several blocks are valid programs.
    """
    rules = rules or Rules()
    if deadline is None:
        deadline = time.monotonic() + rules.limits.deadline_seconds
    return _extract_candidate(response, labels.read(label), prompt, rules, run, deadline)


def _extract_candidate(response: str, suite: Suite, prompt: str, rules: Rules, run: RunJob, deadline: float) -> Candidate | NoCode:
    return extract(
        response,
        prompt=prompt,
        continues=suite.prompt,
        entry_points=suite.entry_points,
        tags=LANGUAGES[suite.language].tags,
        choice=rules.choice,
        parses=lambda texts: which_parse(texts, run, rules.limits, deadline),
    )


def _judge_candidate(candidate: Candidate, suite: Suite, prompt: str, run: RunJob, rules: Rules, deadline: float) -> Judgement:
    trial = Trial(candidate, _with_sample_context(suite, prompt, run, rules, deadline), run, rules, deadline)
    judgement = trial.judgement()
    if not (trial.returned_own_objects and suite.as_code) or trial.timed_out or trial.seconds_left <= 0:
        return judgement
    # It returned objects of its own classes, which only the label's own code can compare: judge once more, with a tester.
    try:
        retried = _judge_candidate(candidate, suite.as_code(), prompt, run, rules, deadline)
    except LabelError:  # a label is not broken because a program returned objects
        return judgement
    if retried.verdict.owner is Owner.LABEL:
        return judgement
    return dataclasses.replace(retried, usage=total_usage([judgement.usage, retried.usage]), suspicions=judgement.suspicions)


def _with_sample_context(suite: Suite, prompt: str, run: RunJob, rules: Rules, deadline: float) -> Suite:
    """*suite* with its reference's answers as expected values, and with what the sample's prompt gives to program and tests."""
    if suite.reference is not None:
        return with_expected_values(suite, suite.reference, run, rules.for_suite(suite), deadline)
    if suite.tests is None:
        return suite
    if suite.tests.files:
        return dataclasses.replace(suite, tests=show_files_named_in_prompt(suite.tests, prompt))
    return with_prompt_definitions(suite, suite.tests, open_function(suite.prompt or prompt, suite.entry_points))
