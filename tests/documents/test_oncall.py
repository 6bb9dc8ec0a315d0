from __future__ import annotations

import datetime as dt
import json

import pytest

from pytest_mlready.documents.oncall import calendar, codeowners, exports, recurrence, shifts

NOW = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)  # a Tuesday
END = NOW + dt.timedelta(days=14)
WEEKLY = "RRULE:FREQ=WEEKLY;INTERVAL=2"


def event(summary, start="20260105T090000Z", end="20260112T090000Z", *lines):
    return "\r\n".join(["BEGIN:VEVENT", f"UID:{summary}{start}", f"DTSTART:{start}" if ":" not in start else f"DTSTART;{start}",
                        f"DTEND:{end}" if ":" not in end else f"DTEND;{end}", f"SUMMARY:{summary}", *lines, "END:VEVENT"])  # fmt: skip


def ics(*events, head=()):
    return "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", *head, *events, "END:VCALENDAR", ""])


def pair(first="Ada", second="Grace", rule=WEEKLY):
    """Two people who take turns by the week, the other one as second."""
    other = ("20260112T090000Z", "20260119T090000Z")
    return [
        event(f"Primary: {first}", "20260105T090000Z", "20260112T090000Z", rule),
        event(f"Primary: {second}", *other, rule),
        event(f"Secondary: {second}", "20260105T090000Z", "20260112T090000Z", rule),
        event(f"Secondary: {first}", *other, rule),
    ]


def judged(text, *, now=NOW, levels=2, level=1):
    schedule = calendar.read(text, shown="on-call.ics", level=level, since=now, before=now + dt.timedelta(days=14))
    verdicts = shifts.judge(schedule, now=now, days=14, levels=levels)
    worst = next((w for w in ("failed", "inconclusive") if any(v.outcome == w for v in verdicts)), "passed")
    return worst, "\n".join(v.message for v in verdicts if v.outcome == worst)


@pytest.mark.parametrize("now", [NOW, NOW + dt.timedelta(days=400), dt.datetime(2044, 2, 29, tzinfo=dt.UTC)])
def test_a_rotation_without_an_end_never_goes_stale(now):
    assert judged(ics(*pair()), now=now)[0] == "passed"


GREEN = {
    "daily": ics(event("Primary: Ada", "20260101T000000Z", "20260102T000000Z", "RRULE:FREQ=DAILY"), event("Backup: Grace", "20260101T000000Z", "20260102T000000Z", "RRULE:FREQ=DAILY")),
    "single events": ics(event("On call: Ada (primary)", "20261101T000000Z", "20270101T000000Z"), event("L2 Grace", "20261101T000000Z", "20270101T000000Z")),
    "whole days": ics(event("Ada", "VALUE=DATE:20261101", "VALUE=DATE:20270101"), event("Level 2 - Grace", "VALUE=DATE:20261101", "VALUE=DATE:20270101")),
    "a duration": ics(event("Ada", "20261101T000000Z", "20261101T000000Z").replace("DTEND:20261101T000000Z", "DURATION:P8W"), event("Tier 2: Grace", "20261101T000000Z", "20270101T000000Z")),
    "attendees": ics(event("Primary on call", "20261101T000000Z", "20270101T000000Z", 'ATTENDEE;CN="Ada: L":mailto:a@x.example'), event("Secondary on call", "20261101T000000Z", "20270101T000000Z", "ATTENDEE:mailto:g@x.example")),
    "days of the week": ics(event("Primary Ada", "20260105T000000Z", "20260106T000000Z", "RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"), event("Primary Grace", "20260110T000000Z", "20260111T000000Z", "RRULE:FREQ=WEEKLY;BYDAY=SA,SU"), event("Secondary Lin", "20260101T000000Z", "20260102T000000Z", "RRULE:FREQ=DAILY")),
    "folded lines": ics(*pair()).replace("SUMMARY:Primary: Ada", "SUMMARY:Prim\r\n ary: A\r\n da"),
    "a second short": ics(event("Ada", "20261101T000000Z", "20261130T235959Z"), event("Ada", "20261201T000000Z", "20270101T000000Z"), event("L2 Grace", "20261101T000000Z", "20270101T000000Z")),
    "an end far away": ics(*pair(rule=WEEKLY + ";UNTIL=20300101T000000Z")),
    "a count that reaches": ics(*pair(rule=WEEKLY + ";COUNT=200")),
    "a time zone": ics(event("Ada", "TZID=Europe/Berlin:20260105T090000", "TZID=Europe/Berlin:20260112T090000", "RRULE:FREQ=WEEKLY"), event("L2 Grace", "20260101T000000Z", "20260102T000000Z", "RRULE:FREQ=DAILY")),
    "somebody stands in": ics(
        event("Ada", "20260105T090000Z", "20260112T090000Z", "RRULE:FREQ=WEEKLY", "EXDATE:20261130T090000Z"),
        event("Lin", "20261130T090000Z", "20261207T090000Z"),
        event("L2 Grace", "20260101T000000Z", "20260102T000000Z", "RRULE:FREQ=DAILY")),
}  # fmt: skip


