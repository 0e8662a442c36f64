# SPDX-License-Identifier: Apache-2.0
"""Huawei Cloud KMS against a fake that recomputes every signature (tests/fakes/hckms.py)."""
import pytest

import cloud_cases as cases
from fakes import documents, faults
from fakes.base import Trap
from fakes.hckms import Huawei

KEY = "0d0466b0-e727-4d9c-b35d-f84bb474a37f"
ENV = {"HUAWEICLOUD_SDK_AK": "ak", "HUAWEICLOUD_SDK_SK": "canary-sk"}


@pytest.fixture
def huawei():
    with Huawei() as fake:
        fake.keys["ak"] = ("canary-sk", None)
        yield fake


def entry(huawei, **more):
    return {"key_id": f"local-1:{KEY}", "created_at": documents.CREATED, "enc": huawei.enc(KEY, documents.DATA_KEY), **more}


@pytest.fixture
def decrypt(place, huawei):
    def run(*entries, **more):
        return cases.decrypt(place, cases.text("hckms", *(entries or [entry(huawei)])), {**huawei.environment(), **more})
    return run


def test_keys_with_a_project(huawei, decrypt):
    cases.assert_open(decrypt(**ENV, HUAWEICLOUD_SDK_PROJECT_ID=huawei.project))
    assert len(huawei.requests) == 1


def test_project_is_looked_up(huawei, decrypt):
    cases.assert_open(decrypt(**ENV))
    assert [request.path for request in huawei.requests] == ["/v3/projects", f"/v1.0/{huawei.project}/kms/decrypt-data"]


def test_temporary_keys(huawei, decrypt):
    huawei.keys["ak"] = ("canary-sk", "canary-security-token")
    cases.assert_open(decrypt(**ENV, HUAWEICLOUD_SDK_SECURITY_TOKEN="canary-security-token"))
    cases.assert_closed(decrypt(**ENV), "APIGW.0301")


def test_profile(decrypt, place):
    path = place.home / ".huaweicloud/credentials"
    path.parent.mkdir()
    path.write_text("[basic]\nak = ak\nsk = canary-sk\n")
    cases.assert_open(decrypt())


def test_pod_identity(huawei, decrypt, place):
    huawei.keys["ak"] = ("canary-sk", "canary-security-token")
    huawei.pod_token = "canary-pod"
    token = place.write("token", "canary-pod\n")
    cases.assert_open(decrypt(HC_CONTAINER_CREDENTIALS_FULL_URI=huawei.url + "/pod", HC_CONTAINER_AUTHORIZATION_TOKEN_FILE=str(token)))


def test_wrong_secret_key(huawei, decrypt):
    cases.assert_closed(decrypt(HUAWEICLOUD_SDK_AK="ak", HUAWEICLOUD_SDK_SK="canary-other"), "APIGW.0301")


def test_another_key(huawei, decrypt):
    cases.assert_closed(decrypt(entry(huawei, key_id=f"local-1:{KEY[::-1]}"), **ENV), "KMS.0205")


@pytest.mark.parametrize("region", ["evil.example/", "a.b", "127.0.0.1", "x@evil"])
def test_region_that_leads_elsewhere(huawei, decrypt, region):
    with Trap() as trap:
        cases.assert_closed(decrypt(entry(huawei, key_id=f"{region}:{KEY}"), **ENV, https_proxy=f"http://{trap.address}"), "REGION:KEY")
        assert trap.connections == 0
    assert not huawei.requests


@pytest.mark.parametrize("region", ["obs", "cn-north", "local-1-a"])
def test_region_that_is_none(huawei, decrypt, region):
    """Below obs.myhuaweicloud.com everybody has names of his own."""
    with Trap() as trap:
        cases.assert_closed(decrypt(entry(huawei, key_id=f"{region}:{KEY}"), **ENV, HUAWEICLOUD_SDK_PROJECT_ID="p", https_proxy=f"http://{trap.address}"), "is no region of Huawei Cloud")
        assert trap.connections == 0


@pytest.mark.parametrize("name", cases.FAULTS)
@pytest.mark.parametrize("where", ["projects", "decrypt-data"])
def test_faults(huawei, place, name, where):
    fault, status = cases.FAULTS[name]
    huawei.fail(fault, times=None, only=lambda request: request.path.endswith(where))
    stdin = cases.resource_list(cases.text("hckms", entry(huawei)))
    cases.assert_closed(cases.run_function(place, stdin, {**huawei.environment(), **ENV}, "--timeout", "3"), "hckms", status=status)


def test_what_passes_is_asked_again(huawei, place):
    huawei.fail(faults.status(503))
    huawei.fail(faults.reset, only=lambda request: request.body)
    result = cases.run_function(place, cases.resource_list(cases.text("hckms", entry(huawei))), {**huawei.environment(), **ENV})
    assert result.status == 0, result.message


def test_one_look_up_for_a_whole_build(huawei, place):
    huawei.delay = 0.05
    values = [cases.text("hckms", entry(huawei, key_id=f"local-1:key{number}", enc=huawei.enc(f"key{number}", documents.DATA_KEY))) for number in range(6)]
    result = cases.run_function(place, cases.resource_list(*values), {**huawei.environment(), **ENV})
    assert result.status == 0, result.message
    assert len(huawei.requests) == 1 + 6
