"""A client certificate that has expired is named, where it may be why nobody answers."""

from __future__ import annotations

import pytest

from gala.api.scalars import parse_instant
from gala.errors import GalaError, Rejected, Throttled, Unreachable
from gala.fleet.certificates import explained, not_after
from gala.fleet.kubeconfig import Credentials
from gala.fleet.trouble import told, why

UNTIL_2026 = b"""\
-----BEGIN CERTIFICATE-----
MIIBejCCASGgAwIBAgIUbRV5GZ6u84RAENERtgAx+3HbQPEwCgYIKoZIzj0EAwIw
EzERMA8GA1UEAwwIb3BlcmF0b3IwHhcNMjYxMTMwMDgyNDMxWhcNMjYxMjAxMDgy
NDMxWjATMREwDwYDVQQDDAhvcGVyYXRvcjBZMBMGByqGSM49AgEGCCqGSM49AwEH
A0IABMGRJu3tRfAPKPxfHne1hlzESVSAyPO4PYQ9JfaKbLEH1ilU8ofoywZ9NsjS
ov21hbXL5B/NKSFxqQiGgrAIgq2jUzBRMB0GA1UdDgQWBBSVKD4/0u9B+DYNvmN9
4hhycdERejAfBgNVHSMEGDAWgBSVKD4/0u9B+DYNvmN94hhycdERejAPBgNVHRMB
Af8EBTADAQH/MAoGCCqGSM49BAMCA0cAMEQCIGcHn7i2aJPUMrQ4d7F70Y/jhGUv
cA3XVgrXm5PxyCXvAiB1zH0lsvVKJBkLD+FbX6PXqE1N2QzorNwNRl4vQMzTvw==
-----END CERTIFICATE-----
"""
"""Dates as UTCTime."""

UNTIL_2054 = b"""\
-----BEGIN CERTIFICATE-----
MIIBfDCCASOgAwIBAgIUFc1IGAY+i8KGXG9bZWJZXbxhThAwCgYIKoZIzj0EAwIw
EzERMA8GA1UEAwwIb3BlcmF0b3IwIBcNMjYxMTMwMDgyNDMxWhgPMjA1NDA0MTcw
ODI0MzFaMBMxETAPBgNVBAMMCG9wZXJhdG9yMFkwEwYHKoZIzj0CAQYIKoZIzj0D
AQcDQgAE70jj7EQQ7XcdumzsAKfcMebebyJN/mMtChgWVbQv9Mt/P+afMOz4FnY5
FbgVHOes/jOn0t6U4b63GzzTRV7HQKNTMFEwHQYDVR0OBBYEFEIg9uZ5kYd1DmZr
t4clP6hJ1xeDMB8GA1UdIwQYMBaAFEIg9uZ5kYd1DmZrt4clP6hJ1xeDMA8GA1Ud
EwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDRwAwRAIgC34p1BXGYroeRWChUrsM++7K
wqvPDh790ypumEdfm+gCIHW7+1IwWONqemsyM1YPWY5V4WYXtbXw67EO2eDCsRu2
-----END CERTIFICATE-----
"""
"""Its end as GeneralizedTime, as years from 2050 on have to be."""

END = parse_instant("2026-12-01T08:24:31Z")


@pytest.mark.parametrize(
    ("pem", "want"),
    [
        pytest.param(UNTIL_2026, END, id="a year below 2050"),
        pytest.param(UNTIL_2054, parse_instant("2054-04-17T08:24:31Z"), id="a year from 2050 on"),
        pytest.param(b"# mine\n" + UNTIL_2026 + UNTIL_2054, END, id="the first of several counts"),
        pytest.param(b"", None, id="nothing"),
        pytest.param(UNTIL_2026.replace(b"MIIB", b"AAAA"), None, id="something that is no certificate"),
        pytest.param(UNTIL_2026[:90] + b"\n-----END CERTIFICATE-----", None, id="half of one"),
        pytest.param(UNTIL_2026.replace(b"MIIB", b"\xff"), None, id="bytes that are no letters"),
    ],
)
def test_the_end_of_a_certificate(pem: bytes, want: float | None) -> None:
    assert not_after(pem) == want


@pytest.mark.parametrize(
    ("error", "late", "want"),
    [
        pytest.param(
            Unreachable("north cannot be reached: it closed the connection without an answer."),
            1,
            ("CertificateExpired", "answer. Its client certificate expired on 2026-12-01 at 08:24 UTC."),
            id="a hang-up after its end",
        ),
        pytest.param(
            Rejected("north answered GET /version with 401: Unauthorized", status=401),
            0,
            ("Unauthorized", "Unauthorized. Its client certificate expired on 2026-12-01 at 08:24 UTC."),
            id="a 401 from its last second on",
        ),
        pytest.param(
            Unreachable("no answer."), -1, ("Unreachable", "no answer."), id="a hang-up before its end"
        ),
        pytest.param(
            Unreachable("late.", reason="TimedOut"), 1, ("TimedOut", "late."), id="an answer that is late"
        ),
        pytest.param(Throttled("busy.", retry_after=3), 1, ("Throttled", "busy."), id="too many requests"),
        pytest.param(Rejected("no.", status=403), 1, ("Forbidden", "no."), id="a right that is missing"),
    ],
)
def test_an_expired_certificate_is_named_where_it_may_be_the_cause(
    error: GalaError, late: float, want: tuple[str, str]
) -> None:
    credentials = Credentials(server="https://north:6443", client_cert_data=UNTIL_2026)
    found = explained(error, credentials, END + late)
    assert why(found) == want[0]
    assert str(found).endswith(want[1])


def test_who_has_no_certificate_is_told_nothing_of_one() -> None:
    error = Unreachable("no answer.")
    assert explained(error, Credentials(server="https://north:6443", token="t"), END + 1) is error


def test_it_is_said_where_the_new_one_belongs() -> None:
    error = explained(
        Unreachable("no answer."), Credentials(server="https://n", client_cert_data=UNTIL_2026), END
    )
    want = "Put a new client certificate into Secret gala-system/north-kubeconfig; it is read again within"
    assert want in told(error, "Secret gala-system/north-kubeconfig")