@pytest.mark.parametrize("text", GREEN.values(), ids=GREEN)
def test_a_schedule_without_a_gap_passes_in_every_shape(text):
    assert judged(text)[0] == "passed", judged(text)


RED = {
    "a gap": (ics(event("Ada", "20261101T000000Z", "20261128T000000Z"), event("Ada", "20261129T000000Z", "20270101T000000Z"), event("L2 Grace", "20261101T000000Z", "20270101T000000Z")), "nobody is on call from 2026-11-28 00:00 to 2026-11-29 00:00"),
    "working hours": (ics(event("Ada", "20260105T080000Z", "20260105T180000Z", "RRULE:FREQ=DAILY"), event("L2 Grace", "20260101T000000Z", "20260102T000000Z", "RRULE:FREQ=DAILY")), "level 1: nobody is on call from"),
    "no weekends": (ics(event("Ada", "20260105T000000Z", "20260106T000000Z", "RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"), event("L2 Grace", "20260101T000000Z", "20260102T000000Z", "RRULE:FREQ=DAILY")), "2026-11-28 00:00 to 2026-11-30 00:00"),
    "one level": (ics(event("Ada", "20260101T000000Z", "20260102T000000Z", "RRULE:FREQ=DAILY")), "level 2: nobody is on call"),
    "one person on both": (ics(event("Primary: Ada", "20260101T000000Z", "20260102T000000Z", "RRULE:FREQ=DAILY"), event("Secondary: Ada", "20260101T000000Z", "20260102T000000Z", "RRULE:FREQ=DAILY")), "nobody other than who is called first"),
    "a vacant week": (ics(*pair(second="TBD")), "level 1: nobody is on call from"),
    "nobody named": (ics(event("On-call", "20261101T000000Z", "20270101T000000Z"), event("L2 Grace", "20261101T000000Z", "20270101T000000Z")), "level 1: nobody is on call"),
    "an exception that nobody fills": (ics(event("Ada", "20260105T090000Z", "20260112T090000Z", "RRULE:FREQ=WEEKLY", "EXDATE:20261130T090000Z"), event("L2 Grace", "20260101T000000Z", "20260102T000000Z", "RRULE:FREQ=DAILY")), "2026-11-30 09:00 to 2026-12-07 09:00"),
    "cancelled": (ics(event("Ada", "20261101T000000Z", "20270101T000000Z", "STATUS:CANCELLED"), event("L2 Grace", "20261101T000000Z", "20270101T000000Z")), "level 1: nobody is on call"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "words"), RED.values(), ids=RED)
def test_a_gap_or_a_missing_level_fails(text, words):
    outcome, message = judged(text)
    assert outcome == "failed"
    assert words in message


