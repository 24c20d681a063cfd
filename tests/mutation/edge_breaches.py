"""Safety rules at the edges (clusters, signals, intake, report), and who must notice their absence."""

from __future__ import annotations

from breach import Breach, Edit, Tests

FLEET_BREACHES = (
    Breach(
        "a first write carries the version behind its original",
        (
            Edit(
                "fleet/writes.py",
                '        body = {"metadata": {"resourceVersion": write.resource_version}, '
                '"spec": {"replicas": write.to}}\n',
                '        body = {"spec": {"replicas": write.to}}\n',
            ),
        ),
        Tests("tests/fleet/test_writes.py"),
    ),
    Breach(
        "a decrease tests the uid and the value that was read",
        (
            Edit(
                "fleet/writes.py",
                '        {"op": "test", "path": "/metadata/uid", "value": write.uid},\n'
                '        {"op": "test", "path": "/spec/replicas", "value": write.was},\n',
                "",
            ),
        ),
        Tests("tests/fleet/test_writes.py"),
    ),
    Breach(
        "what falls is lowered before anything rises in its place",
        (
            Edit(
                "fleet/writes.py",
                "if turn and (lowers != lowering or write.target in targets):",
                "if turn and write.target in targets:",
            ),
        ),
        Tests("tests/fleet/test_writes.py"),
    ),
    Breach(
        "write limit: no bucket",
        (
            Edit(
                "fleet/breaker.py",
                "        wait = 0.0 if tokens >= 0.0 else -tokens / self.qps\n",
                "        wait = 0.0\n",
            ),
        ),
        Tests("tests/fleet/test_breaker.py tests/fleet/test_writes.py"),
    ),
    Breach(
        "circuit breaker: it never opens",
        (
            Edit(
                "fleet/breaker.py",
                "        if failures < _TRIPS_AT:\n",
                "        if failures >= 0:\n",
            ),
        ),
        Tests("tests/fleet/test_breaker.py tests/fleet/test_writes.py"),
    ),
    Breach(
        "every request has a deadline",
        (
            Edit(
                "fleet/client.py",
                "params, seconds=seconds)",
                "params)",
            ),
        ),
        Tests("tests/fleet/test_client.py -k hangs"),
    ),
    Breach(
        "every request has a deadline: the client rounds it up to a whole second",
        (Edit("fleet/client.py", ", ceil_threshold=math.inf)", ")"),),
        Tests("tests/fleet/test_deadline.py"),
    ),
    Breach(
        "redirects are not followed",
        (
            Edit(
                "fleet/client.py",
                "allow_redirects=False",
                "allow_redirects=True",
            ),
        ),
        Tests("tests/fleet/test_client.py"),
    ),
    Breach(
        "no proxy from the environment",
        (Edit("fleet/client.py", '"trust_env": False', '"trust_env": True'),),
        Tests("tests/fleet/test_client.py"),
    ),
    Breach(
        "a kubeconfig is data: any field is allowed",
        (
            Edit(
                "fleet/kubeconfig.py",
                '        why = _WHY.get(str(key), "is not known")\n        raise',
                '        why = _WHY.get(str(key), "is not known")\n        continue\n        raise',
            ),
        ),
        Tests("tests/fleet/test_kubeconfig.py"),
    ),
    Breach(
        "credentials go over https only",
        (
            Edit(
                "fleet/kubeconfig.py",
                '    if url.scheme == "http" and not is_loopback(host):\n',
                '    if url.scheme == "":\n',
            ),
        ),
        Tests("tests/fleet/test_kubeconfig.py"),
    ),
    Breach(
        "tenancy: a remote cluster admits everybody's own namespace",
        (
            Edit(
                "fleet/admission.py",
                "    return spec.namespace_sameness or (spec.in_cluster and not spec.admits)\n",
                "    return True\n",
            ),
        ),
        Tests("tests/fleet/test_fleet.py tests/engine/test_gathering.py"),
    ),
    Breach(
        "a 401 means that the Secret is read again, once",
        (
            Edit(
                "fleet/upkeep.py",
                "            if error.status not in {None, 401} or not await self._renewed():\n",
                "            if error.status not in {None, 401}:\n",
            ),
        ),
        Tests("tests/fleet/test_fleet.py"),
    ),
)

