"""What keeps tenants apart, and which of the ways out opens without it."""

from __future__ import annotations

from breach import Breach, Edit, Tests

OUT = "tests/tenancy/test_ways_out.py -k"
IN_A_HOLD = "tests/tenancy/test_taken_back.py -k"

TENANCY_BREACHES = (
    Breach(
        "tenancy: an admission is for the events of one namespace",
        (
            Edit(
                "planning/grants.py",
                "        if admission.event_namespace == event_namespace\n",
                "        if admission\n",
            ),
        ),
        Tests(f"{OUT} somebody"),
    ),
    Breach(
        "tenancy: an admission is for some target namespaces",
        (
            Edit(
                "planning/grants.py",
                "        and {EVERYWHERE, target_namespace} & set(admission.target_namespaces)\n",
                "",
            ),
        ),
        Tests(f"{OUT} lack"),
    ),
    Breach(
        "tenancy: to lend is not to grow",
        (
            Edit(
                "planning/grants.py",
                "        and (admission.may_grow or not growing)\n",
                "",
            ),
        ),
        Tests(f"{OUT} lending"),
    ),
    Breach(
        "tenancy: no tier above the highest that is admitted",
        (
            Edit(
                "planning/sites.py",
                "            admitted = highest is not None and rank >= highest\n",
                "            admitted = highest is not None\n",
            ),
        ),
        Tests(f"{OUT} tier"),
    ),
    Breach(
        "tenancy: what is not admitted is not read",
        (
            Edit(
                "engine/gathering.py",
                "            if tier is not None and workload.tier.rank >= tier.rank:\n"
                "                yield workload, cluster\n",
                "            yield workload, cluster\n",
            ),
        ),
        Tests(f"{OUT} lack"),
    ),
    Breach(
        "tenancy: a GalaCluster elsewhere counts for nothing",
        (
            Edit(
                "engine/desired.py",
                "for key, item in items if key[0] == self._fleet_namespace]\n",
                "for key, item in items]\n",
            ),
        ),
        Tests(f"{OUT} GalaCluster"),
    ),
    Breach(
        "tenancy: a floor does not rise once its admission is withdrawn",
        (
            Edit(
                "planning/floors.py",
                "    if site is None or site.admitted:\n"
                '        return Raised(fixed, _planned_reason(fixed, stored), "ratchet")\n',
                '    if fixed:\n        return Raised(fixed, _planned_reason(fixed, stored), "ratchet")\n',
            ),
        ),
        Tests(f"{IN_A_HOLD} withdrawn"),
    ),
    Breach(
        "tenancy: no further round begins once the admission is withdrawn",
        (
            Edit(
                "planning/floors.py",
                "    return site is not None and not site.admitted and (",
                "    return site is not None and not site and (",
            ),
            Edit(
                "planning/floors.py",
                '        return Raised(replace(fixed, replicas=0), "", "")\n',
                '        return Raised(fixed, "", "")\n',
            ),
        ),
        Tests("tests/planning/test_grants.py"),
    ),
    Breach(
        "tenancy: a signal measures the target's own namespace",
        (
            Edit(
                "signals/query.py",
                "    matchers = {**signal.match_labels, **forced}\n",
                "    matchers = {**forced, **signal.match_labels}\n",
            ),
            Edit(
                "api/validation.py",
                '            if label == "namespace" and value != own:\n',
                '            if label == "namespace" and value == "":\n',
            ),
        ),
        Tests(f"{OUT} label"),
    ),
    Breach(
        "tenancy: no Prometheus is asked on this machine or its link",
        (Edit("signals/reach.py", "            if kind:\n", "            if not found:\n"),),
        Tests(f"{OUT} loopback"),
    ),
    Breach(
        "tenancy: a target lives in a namespace",
        (Edit("fleet/paths.py", "            if not namespaced or ", "            if "),),
        Tests("tests/fleet/test_paths.py"),
    ),
)