UNCLEAR = {
    "out of date": (ics(event("Ada", "20260101T000000Z", "20260201T000000Z")), "the export ends on 2026-02-01"),
    "too short": (ics(event("Ada", "20261101T000000Z", "20261130T000000Z"), event("L2 Grace", "20261101T000000Z", "20261130T000000Z")), "export at least until"),
    "a monthly rule": (ics(event("Ada", "20260105T090000Z", "20260112T090000Z", "RRULE:FREQ=MONTHLY;BYDAY=1MO")), "not understood: on-call.ics: Ada: the rule FREQ=MONTHLY"),
    "a zone of its own": (ics(event("Ada", "TZID=W. Nowhere Time:20260105T090000", "TZID=W. Nowhere Time:20260112T090000")), "the time zone W. Nowhere Time"),
    "no calendar": ("hello", "on-call.ics is no calendar"),
    "a damaged date": (ics(event("Ada", "2026", "2027")), "not understood"),
    "further dates": (ics(event("Ada", "20260105T090000Z", "20260112T090000Z", "RDATE:20260201T090000Z")), "RDATE"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "words"), UNCLEAR.values(), ids=UNCLEAR)
def test_what_is_out_of_date_or_not_understood_is_inconclusive(text, words):
    outcome, message = judged(text)
    assert outcome == "inconclusive"
    assert words in message


def test_an_occurrence_that_was_moved_is_replaced():
    moved = event("L2 Lin", "20261124T000000Z", "20261125T000000Z", "RECURRENCE-ID:20261124T000000Z").replace(
        "UID:L2 Lin20261124T000000Z", "UID:L2 Grace20260101T000000Z"
    )
    daily = event("L2 Grace", "20260101T000000Z", "20260102T000000Z", "RRULE:FREQ=DAILY")
    found = calendar.read(ics(daily, moved), shown="x", level=1, since=NOW, before=END)
    today = [s.who for s in found.shifts if s.start <= NOW < s.end]
    assert today == ["Lin"]


def test_the_calendars_name_and_the_file_say_the_level(tmp_path):
    named = ics(event("Ada", "20261101T000000Z", "20270101T000000Z"), head=["X-WR-CALNAME:Income secondary"])
    assert calendar.read(named, shown="x", level=1, since=NOW, before=END).shifts[0].level == 2
    for name in ("first.ics", "on-call-secondary.ics"):
        (tmp_path / name).write_text(ics(event(name[:5], "20261101T000000Z", "20270101T000000Z")))
    found = exports.read(
        [tmp_path / "on-call-secondary.ics", tmp_path / "first.ics"], ["a", "b"], since=NOW, before=END
    )
    assert [s.level for s in found.shifts] == [2, 1]


def occurrences(rule, first=dt.datetime(2026, 1, 5, 9, tzinfo=dt.UTC), **window):
    given = {"before": first + dt.timedelta(days=60), "since": first, **window}
    parsed = recurrence.parse(rule, lambda text: dt.datetime.strptime(text, "%Y%m%d").replace(tzinfo=dt.UTC))
    return [f"{moment:%m-%d}" for moment in recurrence.starts(first, parsed, **given)]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("FREQ=WEEKLY;COUNT=3", ["01-05", "01-12", "01-19"]),
        ("FREQ=WEEKLY;INTERVAL=2;COUNT=3", ["01-05", "01-19", "02-02"]),
        ("FREQ=DAILY;INTERVAL=10;COUNT=3", ["01-05", "01-15", "01-25"]),
        ("FREQ=WEEKLY;BYDAY=WE,MO;COUNT=4", ["01-05", "01-07", "01-12", "01-14"]),
        ("FREQ=DAILY;BYDAY=SA,SU;COUNT=3", ["01-10", "01-11", "01-17"]),
        ("FREQ=WEEKLY;UNTIL=20260120", ["01-05", "01-12", "01-19"]),
        ("FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=SU,MO;COUNT=4", ["01-05", "01-18", "01-19", "02-01"]),
    ],
)
def test_rules_recur_as_the_standard_says(rule, expected):
    assert occurrences(rule) == expected


def test_a_rule_of_years_is_not_gone_through_from_its_beginning():
    since = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
    first = dt.datetime(1975, 1, 6, tzinfo=dt.UTC)
    found = occurrences("FREQ=DAILY", first=first, since=since, before=since + dt.timedelta(days=2))
    assert found == ["11-01", "11-02"]


