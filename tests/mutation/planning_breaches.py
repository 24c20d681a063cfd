"""Safety rules of planning, each with the tests that must notice its absence."""

from __future__ import annotations

from breach import Breach, Edit, Tests

PLANNING_BREACHES = (
    Breach(
        "never lower on doubt: a doubtful event is stepped home all the same",
        (
            Edit(
                "planning/settle.py",
                "    value = facts.replicas\n    if not case.may_lower:\n"
                "        return Settled(replace(entry, floors=case.floors))\n",
                "    value = facts.replicas\n",
            ),
        ),
        Tests("tests/planning/test_settle_back.py tests/planning/test_lives.py"),
    ),
    Breach(
        "never lower on doubt: inside a hold doubt counts for nothing",
        (
            Edit(
                "planning/settle.py",
                "    if not case.may_lower:\n        return Settled(standing)\n",
                "",
            ),
        ),
        Tests("tests/planning/test_settle.py"),
    ),
    Breach(
        "never lower on doubt: a sample that is missing makes a share of 0",
        (
            Edit(
                "planning/shares.py",
                "        elif cluster.signal_configured and cluster.reachable:\n            return None\n",
                "",
            ),
        ),
        Tests("tests/planning/test_shares.py"),
    ),
    Breach(
        "never lower on doubt: a cluster without a fresh sample is moved from all the same",
        (
            Edit(
                "planning/rebalance.py",
                "    if source.qps is None:\n        return replace(move, phase=Phase.WARMING)\n",
                "    if source.qps is None:\n        source = replace(source, qps=0.0)\n",
            ),
        ),
        Tests("tests/planning/test_rebalance.py tests/planning/test_moves.py"),
    ),
    Breach(
        "a floor is independent of metrics: own need may lower it too",
        (
            Edit(
                "planning/floors.py",
                "        if replicas > raised.floor.replicas:\n",
                "        if replicas != raised.floor.replicas:\n",
            ),
            Edit(
                "planning/need.py",
                "    return needs[0] if min(needs) > floor else None\n",
                "    return needs[0]\n",
            ),
        ),
        Tests("tests/planning/test_need.py tests/planning/test_floors.py tests/planning/test_nights.py"),
    ),
    Breach(
        "down slowly: the next step home does not wait for the pods of the one before",
        (
            Edit(
                "planning/handback.py",
                "    return facts.pods <= facts.replicas or now - entry.since >= settings.step_wait\n",
                "    return True\n",
            ),
        ),
        Tests("tests/planning/test_handback.py tests/planning/test_settle_back.py"),
    ),
    Breach(
        "a hold lasts its cooldown longer: no cooldown",
        (
            Edit(
                "planning/standing.py",
                "now < w.end + cooldown]\n",
                "now < w.end + 0 * cooldown]\n",
            ),
        ),
        Tests("tests/planning/test_standing.py"),
    ),
    Breach(
        "down slowly: one step home whatever maxStepPercent says",
        (
            Edit(
                "planning/handback.py",
                "    return max(goal, value - max(1, -(-percent * (value - original) // 100)))\n",
                "    return goal\n",
            ),
        ),
        Tests("tests/planning/test_handback.py tests/planning/test_settle_back.py"),
    ),
    Breach(
        "never below the original: a hold may want less than what ran before",
        (
            Edit(
                "planning/settle.py",
                "    want = max(goal.replicas, entry.original or 0)\n",
                "    want = goal.replicas\n",
            ),
        ),
        Tests("tests/planning/test_settle.py tests/planning/test_plan.py"),
    ),
    Breach(
        "the original is fixed after the first write",
        (
            Edit(
                "planning/settle.py",
                "    if entry.written is None and not mine and entry.original is not None:\n",
                "    if not mine and entry.original is not None:\n",
            ),
        ),
        Tests("tests/planning/test_settle.py"),
    ),
    Breach(
        "a lost original is never invented",
        (
            Edit(
                "planning/settle.py",
                "    return None if facts.manager == MANAGER else facts.replicas\n",
                "    return facts.replicas\n",
            ),
        ),
        Tests("tests/planning/test_settle.py"),
    ),
    Breach(
        "what a person sets on the way home is left alone",
        (
            Edit(
                "planning/settle.py",
                "    if not ours(entry, facts):\n"
                "        return Settled(None, closed=reasons.CHANGED_BY_OTHER)\n",
                "",
            ),
        ),
        Tests("tests/planning/test_settle_back.py"),
    ),
    Breach(
        "another object of the same name is not given back to",
        (
            Edit(
                "planning/settle.py",
                "    if case.facts.uid != entry.uid:\n",
                '    if entry.uid == "":\n',
            ),
        ),
        Tests("tests/planning/test_settle.py tests/planning/test_settle_back.py"),
    ),
    Breach(
        "a contested value is raised again within a bound: no pause between two",
        (
            Edit(
                "planning/writing.py",
                "        if settled.contested and last is not None "
                "and now - last < settings.contested_backoff:\n            continue\n",
                "",
            ),
        ),
        Tests("tests/planning/test_view.py"),
    ),
    Breach(
        "claims: nobody lowers a target below another event's floor",
        (
            Edit(
                "planning/settle.py",
                "    top = max(want, case.joint)\n",
                "    top = want\n",
            ),
        ),
        Tests("tests/planning/test_settle.py tests/planning/test_lives.py"),
    ),
    Breach(
        "waves: everything is asked for at once",
        (
            Edit(
                "planning/waves.py",
                "        step = min(allowed, max(0, rise.goal - rise.start))\n",
                "        step = max(0, rise.goal - rise.start)\n",
            ),
        ),
        Tests("tests/planning/test_waves.py"),
    ),
    Breach(
        "unreachable is not down: what it acknowledged does not count, so it is covered twice",
        (
            Edit(
                "planning/cover.py",
                "    standing = sum(h.floor if h.carries is None else min(h.floor, h.carries) "
                "for h in holders)\n",
                "    standing = sum(h.floor if h.carries is None else 0 for h in holders)\n",
            ),
        ),
        Tests("tests/planning/test_cover.py"),
    ),
    Breach(
        "what cannot be read keeps its floors",
        (
            Edit(
                "planning/settle.py",
                "    wanted = entry.intended if case.goal is None "
                "else max(entry.intended, case.goal.replicas)\n",
                "    wanted = 0 if case.goal is None else case.goal.replicas\n",
            ),
        ),
        Tests("tests/planning/test_settle.py tests/planning/test_settle_back.py"),
    ),
    Breach(
        "a frozen event is not written to",
        (
            Edit(
                "planning/night.py",
                "        return self.observed or (self.event is not None and self.event.spec.paused)\n",
                "        return self.observed\n",
            ),
        ),
        Tests("tests/planning/test_lives.py"),
    ),
    Breach(
        "a hold lasts its cooldown: a held round that an edit puts into the past is given back at once",
        (
            Edit(
                "planning/night.py",
                "    return segment._replace(latest_end=max(segment.latest_end, min(latch.end, now)))\n",
                "    return segment\n",
            ),
        ),
        Tests("tests/planning/test_view.py -k past"),
    ),
)
