"""Ways to have somebody else's series, or something that is no Prometheus, asked by the operator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from gala.sandbox.demo import SETTINGS
from tenancy_objects import cluster, event, measured, measuring, of_the_bank
from tenancy_ways import Way, invalid_cluster, invalid_event, not_admitted, not_measured, unknown_there

OF_THE_BANK = 'sum(rate(hits{namespace="bank"}[1m]))'
A_METRIC = "does not have the right form; write something that matches"
A_LABEL = "is no label of a series; write letters, digits and underscores"
A_WINDOW = "is not a duration; write it with units"
PLATFORM = "have the platform team set spec.prometheus.allowCustomQueries in GalaCluster north"


def signal(**more: object) -> dict[str, object]:
    """An event that measures its workload so."""
    return measured(signal={"metric": "hits", **more})


def metric(name: str) -> Way:
    """A metric that is none."""
    return invalid_event(signal(metric=name), A_METRIC, measuring())


def label(name: str) -> Way:
    """A label that is none."""
    return invalid_event(signal(matchLabels={name: "x"}), A_LABEL, measuring())


def value(text: str) -> Way:
    """A value of a label: any text is one, so it is asked for as it is, and no series has it."""
    return not_measured(signal(matchLabels={"app": text}), measuring(), "NoData", "check metric, matchLabels")


SIGNALS: Mapping[str, Way] = {
    "a query of one's own where none is allowed": not_measured(
        measured(query=OF_THE_BANK), measuring(), "QueryNotAllowed", PLATFORM
    ),
    "a query of one's own that looks like a rendered one": not_measured(
        measured(query='sum(rate(hits{namespace="bank"}[60000ms]))'), measuring(), "QueryNotAllowed", PLATFORM
    ),
    "a signal and a query at the same time": invalid_event(
        measured(signal={"metric": "hits"}, query=OF_THE_BANK), "exclude each other; write one", measuring()
    ),
    "the traffic of a target that is not admitted": not_admitted(
        event(workloads=[of_the_bank(signal={"metric": "hits"})]),
        measuring(),
        grants="{eventNamespace: shows, targetNamespaces: [bank], maxTier: B}",
    ),
    "the traffic in a cluster that admits nobody": unknown_there(
        signal(),
        cluster(prometheus={"url": "http://127.0.0.1:PORT"}),
        grants="{eventNamespace: shows, targetNamespaces: [shows], maxTier: B}",
    ),
    "a metric with braces": metric('hits{namespace="bank"}'),
    "a metric that ends the query": metric("hits[1m])) or sum(rate(hits"),
    "a metric with quotes": metric('hits"'),
    "a metric with a line break": metric("hits\nbank"),
    "a metric with a backslash": metric("hits\\"),
    "a metric in letters that only look like latin ones": metric("hіts"),
    "a label that ends its matcher": label('app="x",namespace'),
    "a label with a hyphen": label("app-name"),
    "a label with a brace": label("a}"),
    "the metric's name as a label": label("__name__"),
    "the namespace as a label": invalid_event(
        signal(matchLabels={"namespace": "bank"}),
        "have the platform team set allowCustomQueries in a GalaCluster and write query",
        measuring(),
    ),
    "a window with a query in it": invalid_event(signal(window='1m])) or sum(rate(x{a="b"}[1m'), A_WINDOW),
    "a value with a quote": value('"'),
    "a value that ends the selector": value('"} or up{'),
    "a value that adds a matcher": value('",namespace="bank'),
    "a value that ends with a backslash": value("\\"),
    "a value with an escaped quote": value('\\"} or up{a=\\"'),
    "a value with braces": value("{}"),
    "a value with a line break": value('\n"} or up'),
    "a value with a backtick": value("`} or up{"),
    "a value in other letters": value("银行"),
}

NOWHERE = replace(SETTINGS, prometheus_addresses=())
"""Of an operator that was allowed no address, as by default."""


def address(
    url: str, grants: str = "whoever runs the operator start it with --allow-prometheus-address"
) -> Way:
    """A Prometheus at an address where none is asked."""
    return not_measured(signal(), measuring(url=url), "AddressRefused", grants, NOWHERE)


def no_url(url: str) -> Way:
    """A Prometheus whose address is none."""
    return invalid_cluster(measuring(url=url), "does not have the right form; write", signal())


ADDRESSES: Mapping[str, Way] = {
    "loopback": address("http://127.0.0.1:PORT"),
    "loopback, further on": address("http://127.8.9.10:PORT"),
    "loopback, shortened": address("http://127.1:PORT"),
    "loopback as one number": address("http://2130706433:PORT"),
    "loopback in hexadecimal": address("http://0x7f000001:PORT"),
    "loopback in octal": address("http://0177.0.0.01:PORT"),
    "loopback by name": address("http://localhost:PORT"),
    "loopback by name, in capitals": address("http://LocalHost:PORT"),
    "loopback by name, with a dot at its end": address("http://localhost.:PORT"),
    "loopback with a dot at its end": address("http://127.0.0.1.:PORT"),
    "loopback of IPv6": address("http://[::1]:PORT"),
    "loopback mapped into IPv6": address("http://[::ffff:127.0.0.1]:PORT"),
    "loopback mapped into IPv6, in hexadecimal": address("http://[::ffff:7f00:1]:PORT"),
    "loopback behind NAT64": address("http://[64:ff9b::7f00:1]:PORT"),
    "loopback behind 6to4": address("http://[2002:7f00:1::]:PORT"),
    "no address at all": address("http://0.0.0.0:PORT"),
    "zero": address("http://0:PORT"),
    "no address at all, of IPv6": address("http://[::]:PORT"),
    "the metadata service": address("http://169.254.169.254"),
    "the metadata service as one number": address("http://2852039166"),
    "the metadata service in hexadecimal": address("http://0xA9.0xFE.0xA9.0xFE"),
    "the metadata service in octal": address("http://0251.0376.0251.0376"),
    "the metadata service mapped into IPv6": address("http://[::ffff:169.254.169.254]"),
    "the metadata service with a dot at its end": address("http://169.254.169.254."),
    "the metadata service of AWS, by IPv6": address("http://[fd00:ec2::254]"),
    "the metadata service of Alibaba": address("http://100.100.100.200"),
    "the metadata service of Azure": address("http://168.63.129.16"),
    "a link-local address": address("https://[fe80::1]:9090"),
    "everybody at once": address("http://224.0.0.1:9090"),
    "a query in the address": address(
        "http://prometheus.example.com/?x=", "the platform team has to write it as https://"
    ),
    "a fragment in the address": address(
        "http://prometheus.example.com/#", "the platform team has to write it as https://"
    ),
    "a login in the address": no_url("http://prometheus.example.com@127.0.0.1:PORT"),
    "a file": no_url("file:///etc/passwd"),
    "gopher": no_url("gopher://127.0.0.1:PORT/_GET"),
    "a second line in the address": no_url("http://prometheus.example.com\r\nHost: bank"),
}