def test_a_week_stays_a_week_when_clocks_change():
    text = ics(
        event("Ada", "TZID=Europe/Berlin:20261019T090000", "TZID=Europe/Berlin:20261026T090000", "RRULE:FREQ=WEEKLY")
    )
    since = dt.datetime(2026, 10, 20, tzinfo=dt.UTC)
    found = calendar.read(text, shown="x", level=1, since=since, before=since + dt.timedelta(days=14)).shifts
    starts = [
        s.start.astimezone(dt.UTC).hour for s in found if s.start.astimezone(dt.UTC).month == 10 and s.start.day > 18
    ]
    assert starts == [7, 8], "09:00 in Berlin, in summer and in winter"


SHIFT = {"start": "2026-11-01T00:00:00Z", "end": "2027-01-01T00:00:00+00:00"}
EXPORTS = {
    "PagerDuty on-calls": {"oncalls": [
        {**SHIFT, "escalation_level": 1, "user": {"summary": "Ada"}}, {"start": None, "end": None, "escalation_level": 2, "user": {"summary": "Grace"}},
    ]},
    "PagerDuty schedules": {"schedules": [
        {"name": "Income primary", "final_schedule": {"rendered_schedule_entries": [{**SHIFT, "user": {"summary": "Ada"}}]}},
        {"name": "Income secondary", "final_schedule": {"rendered_schedule_entries": [{**SHIFT, "user": {"summary": "Grace"}}]}},
    ]},
    "Opsgenie": {"data": {"finalTimeline": {"rotations": [
        {"name": "First level", "periods": [{"startDate": SHIFT["start"], "endDate": SHIFT["end"], "recipient": {"type": "user", "name": "ada@x.example"}}]},
        {"name": "Second level", "periods": [{"startDate": SHIFT["start"], "endDate": SHIFT["end"], "recipient": {"name": "grace@x.example"}}]},
    ]}}},
}  # fmt: skip


def exported(tmp_path, *contents):
    paths = []
    for number, content in enumerate(contents):
        paths.append(tmp_path / f"export{number}.json")
        paths[-1].write_text(json.dumps(content))
    schedule = exports.read(paths, [p.name for p in paths], since=NOW, before=END)
    return [v.outcome for v in shifts.judge(schedule, now=NOW, days=14, levels=2)]


@pytest.mark.parametrize("content", EXPORTS.values(), ids=EXPORTS)
def test_exports_of_paging_tools_are_read(tmp_path, content):
    assert exported(tmp_path, content) == ["passed", "passed"]


def grafana(name):
    return {"results": [{"user_username": name, "shift_start": SHIFT["start"], "shift_end": SHIFT["end"]}]}


def test_grafanas_final_shifts_are_read_one_file_a_level(tmp_path):
    assert exported(tmp_path, grafana("ada"), grafana("grace")) == ["passed", "passed"]
    assert exported(tmp_path, grafana("ada"), grafana("ada")) == ["passed", "failed"]
    assert exported(tmp_path, grafana("ada")) == ["passed", "failed"]


@pytest.mark.parametrize(
    "content",
    [{}, [], {"x": 1}, {"oncalls": []}, {"schedule": {"name": "x"}}, {"oncalls": [{"start": "soon", "user": {}}]}],
)
def test_another_form_is_not_understood(tmp_path, content):
    assert "inconclusive" in exported(tmp_path, content)
    assert "passed" not in exported(tmp_path, content)


def test_an_export_that_ended_is_inconclusive(tmp_path):
    old = {"oncalls": [{"start": "2026-01-01T00:00:00Z", "end": "2026-02-01T00:00:00Z", "user": {"summary": "Ada"}}]}
    assert exported(tmp_path, old) == ["inconclusive"]


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("Primary: Mina Castellanos", "Mina Castellanos"), ("Mina Castellanos (Secondary)", "Mina Castellanos"),
        ("On Call - Mina Castellanos - Primary schedule", "Mina Castellanos"), ("On-call", ""), ("TBD", ""), ("Primary: ?", ""),
        ("Unassigned", ""), ("mina@x.example", "mina@x.example"), ("Jean-Luc", "Jean-Luc"),
    ],
)  # fmt: skip
def test_who_is_named(text, who):
    assert shifts.person(text) == who


