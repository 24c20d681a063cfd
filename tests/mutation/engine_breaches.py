"""Safety rules of ledger, leadership and progress, and who must notice their absence."""

from __future__ import annotations

from breach import Breach, Edit, Tests

ENGINE_BREACHES = (
    Breach(
        "ledger first: a cluster whose ledger is not stored is written to",
        (
            Edit(
                "engine/passes.py",
                'if blocked.isdisjoint({(write.event, ""), (write.event, write.cluster)})',
                "if True",
            ),
        ),
        Tests("tests/engine/test_passes.py"),
    ),
    Breach(
        "ledger first: a stored ledger is overwritten whoever changed it",
        (
            Edit(
                "engine/ledger_api.py",
                'if k != "managedFields"}',
                'if k not in ("managedFields", "resourceVersion")}',
            ),
        ),
        Tests("tests/engine/test_store.py"),
    ),
    Breach(
        "a ledger of a later version is only held or raised",
        (
            Edit(
                "engine/store.py",
                "            if spec.schema_version > SCHEMA_VERSION:\n"
                "                doubts.setdefault(owner[0], _LATER)\n",
                "",
            ),
        ),
        Tests("tests/engine/test_store.py"),
    ),
    Breach(
        "ledger kept: a decrease is written in the pass in which the API server drops parts of its ledger",
        (Edit("engine/passes.py", " and (write.to >= write.was or write.event not in doubts)", ""),),
        Tests("tests/engine/test_passes.py"),
    ),
    Breach(
        "never lower on doubt: a ledger of which the API server drops figures is believed",
        (Edit("engine/gathering.py", "e.missing or e.key in doubts", "e.missing"),),
        Tests("tests/engine/test_gathering.py"),
    ),
    Breach(
        "ledger kept: an API server that drops originals is given one",
        (Edit("engine/ledger_api.py", "    if kept.needed(dropped):\n", "    if False:\n"),),
        Tests("tests/engine/test_store.py"),
    ),
    Breach(
        "ledger kept: what moves to another part is taken out before it is put in",
        (Edit("engine/store.py", "in sorted(layout, reverse=True)", "in sorted(layout)"),),
        Tests("tests/engine/test_store.py"),
    ),
    Breach(
        "progress: an event that cannot be planned takes the others with it",
        (Edit("engine/quarantine.py", "            if not found:\n", "            if True:\n"),),
        Tests("tests/engine/test_quarantine.py tests/engine/test_passes.py"),
    ),
    Breach(
        "leadership: nobody asks before a write",
        (
            Edit(
                "fleet/writes.py",
                "        if not self._leads():\n",
                "        if False:\n",
            ),
        ),
        Tests("tests/fleet/test_writes.py tests/engine/test_leadership.py tests/fleet/test_fleet.py"),
    ),
    Breach(
        "leadership: nobody asks before a ledger is stored",
        (
            Edit(
                "engine/storing.py",
                "        if not self._leads():\n            raise",
                "        if False:\n            raise",
            ),
        ),
        Tests("tests/engine/test_passes.py"),
    ),
    Breach(
        "leadership: a leader that cannot renew goes on",
        (
            Edit(
                "engine/leadership.py",
                "        return self._steady() - self._renewed[0] < limit "
                "and now - self._renewed[1] < limit\n",
                "        return limit > 0\n",
            ),
        ),
        Tests("tests/engine/test_leadership.py"),
    ),
    Breach(
        "leadership: a hold counts from the answer and not from the question",
        (
            Edit(
                "engine/leadership.py",
                "        self._renewed = sent\n",
                "        self._renewed = (self._steady(), self._clock.now())\n",
            ),
        ),
        Tests("tests/engine/test_leadership.py"),
    ),
    Breach(
        "leadership: somebody else's Lease is taken at once",
        (
            Edit(
                "engine/leadership.py",
                "        return self._steady() - self._observed[1] >= term\n",
                "        return term > 0\n",
            ),
        ),
        Tests("tests/engine/test_leadership.py"),
    ),
    Breach(
        "deletion: one 404 is believed",
        (
            Edit(
                "engine/existence.py",
                "            case.first, case.first_at, case.ask_at = answer, now, now + self._confirm\n",
                "            case.believed = True\n",
            ),
        ),
        Tests("tests/engine/test_existence.py"),
    ),
    Breach(
        "deletion: a 404 counts while the CRD is gone",
        (
            Edit(
                "engine/existence.py",
                "answer if established else _Answer.DOUBT",
                "answer",
            ),
        ),
        Tests("tests/engine/test_existence.py"),
    ),
    Breach(
        "deletion: what drops out of a list is gone",
        (
            Edit(
                "engine/desired.py",
                "        item.missing, item.vanished = True, vanished\n",
                "        del self._items[kind][key]\n",
            ),
        ),
        Tests("tests/engine/test_desired.py"),
    ),
    Breach(
        "events that vanish together are an alarm",
        (
            Edit(
                "engine/desired.py",
                "vanished=2 * len(absent) > len(present)",
                "vanished=False",
            ),
        ),
        Tests("tests/engine/test_desired.py"),
    ),
    Breach(
        "the last good spec stays in force after a broken edit",
        (
            Edit(
                "engine/wanted.py",
                "        facts = before.facts if before is not None else None\n",
                "        facts = None\n",
            ),
        ),
        Tests("tests/engine/test_desired.py"),
    ),
    Breach(
        "a clock that was set is doubt: it is not",
        (
            Edit(
                "engine/operator.py",
                "        return now < self._doubt_until <= now + self._settings.jump_hold\n",
                "        return False\n",
            ),
        ),
        Tests("tests/engine/test_operator.py"),
    ),
    Breach(
        "progress: faults in a row never end the process",
        (
            Edit(
                "engine/operator.py",
                "            if self._row >= MOST_FAULTS:\n",
                "            if self._row < 0:\n",
            ),
        ),
        Tests("tests/engine/test_operator.py"),
    ),
)
