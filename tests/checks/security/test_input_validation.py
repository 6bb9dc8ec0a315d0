from __future__ import annotations

from types import SimpleNamespace

import pytest

from pytest_mlready.checks.security import input_validation as check
from pytest_mlready.errors import Failed, Inconclusive, MissingExtra, ReadinessError
from pytest_mlready.evidence import Evidence
from pytest_mlready.serving.endpoint import Elsewhere, Endpoint
from pytest_mlready.serving.requests import generator
from pytest_mlready.serving.requests import verdict as input_verdict
from pytest_mlready.serving.requests.fuzzing import INVALID, VALID, Campaign, Covered
from pytest_mlready.serving.requests.trial import Finding, Shot, Trial

OPTIONS = {
    **{o.name: o.default for o in check.ITEM.options}, "examples": 10, "delay": 0.5, "oversize": 2_000_000,
}  # fmt: skip


class Run:
    """The three tests over one service, as the plugin has them."""

    def __init__(self, endpoint, task=None, **options):
        self.endpoint, self.evidence = endpoint, Evidence()
        self.mlready = SimpleNamespace(
            options=lambda _: {**OPTIONS, **options}, seed=lambda _: 7, progress=lambda _: None,
            settings=SimpleNamespace(task=task),
        )  # fmt: skip

    def generated(self):
        check.test_generated_requests(self.mlready, self.evidence, self.endpoint)
        return self.values()

    def malformed(self):
        check.test_malformed_requests(self.mlready, self.evidence, self.endpoint)
        return self.values()

    def injections(self):
        check.test_injections(self.mlready, self.evidence, self.endpoint)
        return self.values()

    def values(self):
        return {e["name"]: e["value"] for e in self.evidence.notes.evidence}


@pytest.fixture
def run(service):
    return lambda *faults, task=None, fields=(), **options: Run(service(*faults, **dict(fields)), task, **options)


@pytest.mark.slow
def test_a_sound_service_passes_all_three(run):
    sound = run()
    assert sound.generated()["operations asked"] == 4
    assert sound.malformed()["malformed requests"] > 60
    values = sound.injections()
    assert values["injections"] > 200
    assert values["findings"] == 0


def test_accepted_nonsense_fails_with_a_request_to_repeat(run):
    with pytest.raises(Failed, match=r"(?s)NaN.*is accepted, though it is no JSON.*\n  curl -i -X POST http://127"):
        run("lax").malformed()


def test_a_stack_trace_fails(run):
    with pytest.raises(Failed, match=r"stack trace \(Python\)"):
        run("trace").malformed()


def test_an_overflow_fails(run):
    with pytest.raises(Failed, match=r"the number .* is answered 500, expected 4xx"):
        run("huge number").malformed()


def test_death_fails_and_comes_first(run):
    with pytest.raises(Failed, match=r"^100,000 nested lists ended the service(?s:.*)fatal: stack overflow"):
        run("dies of depth").malformed()


def test_a_generated_request_that_is_accepted_wrongly_fails(run):
    with pytest.raises(Failed, match="an invalid request to POST /predict is accepted"):
        run("lax").generated()


@pytest.mark.slow
def test_markup_that_comes_back_fails(run):
    with pytest.raises(Failed, match="comes back unescaped"):
        run("page").injections()


def test_no_message_holds_a_credential(run):
    with pytest.raises(Failed) as failed:
        run("lax").malformed()
    assert "good-token" not in str(failed.value)
    assert "Bearer ***" in str(failed.value)


def test_a_kind_accepted_on_purpose_is_recorded_and_fails_nothing(run):
    accepting = run(oversize=500_000, allow={"oversize": "the gateway stops at 1 MB"})
    assert accepting.malformed()["accepted on purpose: oversize"] == 1


def test_no_reason_makes_a_crash_acceptable(run):
    with pytest.raises(Failed, match="is answered 500"):
        run("huge number", allow={"extreme number": "nobody sends them"}).malformed()


@pytest.mark.parametrize(
    ("allow", "said"), [({"overize": "x"}, 'did you mean "oversize"'), ({"oversize": " "}, "does not say why")]
)
def test_a_wrong_name_or_no_reason_is_an_error(allow, said):
    with pytest.raises(ReadinessError, match=said):
        input_verdict.check_names(allow)


def test_a_refused_good_request_is_inconclusive(run):
    for part in (Run.generated, Run.malformed, Run.injections):
        with pytest.raises(Inconclusive, match="the good request is not answered well"):
            part(run("wrong answer", fields={"expect": {"predictions": [4.0]}}))


