"""How much hypothesis tries: the same examples on every run, and none is ever too slow."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile(
    "gala",
    derandomize=True,
    deadline=None,
    max_examples=60,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("gala")
