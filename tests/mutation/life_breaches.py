"""Safety rules of the process's life and of what it is given to read, and who must notice their absence."""

from __future__ import annotations

from breach import Breach, Edit, Tests

LIFE_BREACHES = (
    Breach(
        "death: who is stopped gives the capacity back",
        (
            Edit(
                "fleet/fleet.py",
                "        for name in list(self._members):\n            self._dismiss(name)\n        if",
                "        from gala.planning.facts import EventKey, TargetFacts\n"
                "        from gala.planning.outcome import Guard\n"
                "        for name, member in list(self._members.items()):\n"
                "            await member.apply([Write(cluster=name, target=key, uid=facts.uid, "
                "resource_version='', was=facts.replicas, to=1, guard=Guard.VALUE, manager='x', "
                "event=EventKey('', ''), workload='', reason='', rule='') "
                "for key, facts in member._targets.items() if isinstance(facts, TargetFacts)])\n"
                "        for name in list(self._members):\n            self._dismiss(name)\n        if",
            ),
        ),
        Tests("tests/fleet/test_fleet.py -k closing"),
    ),
    Breach(
        "kopf is intake only: it handles objects, and so writes to them",
        (
            Edit(
                "intake/watcher.py",
                "            kopf.on.event(GROUP, VERSION, kind, registry=registry)(self._hand_over(kind))\n",
                "            kopf.on.event(GROUP, VERSION, kind, registry=registry)(self._hand_over(kind))\n"
                "            kopf.on.create(GROUP, VERSION, kind, registry=registry)(lambda **_: None)\n",
            ),
        ),
        Tests("tests/intake/test_intake.py -k nothing_is_written"),
    ),
    Breach(
        "kopf is intake only: what its watch missed is never listed",
        (
            Edit(
                "intake/intake.py",
                "        self._desired.replace(kind, objects, ",
                "        self._desired.replace(kind, objects if self._listed_at is None else [], ",
            ),
        ),
        Tests("tests/intake/test_intake.py -k list_finds"),
    ),
    Breach(
        "one cluster's fault is everybody's",
        (
            Edit(
                "fleet/member.py",
                "        except Exception as fault:  # noqa: BLE001 "
                "(one cluster's fault is a value, never the pass's end)\n"
                '            _log.exception("%s could not be looked at"',
                "        except ZeroDivisionError as fault:\n"
                '            _log.exception("%s could not be looked at"',
            ),
        ),
        Tests("tests/fleet/test_fleet.py -k own_in_one"),
    ),
    Breach(
        "write on a difference only: what stands already is written again",
        (
            Edit(
                "planning/writing.py",
                "        if to > item.facts.replicas or settled.home:\n",
                "        if to >= 0:\n",
            ),
        ),
        Tests("tests/planning/test_view.py tests/planning/test_plan.py tests/planning/test_invariants.py"),
    ),
    Breach(
        "progress: a loop that is blocked is left alone",
        (
            Edit(
                "engine/vigil.py",
                "        if self._loop.age >= self._times.stall_after:\n",
                "        if self._loop.age < 0:\n",
            ),
        ),
        Tests("tests/engine/test_vigil.py"),
    ),
    Breach(
        "progress: turns that never end are left alone",
        (
            Edit(
                "engine/vigil.py",
                "        elif self._turn.age >= self._times.stall_after and self._told_at == inf:\n",
                "        elif self._turn.age < 0:\n",
            ),
        ),
        Tests("tests/engine/test_vigil.py"),
    ),
    Breach(
        "a clock that was set is believed at once",
        (
            Edit(
                "engine/clock.py",
                "        elif self._other is None or abs(offset - self._other[0]) >= JUMP:\n"
                "            self._other = offset, steady\n",
                "        elif self._other is None:\n            self._offset = offset\n",
            ),
        ),
        Tests("tests/engine/test_clock.py"),
    ),
    Breach(
        "a start in any century is taken",
        (
            Edit(
                "api/event.py",
                "            lambda part: CENTURY[0] < part.start < CENTURY[1],\n",
                "            lambda part: part.start > CENTURY[0],\n",
            ),
        ),
        Tests("tests/api/test_rules.py"),
    ),
    Breach(
        "a 401 means that the pod's own token is read again",
        (
            Edit(
                "fleet/client.py",
                '            self._token_read = float("-inf")\n        if status >= 500:\n',
                "            self._token_read += 0.0\n        if status >= 500:\n",
            ),
        ),
        Tests("tests/fleet/test_client.py -k own_token"),
    ),
    Breach(
        "a revert is detected: what somebody else lowered inside a hold stays low",
        (
            Edit(
                "planning/settle.py",
                "    if facts.replicas < want:\n        return _raise(case, entry, facts, want, mine=mine)\n",
                "    if facts.replicas < want and mine:\n"
                "        return _raise(case, entry, facts, want, mine=mine)\n",
            ),
        ),
        Tests("tests/planning/test_settle.py"),
    ),
    Breach(
        "a revert is detected: nobody is told",
        (
            Edit(
                "planning/settle.py",
                "    contested = entry.written is not None and not mine\n",
                "    contested = False\n",
            ),
        ),
        Tests("tests/planning/test_settle.py"),
    ),
    Breach(
        "Retry-After: a refused write is sent again at once",
        (
            Edit(
                "fleet/writes.py",
                "            self._throttled = (self._steady(), error.retry_after)\n",
                "            self._throttled = (self._steady(), 0.0)\n",
            ),
        ),
        Tests("tests/fleet/test_writes.py"),
    ),
    Breach(
        "status: a condition does not say which generation it is about",
        (
            Edit(
                "report/conditions.py",
                "        observed_generation=generation,\n",
                "        observed_generation=0,\n",
            ),
        ),
        Tests("tests/report/test_status.py tests/report/test_cluster_status.py"),
    ),
    Breach(
        "a kubeconfig is looked at before it is read: aliases may stand for anything",
        (
            Edit(
                "fleet/kubeconfig.py",
                "        if isinstance(event, yaml.AliasEvent):\n",
                "        if event is None:\n",
            ),
        ),
        Tests("tests/fleet/test_kubeconfig.py -k single"),
    ),
    Breach(
        "a kubeconfig is no larger than it needs to be: any size is read",
        (
            Edit(
                "fleet/kubeconfig.py",
                "    if len(text) > _LARGEST:\n",
                "    if len(text) < 0:\n",
            ),
        ),
        Tests("tests/fleet/test_kubeconfig.py -k huge"),
    ),
    Breach(
        "a file is weighed before it is read: aliases may stand for anything",
        (
            Edit(
                "api/documents.py",
                "    if weight.values > _MOST or weight.depth > _DEEPEST:\n",
                "    if weight.values < 0:\n",
            ),
        ),
        Tests("tests/api/test_documents.py -k laughs"),
    ),
    Breach(
        "a plan by hand: the commands name what ran before instead of what shall run",
        (
            Edit(
                "cli/plan_script.py",
                "--replicas={change.to}  # was {change.start}",
                "--replicas={change.start}  # was {change.start}",
            ),
        ),
        Tests("tests/cli/test_plan.py -k by_hand"),
    ),
)
