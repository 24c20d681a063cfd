"""Rules whose absence the demo itself must notice, by the exit status of its own judge."""

from __future__ import annotations

from breach import Breach, Demo, Edit

DEMO_BREACHES = (
    Breach(
        "lead: preparation begins when everything should be there",
        (
            Edit(
                "planning/lead.py",
                "    return float(math.ceil(terms + max(settings.margin_min, "
                "terms * settings.margin_percent / 100)))\n",
                "    return 0.0 * terms\n",
            ),
        ),
        Demo(),
    ),
    Breach(
        "latch: the begin is estimated anew each time, from what runs now",
        (
            Edit(
                "planning/timeline.py",
                "        prepare_at = latch.stored.prepare_at\n",
                "        prepare_at = estimate\n",
            ),
            Edit(
                "planning/projection.py",
                "        found[workload] = Target(site.original, ",
                "        found[workload] = Target(max(site.original, getattr(site.facts, 'replicas', 0)), ",
            ),
        ),
        Demo(),
    ),
    Breach(
        "ratchet: a floor is what was divided last",
        (
            Edit(
                "planning/ratchet.py",
                "        if cluster not in outdated:\n"
                "            found[cluster] = _raised(stored, division)\n",
                "        if cluster not in outdated:\n            found[cluster] = Floor(segment=segment, "
                "replicas=division, required=required, division=division, basis=basis)\n",
            ),
        ),
        Demo(4),
    ),
    Breach(
        "ledger: nothing is stored before the first write",
        (
            Edit(
                "engine/passes.py",
                "        unstored = await self._storing.all(made)\n",
                "        unstored: tuple[Unstored, ...] = ()\n",
            ),
        ),
        Demo(),
    ),
    Breach(
        "make before break: a move takes before it has added",
        (
            Edit(
                "planning/rebalance.py",
                "    if move.phase is Phase.ADDING and to.replicas >= move.to_floor:\n"
                "        return replace(move, phase=Phase.WARMING, at=now)\n",
                "    if move.phase is Phase.ADDING:\n"
                "        return replace(move, phase=Phase.TAKING, at=now)\n",
            ),
        ),
        Demo(4),
    ),
)