def test_a_service_without_a_document_has_no_schema_to_violate(run):
    bare = run(fields={"predict": "POST /predict", "example": b'{"instances": [{"x": 2.0}]}'})
    bare.endpoint.__dict__.update(document=None, operation=None)
    with pytest.raises(Inconclusive, match="no schema to violate"):
        bare.generated()
    assert bare.malformed()["malformed requests: NaN literal"] == 3


def test_a_missing_library_is_inconclusive(run, monkeypatch):
    monkeypatch.setattr(generator, "find_spec", lambda _: None)
    with pytest.raises(MissingExtra, match=r"pip install 'pytest-mlready\[api\]'"):
        run().generated()


def test_a_host_that_may_not_be_changed_is_not_asked(plan):
    asked = plan(start=None, url="http://192.0.2.1:9")
    elsewhere = SimpleNamespace(plan=asked, url=asked.url)
    for part in (Run.generated, Run.malformed, Run.injections):
        with pytest.raises(Inconclusive, match=r"hostile requests are not sent: 192\.0\.2\.1 is not this machine"):
            part(Run(elsewhere))


def test_a_service_that_runs_elsewhere_on_this_machine_is_asked_too(service, plan):
    started = service()
    there = plan(start=None, url=started.url)
    endpoint = Endpoint(there, Elsewhere(there))
    try:
        assert Run(endpoint).malformed()["findings"] == 0
    finally:
        endpoint.close()


def test_too_short_a_budget_is_inconclusive_and_says_how_far_it_came(run):
    with pytest.raises(Inconclusive, match=r"time budget of 0 s was used up after 0 of \d+ requests"):
        run(time_budget=0.0).malformed()


# The verdict alone, without a service.


def trial(*, sent=10, accepted=0, refused=10, kind=INVALID, predicting="POST /predict", **fields):
    one = Trial(endpoint=SimpleNamespace(operation=predicting), **fields)
    shot = Shot(kind=kind, about="", request=None)
    for _ in range(sent):
        one.counts.setdefault(shot.kind, type(one.total)()).sent += 1
    one.counts.setdefault(kind, type(one.total)()).refused += refused
    one.counts.setdefault(VALID, type(one.total)()).accepted += accepted
    return one


def campaign(**covered):
    return Campaign(examples=10, seed=1, covered={"POST /predict": Covered(**covered)} if covered else {})


@pytest.mark.parametrize(
    ("one", "asked", "said"),
    [
        (trial(sent=0), campaign(), "no request was generated"),
        (trial(), campaign(answered=10), "POST /predict was not reached"),
        (trial(kind=VALID), campaign(answered=10, reached=10), "no schema to violate"),
        (trial(), campaign(answered=10, reached=10), "accepts none of"),
        (trial(over="the time budget of 1 s was used up"), campaign(answered=9, reached=9, accepted=9), "time_budget"),
    ],
)
def test_generated_requests_that_say_nothing_are_inconclusive(one, asked, said):
    (verdict,) = input_verdict.generated(one, asked, {})
    assert verdict.outcome == "inconclusive"
    assert said in verdict.message


def test_generated_requests_that_were_answered_as_they_should_pass():
    (verdict,) = input_verdict.generated(trial(), campaign(answered=20, reached=20, accepted=10), {})
    assert verdict.outcome == "passed"


def test_a_rate_limit_is_inconclusive():
    limited = trial()
    limited.notes["turned away with 429"] = 4
    (verdict,) = input_verdict.corpus(limited, {}, json=True)
    assert verdict.outcome == "inconclusive"
    assert "4 turned away with 429" in verdict.message


def test_a_good_request_without_json_leaves_nothing_to_malform():
    (verdict,) = input_verdict.corpus(trial(), {}, json=False)
    assert (verdict.outcome, verdict.message) == (
        "inconclusive",
        "the good request has no JSON body that could be malformed",
    )


def test_nothing_sent_is_never_a_pass():
    (verdict,) = input_verdict.injections(trial(sent=0), {}, [], log=True)
    assert verdict.outcome == "inconclusive"


def test_many_findings_are_shown_in_part_and_counted():
    much = trial()
    for number in range(14):
        much.findings["accepted", "odd text", str(number)] = Finding(
            kind="odd text", sentence=f"case {number}", line="curl"
        )
    (verdict,) = input_verdict.corpus(much, {}, json=True)
    assert verdict.message.count("\n  curl") == 10
    assert "\nand 4 more kinds of finding\n" in verdict.message
    assert verdict.message.endswith('allow = { "odd text" = "why" }')