SIGNAL_BREACHES = (
    Breach(
        "no data is not zero",
        (
            Edit(
                "signals/source.py",
                '        return Missing("NoData", "Prometheus has no such series; '
                'check metric, matchLabels and namespace.")\n',
                "        return Sample(0.0, 0.0)\n",
            ),
        ),
        Tests("tests/signals/test_prometheus.py tests/signals/test_lying_answers.py"),
    ),
    Breach(
        "NaN and Inf are no figures",
        (Edit("signals/source.py", "    if not math.isfinite(value):\n", "    if value is None:\n"),),
        Tests("tests/signals/test_prometheus.py tests/signals/test_lying_answers.py"),
    ),
    Breach(
        "freshness is the sample's own time",
        (
            Edit(
                "signals/source.py",
                "    if age > _OLDEST:\n",
                "    if age > 1e9:\n",
            ),
        ),
        Tests("tests/signals/test_prometheus.py tests/signals/test_lying_answers.py"),
    ),
    Breach(
        "a stale sample is none: its age does not count",
        (
            Edit(
                "planning/shares.py",
                "    return traffic.latest if now - traffic.latest.at <= stale_after else None\n",
                "    return traffic.latest\n",
            ),
        ),
        Tests("tests/planning/test_shares.py tests/planning/test_moves.py"),
    ),
    Breach(
        "a partial answer is none",
        (Edit("signals/session.py", '    if answer.get("warnings"):\n', '    if answer.get("nothing"):\n'),),
        Tests("tests/signals/test_prometheus.py tests/signals/test_lying_answers.py"),
    ),
    Breach(
        "the namespace's matcher is forced",
        (
            Edit(
                "signals/query.py",
                "    matchers = {**signal.match_labels, **forced}\n",
                "    matchers = {**forced, **signal.match_labels}\n",
            ),
        ),
        Tests("tests/signals/test_query.py"),
    ),
    Breach(
        "label values are quoted",
        (
            Edit(
                "signals/query.py",
                '    return value.replace("\\\\", "\\\\\\\\")',
                '    return value or value.replace("\\\\", "\\\\\\\\")',
            ),
        ),
        Tests("tests/signals/test_query.py"),
    ),
    Breach(
        "a query of one's own only where the cluster allows it",
        (
            Edit(
                "signals/query.py",
                '    return workload.query if prometheus.allow_custom_queries else ""\n',
                "    return workload.query\n",
            ),
        ),
        Tests("tests/signals/test_query.py"),
    ),
)

OTHER_BREACHES = (
    Breach(
        "times carry an offset",
        (Edit("api/scalars.py", "    if not _INSTANT.fullmatch(text):\n", "    if not text:\n"),),
        Tests("tests/api/test_scalars.py"),
    ),
    Breach(
        "kopf's end is not intake's end: it is not started again",
        (
            Edit(
                "intake/intake.py",
                "            self._stopping.wait(pause)\n",
                "            self._stopping.wait()\n",
            ),
        ),
        Tests("tests/intake/test_intake.py"),
    ),
    Breach(
        "status on change only",
        (
            Edit(
                "report/writer.py",
                "        if not patch:\n            return False\n",
                "",
            ),
        ),
        Tests("tests/report/test_reporter.py"),
    ),
    Breach(
        "status at most every few seconds",
        (
            Edit(
                "report/writer.py",
                "        return not 0 <= now - self.written_at(target) < self._interval\n",
                "        return True\n",
            ),
        ),
        Tests("tests/report/test_reporter.py"),
    ),
    Breach(
        "a status that is refused stops nothing",
        (
            Edit(
                "report/writer.py",
                "            self.failures += 1\n",
                "            raise\n",
            ),
        ),
        Tests("tests/report/test_reporter.py"),
    ),
)

EDGE_BREACHES = (*FLEET_BREACHES, *SIGNAL_BREACHES, *OTHER_BREACHES)
