"""GalaCue, what the show-caller says: the show runs late, this round is skipped, stop."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from gala.api.meta import API_VERSION, Name, ObjectMeta, ObjectName
from gala.api.model import Model, Observed, Rule
from gala.api.scalars import Instant, SignedDuration


class CueAction(StrEnum):
    """What is asked for."""

    START = "Start"
    SLIP = "Slip"
    EXTEND = "Extend"
    END = "End"
    SKIP = "Skip"
    PAUSE = "Pause"
    RESUME = "Resume"
    RELEASE = "Release"


class CuePhase(StrEnum):
    """What became of a cue."""

    APPLIED = "Applied"
    REJECTED = "Rejected"


class CueEventRef(Model):
    """An event in the cue's own namespace."""

    name: ObjectName
    """Name of the GalaEvent."""


class GalaCueSpec(Model):
    """One instruction; it cannot be changed, its opposite can be said."""

    RULES: ClassVar[tuple[Rule, ...]] = (
        Rule("self == oldSelf", "a cue cannot be changed; write another one that says the opposite"),
        Rule(
            "has(self.by) == (self.action in ['Slip', 'Extend'])",
            "Slip and Extend need `by`, as 90s, and no other action has it",
            lambda cue: (cue.by is not None) == (cue.action in (CueAction.SLIP, CueAction.EXTEND)),
        ),
        Rule(
            "!has(self.by) || self.action != 'Extend' || !self.by.startsWith('-')",
            "Extend only makes a round longer; write End to end it sooner",
            lambda cue: cue.by is None or cue.action is not CueAction.EXTEND or cue.by >= 0,
        ),
        Rule(
            "self.action != 'Skip' || has(self.round)",
            "Skip needs `round`; write the name of the round that is left out",
            lambda cue: cue.action is not CueAction.SKIP or cue.round is not None,
        ),
    )

    event_ref: CueEventRef
    """The event it is about."""
    action: CueAction
    """What is asked for."""
    round: Name | None = None
    """The round it is about; the current or next one if absent."""
    by: SignedDuration | None = None
    """By how much, for `Slip` (may be negative) and `Extend`."""
    reason: Annotated[str, StringConstraints(max_length=1024)] = ""
    """Why, for those who read it later."""


class GalaCueStatus(Observed):
    """What became of it."""

    phase: CuePhase | None = None
    """`Applied` or `Rejected`; absent until judged."""
    message: Annotated[str, StringConstraints(max_length=4096)] = ""
    """What changed, or why nothing did."""
    applied_at: Instant | None = None
    """When it was judged."""
    observed_generation: int = Field(default=0, ge=0)
    """The generation that was judged."""


class GalaCue(Model):
    """An instruction of the show-caller, given while the show runs."""

    api_version: Literal["gala.dev/v1alpha1"] = API_VERSION
    kind: Literal["GalaCue"] = "GalaCue"
    metadata: ObjectMeta
    spec: GalaCueSpec
    status: GalaCueStatus | None = None
