"""What a model says about itself: for whom, on what, how well, under which licence, and what was assumed.

Owns the card's shape. A figure here is a measurement of ours with its k, n and interval; what a foreign
file claims about itself goes into `provenance` under a name that begins with `claimed_`.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Sentence = Annotated[str, Field(max_length=2000)]
Name = Annotated[str, Field(min_length=1, max_length=200)]

BESIDES = ("bin ", "brier", "calibration ", "flagged ", "refused ", "voxel ", "median ", "shortcut ", "probe: ")
"""How figures begin that are on the card and in no short list."""


class Metric(BaseModel):
    """One measured figure: value and interval, how the interval was made, and out of how many."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name = Field(description="sensitivity, specificity, auc, dice, …; with the label where there are several")
    value: float = Field(allow_inf_nan=False)
    lo: float | None = Field(None, allow_inf_nan=False)
    hi: float | None = Field(None, allow_inf_nan=False)
    method: str | None = Field(None, max_length=200, description="of the interval")
    k: int | None = Field(None, ge=0, description="of a proportion, the hits")
    n: int | None = Field(None, ge=0, description="cases, or patients, behind the figure")
    split: str = Field("", max_length=200, description="which cases")
    unit: str = Field("case", max_length=64, description="what was counted, or the unit of the value")
    subgroup: str = Field("", max_length=200, description="which of the split's cases, where it is not all of them")

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if self.k is not None and (self.n is None or self.k > self.n):
            raise ValueError("k: needs an n that is not smaller")
        return self


class Card(BaseModel):
    """The facts beside the weights.

    scenario, key_metric : when to choose this model, and the figure that says so, as 'auc | official_test', for the
    shelf's selection guide. maturity : 'released' models have a gate, and figures of cases that neither taught nor
    chose; classifiers operating points and figures of another population too.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    display_name: str = Field("", max_length=24, description="what the dropdown shows")
    summary: Sentence = ""
    scenario: Sentence = ""
    key_metric: str = Field("", max_length=200)
    intended_use: Sentence = "Research and teaching."
    not_for: Sentence = "Diagnosis or any decision about a patient."
    maturity: Literal["early", "released", "imported"] = "early"
    trained_on: Sentence = ""
    licence: Sentence = ""
    citations: tuple[Sentence, ...] = Field((), max_length=64)
    limits: tuple[Sentence, ...] = Field((), max_length=64)
    metrics: tuple[Metric, ...] = Field((), max_length=512)
    provenance: dict[Name, Sentence] = Field(default_factory=dict, max_length=128)
    assumed: tuple[Sentence, ...] = Field((), max_length=64, description="preprocessing that the file did not state")

    @property
    def key_split(self) -> str | None:
        """The split whose figures stand for the model: that of the key metric, else the last one with an interval."""
        named = self.key_metric.rpartition(" | ")[2]
        measured = [m.split for m in self.metrics if m.lo is not None and not m.subgroup]
        return named if named in measured else measured[-1] if measured else None

    @property
    def key_figures(self) -> tuple[Metric, ...]:
        """The few figures of that split that a page or a list shows: with an interval, and of all its cases."""
        found: dict[str, Metric] = {}
        for m in self.metrics:
            if m.split == self.key_split and m.lo is not None and not m.subgroup and not m.name.startswith(BESIDES):
                found.setdefault(m.name, m)
        return tuple(found.values())
