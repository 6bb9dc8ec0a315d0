"""Asks whether inputs, errors and outcomes were examined for the groups that protected attributes describe."""

from __future__ import annotations

from pytest_mlready.catalog import Item

ITEM = Item(
    id="model_quality.inclusion",
    title="Inclusion considerations",
    question="Have inputs, errors and outcomes been examined for the people whom protected attributes describe?",
    why=(
        "A model that never sees sex or age can still read both from a postcode or a first name, and a good average "
        "hides that one group bears most of the errors. Products have been withdrawn over differences that one table "
        "by group would have shown before launch. Leaving the attribute out of the data does not help: it only takes "
        "away the means to look."
    ),
    looks_at=(
        "No built-in check yet; mark a test of yours or attest. What counts as evidence: an evaluation on held-out "
        "rows that carry the protected attributes: how strongly each input and the predicted outcome are associated "
        "with each attribute, and error, selection and calibration by group, with intervals. It passes when no "
        "difference is confidently beyond the limit you set, and it states the smallest difference that it could have "
        "seen. A group too small to show that difference is inconclusive, not fine. A bare ratio without an interval, "
        "such as the four-fifths rule on a hundred people, counts for little."
    ),
    how_to_fix=(
        "Write down which groups could be harmed, and how. Obtain their attributes for the held-out set by consent, "
        "survey or a trusted third party, and keep them out of training. Take inputs that act as stand-ins to whoever "
        "owns the policy. Where a group is worse off, collect more of its data, reweight, move the threshold or narrow "
        "the intended use, then measure again."
    ),
    attestation=(
        "Which groups were examined and why these, on which data with how many people in each, the figures with their "
        "uncertainty, which differences remain, and who accepted them on what grounds."
    ),
    about_model=True,
    sources=(
        "Breck et al. 2017, ML Test Score, Model 7: the model has been tested for considerations of inclusion",
        "Hardt, Price, Srebro 2016, Equality of Opportunity in Supervised Learning",
        "Barocas, Hardt, Narayanan 2023, Fairness and Machine Learning",
        "NIST SP 1270 (2022), Towards a Standard for Identifying and Managing Bias in Artificial Intelligence",
    ),
)
