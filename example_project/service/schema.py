"""Says what a request may hold and what an answer holds; the OpenAPI document is made from it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

MAX_INSTANCES = 100


def whole(value: Any) -> Any:
    """39.0 is an integer to JSON Schema, and it is what a table with empty cells sends."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


# Bounds are those of the questionnaire, not of the rows that happened to be in the training file.
Whole = BeforeValidator(whole)
Age = Annotated[int, Field(ge=17, le=120), Whole]
Schooling = Annotated[int, Field(ge=1, le=16), Whole]
Dollars = Annotated[int, Field(ge=0, le=99_999), Whole]
Hours = Annotated[int, Field(ge=1, le=99), Whole]
# What the training data name, and "?", which they write for unknown. The model takes any other word for unknown too;
# the service does not, since a word that nobody knows is a client's mistake.
Workclass = Literal[
    "Federal-gov",
    "Local-gov",
    "Never-worked",
    "Private",
    "Self-emp-inc",
    "Self-emp-not-inc",
    "State-gov",
    "Without-pay",
    "?",
]
MaritalStatus = Literal[
    "Divorced",
    "Married-AF-spouse",
    "Married-civ-spouse",
    "Married-spouse-absent",
    "Never-married",
    "Separated",
    "Widowed",
    "?",
]
Occupation = Literal[
    "Adm-clerical",
    "Armed-Forces",
    "Craft-repair",
    "Exec-managerial",
    "Farming-fishing",
    "Handlers-cleaners",
    "Machine-op-inspct",
    "Other-service",
    "Priv-house-serv",
    "Prof-specialty",
    "Protective-serv",
    "Sales",
    "Tech-support",
    "Transport-moving",
    "?",
]
Label = Literal["<=50K", ">50K"]
Share = Annotated[float, Field(ge=0, le=1)]


class Closed(BaseModel):
    """No unknown field, and no text where a number belongs."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Instance(Closed):
    """One person in the words of the census. No column may be left out: an unknown number is null, a word "?"."""

    age: Age | None
    education_num: Schooling | None = Field(alias="education-num", description="1 is preschool, 16 a doctorate.")
    capital_gain: Dollars | None = Field(alias="capital-gain", description="Dollars a year; 99,999 stands for more.")
    capital_loss: Dollars | None = Field(alias="capital-loss", description="Dollars a year.")
    hours_per_week: Hours | None = Field(alias="hours-per-week")
    workclass: Workclass
    marital_status: MaritalStatus = Field(alias="marital-status")
    occupation: Occupation


EXAMPLE: dict[str, Any] = {
    "instances": [
        {
            "age": 50,
            "education-num": 16,
            "capital-gain": 0,
            "capital-loss": 0,
            "hours-per-week": 60,
            "workclass": "Self-emp-inc",
            "marital-status": "Married-civ-spouse",
            "occupation": "Prof-specialty",
        }
    ]
}


class Batch(Closed):
    """What a client asks about."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    instances: Annotated[list[Instance], Field(min_length=1, max_length=MAX_INSTANCES)]


class ModelIdentity(Closed):
    """Which model speaks: its release, and the digest of the file it was read from."""

    version: str
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class Answer(Closed):
    """One prediction and one row of probabilities for each instance, in the order in which they were sent."""

    model: ModelIdentity
    classes: list[Label] = Field(description="What the columns of the probabilities stand for.")
    predictions: list[Label]
    probabilities: list[list[Share]]


class Alive(Closed):
    """The process answers."""

    status: Literal["alive"] = "alive"


class Ready(Closed):
    """The model was loaded and has answered."""

    status: Literal["ready"] = "ready"
    model: ModelIdentity


class Place(Closed):
    """One mistake in a request: where it is, and what is expected there. What was sent is not repeated."""

    where: str
    message: str


class Problem(Closed):
    """Why a request was not answered."""

    reason: str = Field(description="A word for programs.")
    message: str = Field(description="A sentence for people.")
    places: list[Place] = []
