"""How the process itself is doing, as a value: what health checks and metrics both speak of."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Vitals:
    """Ages are seconds; those that others measured are None where it never happened."""

    loop_age: float = 0.0
    """Since the engine's event loop last had time for anything."""
    turn_age: float = 0.0
    """Since a turn of the operator's loop came to its end, whatever came of it."""
    pass_age: float = 0.0
    """Since a pass came to its end, or the lead was taken over; 0.0 in a process that does not lead."""
    passes: int = 0
    """Since the process started; so are the next three."""
    undecided: int = 0
    """Passes that decided nothing, because the ledger could not be read or a cache was late."""
    faults: int = 0
    """Turns that failed by a fault of our own."""
    jumps: int = 0
    """Times the wall clock was set."""
    leads: bool = False
    synced: bool = False
    """Every kind has been listed once."""
    lease_problem: str = ""
    """Why the Lease could be neither read nor written; empty where it could."""
    listed_age: float | None = None
    watched_age: float | None = None
    """Since the older of both watches was opened; it is opened anew every five minutes."""
    intake_restarts: int = 0
    intake_problem: str = ""
    """What is wrong with listing or watching; empty when all is well."""
