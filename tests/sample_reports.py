"""Documents to render: a mixed one, and one in which every field from outside is hostile."""

from __future__ import annotations

from given import TODAY, facts, outcome, signed, waiver

from pytest_mlready.gate import Policy, shortfalls
from pytest_mlready.reports import document
from pytest_mlready.settings import Settings
from pytest_mlready.tally import tally

SECRETS, LIMITS, METRICS = "security.no_secrets", "infrastructure.resource_limits", "model_quality.metric_thresholds"
MODEL = "b" * 64
PROVENANCE = {
    "commit": "a" * 40, "dirty": False, "settings_sha256": "c" * 64, "model_sha256": MODEL,
    "data_sha256": {"train": "d" * 64, "heldout": None}, "seed": 1,
    "versions": {"python": "3.11.7", "pytest-mlready": "0.1.0", "scikit-learn": "1.9.1"}, "trigger": "local",
    "started": "2026-11-23T10:00:00+00:00", "seconds": 1.5, "as_of": TODAY.isoformat(),
}  # fmt: skip
PLACES = {"settings": "service/pyproject.toml", "root": "service/", "tests": ""}
SETTINGS = {"model": {"path": "artifacts/model.skops"}, "data": {"train": "data/train.parquet"}, "version": "3.1"}
HOSTILE = (
    "<script>alert('x')</script>\x1b[31m \u202e @someone #12 https://evil.example [a](javascript:alert(1)) ``` "
    "| cell | ![i](x.png) *b* _u_ ~~s~~ $x$ www.evil.example a@b.example <!-- --> </details> GH-12\n\n# Heading\n"
    "::error file=x::y %0A {0} &amp;"
)


def built(catalog, some, *, policy=None, trouble=(), bare=(), system="income", provenance=(), places=True, **settings):
    """The document of a run with these facts."""
    made = tally(catalog, some)
    policy = policy or Policy()
    whole = document.build(
        made, policy=policy, shortfalls=shortfalls(made, policy), provenance={**PROVENANCE, **dict(provenance)},
        settings=Settings.model_validate({"system": system, "task": "binary-classification", **SETTINGS, **settings}),
        trouble=trouble, bare=bare,
    )  # fmt: skip
    return {**whole, "places": PLACES} if places else whole


def mixed(catalog, **more):
    """Failures with places, a waiver, what could not tell, attestations and measured metrics."""
    limits = (
        'deploy/app.yaml:12, container "api": no memory limit\ndeploy/app.yaml:31, container "log": no memory limit'
    )
    evidence = ({"name": "roc_auc", "value": 0.927, "min": 0.9, "interval": [0.92, None], "n": 16281},)
    some = facts(
        outcome(SECRETS, "failed", id="tests/test_ours.py::test_secrets", message="3 secrets found", line=7),
        outcome(LIMITS, "failed", id="mlready::infrastructure::resource_limits::test_it", message=limits, builtin=True),
        outcome("security.authentication", "failed", message="no token is asked for", builtin=True, id="mlready::x"),
        outcome("monitoring.feature_drift", "inconclusive", message="too few rows", builtin=True, id="mlready::y"),
        outcome(METRICS, id="mlready::model_quality::metric_thresholds::test_it", evidence=evidence, builtin=True),
        attestations=(signed("rollback.communication_plan"),),
        waivers=(waiver("security.authentication"),),
    )  # fmt: skip
    return built(catalog, some, **more)


def hostile(catalog):
    """Whatever comes from outside, with everything in it that any format could take for its own."""
    entry = {"name": HOSTILE, "value": HOSTILE, "unit": HOSTILE, "note": HOSTILE, "min": 0.5}
    number = {"name": HOSTILE, "value": 0.7, "unit": HOSTILE, "min": 0.5}
    some = facts(
        outcome(SECRETS, "failed", id=f"{HOSTILE}::test", message=HOSTILE, evidence=(entry,)),
        outcome(LIMITS, "error", id="mlready::z", message=HOSTILE, builtin=True),
        outcome(METRICS, id="mlready::m", evidence=(entry, number), builtin=True),
        attestations=(signed(SECRETS, HOSTILE),),
        not_applicable={"data.feature_cost": HOSTILE},
        waivers=(),
    )
    made = built(
        catalog, some, policy=Policy(required=(SECRETS, HOSTILE)), system=HOSTILE, trouble=[HOSTILE], bare=[HOSTILE]
    )
    move = {"item": SECRETS, "from": 1, "to": 0, "was": "verified", "is": "failed", "reason": HOSTILE}
    made["compared"] = {
        "with": {"path": HOSTILE, "started": "2026-11-20T10:00:00+00:00", "commit": None},
        "scores": {"checklist": [0.5, 0.4], "ml_test_score": [None, 0]}, "rose": [], "fell": [move], "new": [], "gone": [],
        "metrics": [], "tightened": [], "policy_known": True,
        "loosened": [{"what": "metrics.roc_auc.min", "from": 0.9, "to": 0.8, "reason": HOSTILE}],
    }  # fmt: skip
    made["next_steps"] = [{"items": [SECRETS], "gain": HOSTILE, "why": HOSTILE, "lines": [HOSTILE, "```"]}]
    made["expiring"] = [{"item": SECRETS, "kind": "waiver", "expires": "2026-12-01", "days_left": 8, "by": HOSTILE}]
    return made