OWNERS = """# comment
*            @acme/everybody
/artifacts/  @acme/ml ada@example.org  # the models
docs/*       @acme/docs
*.tf
/vendor/
"""


@pytest.mark.parametrize(
    ("path", "owners"),
    [
        ("artifacts/model.skops", ("@acme/ml", "ada@example.org")), ("artifacts/a/b.onnx", ("@acme/ml", "ada@example.org")),
        ("other/artifacts/x", ("@acme/everybody",)), ("docs/a.md", ("@acme/docs",)), ("docs/a/b.md", ("@acme/everybody",)),
        ("deep/main.tf", ()), ("vendor/x", ()), ("pyproject.toml", ("@acme/everybody",)),
    ],
)  # fmt: skip
def test_the_last_line_that_fits_decides(path, owners):
    assert codeowners.owner(codeowners.parse(OWNERS), path).owners == owners


def test_sections_of_gitlab_lend_their_owners():
    lines = codeowners.parse("[Models][2] @acme/ml\nartifacts/\nREADME.md @acme/docs\n^[Optional]\nx/\n")
    found = {line.pattern: line.owners for line in lines}
    assert found == {"artifacts/": ("@acme/ml",), "README.md": ("@acme/docs",), "x/": ()}


def owned(text, expected=None, paths=("artifacts/model.skops",)):
    return codeowners.judge(codeowners.parse(text), paths, shown="CODEOWNERS", expected=expected)


def test_an_owner_of_the_model_passes():
    assert owned(OWNERS).outcome == "passed"
    assert owned(OWNERS, "@ACME/ml").outcome == "passed"


@pytest.mark.parametrize(
    ("text", "expected", "words"),
    [
        ("docs/ @acme/docs\n", None, "has no line for artifacts/model.skops"),
        ("* @acme/ml\n/artifacts/\n", None, "CODEOWNERS:2 (/artifacts/) takes every owner from"),
        ("* @your-org/your-team\n", None, "@your-org/your-team is a placeholder"),
        ("* @acme/web\n", "@acme/ml", "belongs to @acme/web; expected @acme/ml"),
        ("", None, "has no line"),
        ("* nobody\n", None, "takes every owner"),
    ],
)
def test_a_model_without_an_owner_fails(text, expected, words):
    verdict = owned(text, expected)
    assert verdict.outcome == "failed"
    assert words in verdict.message


def test_codeowners_is_found_where_forges_look(tmp_path):
    assert codeowners.find([tmp_path]) is None
    for place in reversed(codeowners.PLACES):
        (tmp_path / place).parent.mkdir(exist_ok=True)
        (tmp_path / place).write_text("")
        assert codeowners.find([tmp_path / "project", tmp_path]) == (tmp_path / place, tmp_path)


def test_an_owner_in_the_catalogue_is_found(tmp_path):
    path = tmp_path / "catalog-info.yaml"
    path.write_text("kind: Location\n---\nkind: Component\nmetadata: {name: income}\nspec: {owner: team-income}\n")
    assert codeowners.catalogued(path) == ("income", "team-income")
    path.write_text("kind: Component\nspec: {owner: ''}\n")
    assert codeowners.catalogued(path) is None


@pytest.mark.parametrize("title", ["Primary: Ada on vacation", "Public holiday", "Ada PTO"])
def test_an_absence_in_the_calendar_is_nobodys_shift(title):
    before = event("Ada", "20261101T000000Z", "20261126T000000Z")
    after = event("Ada", "20261201T000000Z", "20270101T000000Z")
    away = event(title, "20261126T000000Z", "20261201T000000Z")
    assert judged(ics(before, away, after), levels=1)[0] == "failed"


def test_events_beyond_the_most_are_said_to_be_unread(monkeypatch):
    monkeypatch.setattr(calendar, "MOST_EVENTS", 2)
    outcome, told = judged(
        ics(*[event(f"Ada {n}", "20261101T000000Z", "20270101T000000Z") for n in range(4)]), levels=1
    )
    assert outcome == "inconclusive"
    assert "were not read" in told
