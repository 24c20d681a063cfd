"""The embedded API server speaks the parts of the protocol that clients rely on."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from typing import Any

import pytest

from gala.sandbox.apiserver.faults import Refuse
from gala.sandbox.apiserver.server import EmbeddedServer
from sandbox_builders import APPLY, DEPLOYMENTS, JSON_PATCH, MERGE, START, Client, deployment, serving


def server() -> EmbeddedServer:
    return EmbeddedServer("east", lambda: START)


@asynccontextmanager
async def watching(client: Client, path: str, **query: str):
    """Yields a coroutine function that answers the next event of a watch."""
    params = {"watch": "1", **query}
    async with client.session.get(client.server.url + path, params=params) as response:
        assert response.status == 200

        async def following() -> dict[str, Any]:
            async with asyncio.timeout(5):
                return json.loads(await response.content.readline())

        yield following


async def test_a_put_with_an_old_resource_version_is_a_conflict():
    async with serving(server()) as client:
        body = await client.deploy()
        await client.scale(5)
        status, answer = await client.call("PUT", f"{DEPLOYMENTS}/web", body)
        assert (status, answer["reason"]) == (409, "Conflict")


async def test_creating_what_exists_is_a_conflict_and_reading_what_does_not_is_404():
    async with serving(server()) as client:
        await client.deploy()
        status, answer = await client.call("POST", DEPLOYMENTS, deployment())
        assert (status, answer["reason"]) == (409, "AlreadyExists")
        status, answer = await client.call("GET", f"{DEPLOYMENTS}/other")
        assert (status, answer["reason"]) == (404, "NotFound")
        status, answer = await client.call("POST", DEPLOYMENTS.replace("shop", "nowhere"), deployment())
        assert status == 404


@pytest.mark.parametrize(
    ("patch", "content", "want"),
    [
        pytest.param({"spec": {"replicas": 7}}, MERGE, (200, 7), id="a merge patch sets replicas"),
        pytest.param(
            [
                {"op": "test", "path": "/spec/replicas", "value": 3},
                {"op": "replace", "path": "/spec/replicas", "value": 2},
            ],
            JSON_PATCH,
            (200, 2),
            id="a JSON-Patch whose test holds is carried out",
        ),
        pytest.param(
            [
                {"op": "test", "path": "/spec/replicas", "value": 9},
                {"op": "replace", "path": "/spec/replicas", "value": 2},
            ],
            JSON_PATCH,
            (422, 3),
            id="a JSON-Patch whose test fails is answered by 422",
        ),
        pytest.param(
            [
                {"op": "test", "path": "/metadata/uid", "value": "another"},
                {"op": "replace", "path": "/spec/replicas", "value": 2},
            ],
            JSON_PATCH,
            (422, 3),
            id="a test on another uid fails",
        ),
        pytest.param(
            {"metadata": {"resourceVersion": "1"}, "spec": {"replicas": 2}},
            MERGE,
            (409, 3),
            id="a merge patch with an old resourceVersion is a conflict",
        ),
        pytest.param({"spec": {"replicas": -1}}, MERGE, (422, 3), id="negative replicas are refused"),
        pytest.param(
            {"spec": {"replicas": 4}},
            "application/strategic-merge-patch+json",
            (200, 4),
            id="a strategic merge patch sets replicas",
        ),
        pytest.param({"spec": {"replicas": 4}}, "text/plain", (415, 3), id="an unknown patch type is 415"),
    ],
)
async def test_scale_is_patched(patch: Any, content: str, want: tuple[int, int]):
    async with serving(server()) as client:
        await client.deploy(replicas=3)
        status, _ = await client.call("PATCH", f"{DEPLOYMENTS}/web/scale", patch, content=content)
        body = await client.get(f"{DEPLOYMENTS}/web")
        assert (status, body["spec"]["replicas"]) == want


async def test_a_scale_put_is_guarded_by_its_resource_version_and_says_nothing_of_zero():
    async with serving(server()) as client:
        await client.deploy(replicas=3)
        scale = await client.get(f"{DEPLOYMENTS}/web/scale")
        status, stored = await client.call(
            "PUT", f"{DEPLOYMENTS}/web/scale", {**scale, "spec": {"replicas": 0}}
        )
        assert (status, stored["spec"]) == (200, {})
        status, _ = await client.call("PUT", f"{DEPLOYMENTS}/web/scale", scale)
        assert status == 409


async def test_the_manager_of_replicas_is_who_changed_them_last_through_scale():
    async with serving(server()) as client:
        await client.deploy(replicas=3)
        await client.scale(5, manager="gala-operator")
        body = await client.get(f"{DEPLOYMENTS}/web")
        owners = {
            entry["manager"]: entry.get("subresource", "")
            for entry in body["metadata"]["managedFields"]
            if "f:replicas" in entry["fieldsV1"].get("f:spec", {})
        }
        assert owners == {"gala-operator": "scale"}
        await client.scale(5, manager="somebody-else")
        again = await client.get(f"{DEPLOYMENTS}/web")
        assert again == body, "a write that changes nothing leaves owner and resourceVersion"


async def test_server_side_apply_refuses_a_foreign_field_until_forced():
    async with serving(server()) as client:
        await client.deploy(replicas=3)
        await client.scale(5, manager="gala-operator")
        path = f"{DEPLOYMENTS}/web"
        applied = deployment(replicas=3)
        query = {"fieldManager": "argocd"}
        status, answer = await client.call("PATCH", path, applied, content=APPLY, **query)
        assert status == 409
        assert 'conflict with "gala-operator": .spec.replicas' in answer["message"]
        status, answer = await client.call("PATCH", path, applied, content=APPLY, force="true", **query)
        assert (status, answer["spec"]["replicas"]) == (200, 3)


async def test_generation_rises_with_the_spec_and_not_with_the_status():
    async with serving(server()) as client:
        await client.deploy(replicas=3)
        path = f"{DEPLOYMENTS}/web"
        patch = {"status": {"readyReplicas": 2}}
        _, body = await client.call("PATCH", f"{path}/status", patch, content=MERGE)
        assert (body["metadata"]["generation"], body["status"]) == (1, {"readyReplicas": 2})
        _, body = await client.call("PATCH", path, {**patch, "spec": {"paused": True}}, content=MERGE)
        assert (body["metadata"]["generation"], body["status"]) == (2, {"readyReplicas": 2})


async def test_a_delete_with_another_uid_is_refused():
    async with serving(server()) as client:
        body = await client.deploy()
        options = {"preconditions": {"uid": "another"}}
        status, _ = await client.call("DELETE", f"{DEPLOYMENTS}/web", options)
        assert status == 409
        options = {"preconditions": {"uid": body["metadata"]["uid"]}}
        status, _ = await client.call("DELETE", f"{DEPLOYMENTS}/web", options)
        assert status == 200
        status, _ = await client.call("GET", f"{DEPLOYMENTS}/web")
        assert status == 404


async def test_a_dry_run_changes_nothing():
    async with serving(server()) as client:
        before = await client.deploy(replicas=3)
        path = f"{DEPLOYMENTS}/web"
        _, shown = await client.call("PATCH", path, {"spec": {"replicas": 9}}, content=MERGE, dryRun="All")
        assert shown["spec"]["replicas"] == 9
        assert await client.get(path) == before


async def test_a_list_comes_in_pages_that_make_up_the_whole():
    async with serving(server()) as client:
        for number in range(7):
            await client.deploy(f"web-{number}")
        names, token, pages = [], "", 0
        while True:
            page = await client.get(DEPLOYMENTS, limit="3", **({"continue": token} if token else {}))
            names += [item["metadata"]["name"] for item in page["items"]]
            pages += 1
            token = page["metadata"].get("continue", "")
            if not token:
                break
        assert (pages, names) == (3, [f"web-{number}" for number in range(7)])


@pytest.mark.parametrize(
    ("query", "want"),
    [
        pytest.param({"labelSelector": "app=a"}, ["a"], id="equal"),
        pytest.param({"labelSelector": "app!=a"}, ["b", "c"], id="not equal"),
        pytest.param({"labelSelector": "app in (a, c)"}, ["a", "c"], id="one of a set"),
        pytest.param({"labelSelector": "app notin (a,c)"}, ["b"], id="none of a set"),
        pytest.param({"labelSelector": "app,!missing"}, ["a", "b", "c"], id="there, and not there"),
        pytest.param({"fieldSelector": "metadata.name=b"}, ["b"], id="a field"),
        pytest.param({"fieldSelector": "metadata.name!=b"}, ["a", "c"], id="not a field"),
    ],
)
async def test_selectors_choose(query: dict[str, str], want: list[str]):
    async with serving(server()) as client:
        for name in "abc":
            await client.deploy(name)
        listed = await client.get(DEPLOYMENTS, **query)
        assert [item["metadata"]["name"] for item in listed["items"]] == want


async def test_a_watch_from_a_list_sees_every_later_change():
    async with serving(server()) as client:
        await client.deploy("a")
        revision = (await client.get(DEPLOYMENTS))["metadata"]["resourceVersion"]
        async with watching(client, DEPLOYMENTS, resourceVersion=revision) as following:
            await client.deploy("b")
            await client.scale(9, name="a")
            await client.call("DELETE", f"{DEPLOYMENTS}/b")
            seen = [await following() for _ in range(3)]
        want = [("ADDED", "b"), ("MODIFIED", "a"), ("DELETED", "b")]
        assert [(e["type"], e["object"]["metadata"]["name"]) for e in seen] == want
        revisions = [int(e["object"]["metadata"]["resourceVersion"]) for e in seen]
        assert revisions == sorted(set(revisions))


async def test_a_watch_with_a_selector_says_deleted_when_an_object_leaves_it():
    async with serving(server()) as client:
        await client.deploy("a")
        revision = (await client.get(DEPLOYMENTS))["metadata"]["resourceVersion"]
        query = {"resourceVersion": revision, "labelSelector": "app=a"}
        async with watching(client, DEPLOYMENTS, **query) as following:
            labels = {"metadata": {"labels": {"app": "other"}}}
            await client.call("PATCH", f"{DEPLOYMENTS}/a", labels, content=MERGE)
            assert (await following())["type"] == "DELETED"


async def test_a_bookmark_tells_a_watch_of_one_namespace_how_far_the_others_are():
    async with serving(server()) as client:
        await client.call("POST", "/api/v1/namespaces", {"metadata": {"name": "other"}})
        query = {"resourceVersion": "1", "allowWatchBookmarks": "true"}
        async with watching(client, DEPLOYMENTS.replace("shop", "other"), **query) as following:
            body = await client.deploy()
            client.server.store.bookmark()
            event = await following()
        want = ("BOOKMARK", body["metadata"]["resourceVersion"])
        assert (event["type"], event["object"]["metadata"]["resourceVersion"]) == want


async def test_a_watch_from_forgotten_history_is_told_410_in_the_stream():
    async with serving(server()) as client:
        await client.deploy()
        client.server.store.forget(client.server.resources.find("deployments"))
        async with watching(client, DEPLOYMENTS, resourceVersion="1") as following:
            event = await following()
        assert (event["type"], event["object"]["code"], event["object"]["reason"]) == (
            "ERROR",
            410,
            "Expired",
        )


async def test_history_is_bounded_and_older_watches_get_410():
    async with serving(server()) as client:
        client.server.store._limit = 5
        await client.deploy()
        for replicas in range(10, 20):
            await client.scale(replicas)
        async with watching(client, DEPLOYMENTS, resourceVersion="100") as following:
            assert (await following())["object"]["code"] == 410


async def test_an_unreachable_server_cuts_connections_and_watches():
    async with serving(server()) as client:
        await client.deploy()
        async with watching(client, DEPLOYMENTS, resourceVersion="1") as following:
            await following()
            client.server.cut()
            with pytest.raises(Exception, match=r"Expecting value|Not enough data|disconnected"):
                await following()
        with pytest.raises(Exception, match=r"[Dd]isconnected|reset"):
            await client.get(DEPLOYMENTS)
        client.server.heal()
        assert len((await client.get(DEPLOYMENTS))["items"]) == 1


async def test_a_refusal_is_answered_as_often_as_asked_for():
    async with serving(server()) as client:
        await client.deploy()
        refusal = Refuse(status=429, method="PATCH", path="/scale$", times=1, retry_after=7)
        client.server.faults.refusals.append(refusal)
        path = client.server.url + f"{DEPLOYMENTS}/web/scale"
        async with client.session.patch(path, json={}) as response:
            assert (response.status, response.headers["Retry-After"]) == (429, "7")
        status, _ = await client.scale(4)
        assert status == 200


async def test_a_secret_keeps_what_was_given_as_text():
    async with serving(server()) as client:
        secret = {"metadata": {"name": "s"}, "stringData": {"value": "hello"}}
        _, body = await client.call("POST", "/api/v1/namespaces/shop/secrets", secret)
        assert (body["data"], "stringData" in body) == ({"value": "aGVsbG8="}, False)


async def test_deleting_a_namespace_takes_what_is_in_it():
    async with serving(server()) as client:
        await client.deploy()
        await client.call("DELETE", "/api/v1/namespaces/shop")
        assert (await client.get("/apis/apps/v1/deployments"))["items"] == []
