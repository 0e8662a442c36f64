# SPDX-License-Identifier: Apache-2.0
"""AWS KMS, with credentials from each place where they can lie, against fakes that recompute every signature (tests/fakes/aws.py)."""
import json
import os
import sys
import pathlib

import pytest
import yaml

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from fakes import aws as fake_aws, faults, secrets  # noqa: E402
from fakes.aws import ARN, OTHER_ROLE, ROLE, Aws, Container, Metadata, jwt  # noqa: E402
from fakes.base import Proxy, Trap  # noqa: E402

DATA = pathlib.Path(__file__).resolve().parents[1] / "data"
KEYS = {"AWS_ACCESS_KEY_ID": "AKIAUSER", "AWS_SECRET_ACCESS_KEY": "user/secret+canary"}


@pytest.fixture
def aws():
    with Aws() as fake:
        fake.user("AKIAUSER", "user/secret+canary")
        fake.role(ROLE)
        yield fake


@pytest.fixture
def decrypt(place, aws):
    """decrypt(entry..., env): one document with these kms entries."""

    def run(*entries, env=None, number=0, argv=()):
        place.write("secret.json", secrets.text(number, kms=list(entries)))
        return place.run("decrypt", *argv, "secret.json", env={**aws.env(), **(env or {})})

    return run


def assert_open(result, number=0):
    assert not result.crashed and result.status == 0, result.message
    assert json.loads(result.stdout)["stringData"]["password"] == secrets.plain(number)


def assert_closed(result, *words, status=128):
    assert not result.crashed and result.status == status and result.stdout == b"", result.message
    for word in words:
        assert word in result.message
    assert "canary" not in result.message and "temporary/" not in result.message
    return result


def entry(aws, number=0, arn=ARN, **more):
    return aws.entry(arn, secrets.data_key(number), **more)


def token_file(place, *args, **more):
    return str(place.write("token", jwt(*args, **more)))


def irsa(place, *args, **more):
    return {"AWS_ROLE_ARN": ROLE, "AWS_WEB_IDENTITY_TOKEN_FILE": token_file(place, *args, **more)}


# credentials


def test_environment(aws, decrypt):
    assert_open(decrypt(entry(aws), env=KEYS))
    assert aws.calls == ["Decrypt"]


def test_environment_with_token(aws, decrypt):
    access, secret, token, _ = aws.make()
    assert_open(decrypt(entry(aws), env={"AWS_ACCESS_KEY_ID": access, "AWS_SECRET_ACCESS_KEY": secret, "AWS_SESSION_TOKEN": token}))


def test_differs_endpoint_url_reaches_sts(aws, decrypt, place):
    """IRSA, too: env() names no AWS_ENDPOINT_URL_STS."""
    assert_open(decrypt(entry(aws), env=irsa(place)))
    assert aws.calls == ["AssumeRoleWithWebIdentity", "Decrypt"]


def test_irsa_session_name(aws, decrypt, place):
    assert_open(decrypt(entry(aws), env={**irsa(place), "AWS_ROLE_SESSION_NAME": "my-session"}))
    assert aws.sessions == ["my-session"]


def test_irsa_with_expired_token(aws, decrypt, place):
    assert_closed(decrypt(entry(aws), env=irsa(place, lifetime=-1)), "ExpiredTokenException", ROLE, "AWS_WEB_IDENTITY_TOKEN_FILE")
    assert aws.calls == ["AssumeRoleWithWebIdentity"] * 2  # the file may have changed meanwhile


def test_irsa_with_rotating_token(aws, decrypt, place):
    env = irsa(place, lifetime=-1)
    aws.fail(lambda handler: (place.write("token", jwt(mark="new")), faults.status(400, "<E><Error><Code>ExpiredTokenException</Code></Error></E>")(handler)),
             only=lambda request: b"AssumeRole" in request.body)
    assert_open(decrypt(entry(aws), env=env))
    assert [fake_aws.claims_of(token)["mark"] for token in aws.seen_tokens] == ["new"]


def test_irsa_with_wrong_audience(aws, decrypt, place):
    assert_closed(decrypt(entry(aws), env=irsa(place, audience="vault")), "InvalidIdentityToken", ROLE)
    assert set(aws.calls) == {"AssumeRoleWithWebIdentity"}


def test_irsa_with_a_role_that_does_not_trust(aws, decrypt, place):
    assert_closed(decrypt(entry(aws), env={**irsa(place), "AWS_ROLE_ARN": OTHER_ROLE}), "AccessDenied", OTHER_ROLE)
    assert aws.calls == ["AssumeRoleWithWebIdentity"]


@pytest.mark.parametrize("content", [None, "", "\n"])
def test_irsa_without_token(aws, decrypt, place, content):
    path = place.cwd / "token"
    if content is not None:
        path.write_text(content)
    assert_closed(decrypt(entry(aws), env={"AWS_ROLE_ARN": ROLE, "AWS_WEB_IDENTITY_TOKEN_FILE": str(path)}), "token")
    assert aws.calls == []


def test_irsa_token_with_line_feed(aws, decrypt, place):
    env = irsa(place)
    place.write("token", jwt() + "\n")
    assert_open(decrypt(entry(aws), env=env))


def test_differs_container_token_with_line_feed(aws, decrypt, place):
    token = place.write("pod-token", "pod-token-canary\n")
    with Container(aws, "pod-token-canary") as pod:
        env = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": pod.url + "/v1/credentials", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(token)}
        assert_open(decrypt(entry(aws), env=env))
        assert len(pod.requests) == 1
        token.write_text("other-token-canary")
        assert_closed(decrypt(entry(aws), env=env), "container", "401")


def test_container_with_token_in_a_variable(aws, decrypt):
    with Container(aws, "Basic pod-token-canary") as pod:
        env = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": pod.url + "/v1/credentials", "AWS_CONTAINER_AUTHORIZATION_TOKEN": "Basic pod-token-canary"}
        assert_open(decrypt(entry(aws), env=env))


@pytest.mark.parametrize("host", ["192.0.2.1", "pod.example", "localhost.example", "169.254.169.254", "127.0.0.1.example"])
def test_differs_container_is_named_by_address(aws, decrypt, host):
    env = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://{host}/creds", "AWS_CONTAINER_AUTHORIZATION_TOKEN": "pod-token-canary"}
    assert_closed(decrypt(entry(aws), env=env), "AWS_CONTAINER_CREDENTIALS_FULL_URI")


def test_instance_metadata(aws, decrypt):
    with Metadata(aws) as metadata:
        url = metadata.url.replace("127.0.0.1", "127.1")  # which does not say of itself that it is this machine's
        assert_open(decrypt(entry(aws), env={"AWS_EC2_METADATA_DISABLED": "", "AWS_EC2_METADATA_SERVICE_ENDPOINT": url, "http_proxy": "http://127.0.0.1:9"}))
        assert [request.method for request in metadata.requests] == ["PUT", "GET", "GET"]


def test_instance_without_role(aws, decrypt):
    with Metadata(aws, role="") as metadata:
        env = {"AWS_EC2_METADATA_DISABLED": "", "AWS_EC2_METADATA_SERVICE_ENDPOINT": metadata.url}
        assert_closed(decrypt(entry(aws), env=env), "EC2 instance metadata", "404")


def test_nobody_at_the_metadata_address(aws, decrypt):
    with Trap() as trap:
        dead = trap.address
    env = {"AWS_EC2_METADATA_DISABLED": "", "AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://" + dead}
    assert_closed(decrypt(entry(aws), env=env), "no AWS credentials")
    assert_closed(decrypt(entry(aws)), "AWS_EC2_METADATA_DISABLED")


# roles and profiles


def test_differs_session_name_of_a_role(aws, decrypt):
    assert_open(decrypt(entry(aws, role=ROLE), env=KEYS))
    assert aws.calls == ["AssumeRole", "Decrypt"]
    host = "".join(c for c in os.uname().nodename if c.isalnum() or c in "=,.@_")
    assert aws.sessions == [("sops@" + host)[:64]]


def test_role_of_an_entry_by_irsa(aws, decrypt, place):
    aws.role(OTHER_ROLE)
    assert_open(decrypt(entry(aws, role=OTHER_ROLE), env=irsa(place)))
    assert aws.calls == ["AssumeRoleWithWebIdentity", "AssumeRole", "Decrypt"]


def test_role_that_is_denied(aws, decrypt):
    assert_closed(decrypt(entry(aws, role=OTHER_ROLE), env=KEYS), "AccessDenied", OTHER_ROLE)


def test_role_that_the_policy_refuses(aws, decrypt, place):
    policy = place.write("policy.yaml", "apiVersion: krm-sops.dev/v1alpha1\nkind: Policy\nspec:\n  aws: {roles: [\"%s\"]}\n" % ROLE)
    policy.chmod(0o600)
    env = {**KEYS, "KRM_SOPS_POLICY": str(policy)}
    assert_open(decrypt(entry(aws, role=ROLE), env=env))
    aws.role(OTHER_ROLE)
    before = len(aws.requests)
    assert_closed(decrypt(entry(aws, role=OTHER_ROLE), env=env), OTHER_ROLE)
    assert len(aws.requests) == before


def profiles(place, config, credentials=""):
    place.home.joinpath(".aws").mkdir(exist_ok=True)
    place.home.joinpath(".aws/config").write_text(config)
    place.home.joinpath(".aws/credentials").write_text(credentials)


STATIC = "aws_access_key_id = AKIAUSER\naws_secret_access_key = user/secret+canary\n"


def test_default_profile(aws, decrypt, place):
    profiles(place, "", "[default]\n" + STATIC)
    assert_open(decrypt(entry(aws)))


def test_profile_of_an_entry_before_the_environment(aws, decrypt, place):
    profiles(place, "[profile prod]\n" + STATIC)
    env = {"AWS_ACCESS_KEY_ID": "AKIAOTHER", "AWS_SECRET_ACCESS_KEY": "x"}
    assert_open(decrypt(entry(aws, aws_profile="prod"), env=env))
    assert_closed(decrypt(entry(aws, aws_profile="none"), env=env), "no AWS profile 'none'")
    assert_closed(decrypt(entry(aws), env=env), "UnrecognizedClientException", "AWS_ACCESS_KEY_ID")


def test_chain_of_profiles(aws, decrypt, place):
    aws.role(OTHER_ROLE, external_id="outside")
    profiles(place, f"[profile prod]\nrole_arn={OTHER_ROLE}\nsource_profile=middle\nexternal_id=outside\nrole_session_name=me\n"
             f"[profile middle]\nrole_arn={ROLE}\nsource_profile=user\n", "[user]\n" + STATIC)
    assert_open(decrypt(entry(aws), env={"AWS_PROFILE": "prod"}))
    assert aws.calls == ["AssumeRole", "AssumeRole", "Decrypt"] and aws.sessions[1] == "me"


def test_chain_of_profiles_in_a_circle(aws, decrypt, place):
    profiles(place, f"[profile a]\nrole_arn={ROLE}\nsource_profile=b\n[profile b]\nrole_arn={ROLE}\nsource_profile=a\n")
    assert_closed(decrypt(entry(aws), env={"AWS_PROFILE": "a"}), "AWS profile 'a'", "AWS profile 'b'")
    assert aws.calls == []


def test_web_identity_of_a_profile(aws, decrypt, place):
    profiles(place, f"[default]\nrole_arn={ROLE}\nweb_identity_token_file={token_file(place)}\n")
    assert_open(decrypt(entry(aws)))
    assert aws.calls == ["AssumeRoleWithWebIdentity", "Decrypt"]


def process(place, output):
    """A profile whose helper prints that, and a policy that allows it."""
    helper = place.write("helper", f"#!/bin/sh\n[ \"$1 $2\" = 'a b c' ] || exit 1\ncat <<'END'\n{output}\nEND\n")
    helper.chmod(0o700)
    profiles(place, f"[default]\ncredential_process = {helper} a 'b c'\n")
    policy = place.write("policy.yaml", "apiVersion: krm-sops.dev/v1alpha1\nkind: Policy\nspec: {aws: {credentialProcess: true}}\n")
    policy.chmod(0o600)
    return {"KRM_SOPS_POLICY": str(policy)}


def test_credential_process(aws, decrypt, place):
    env = process(place, json.dumps({"Version": 1, **fake_aws.as_json(aws.make(), "SessionToken")}))
    assert_open(decrypt(entry(aws), env=env))
    assert_closed(decrypt(entry(aws)), "credential_process", "aws.credentialProcess")


@pytest.mark.parametrize("output, word", [("canary", "not JSON"), ('{"Version": 2, "AccessKeyId": "A", "SecretAccessKey": "canary"}', "Version"),
                                          ('{"Version": 1, "AccessKeyId": "A"}', "without credentials")])
def test_credential_process_that_fails(aws, decrypt, place, output, word):
    assert_closed(decrypt(entry(aws), env=process(place, output)), "credential_process", word)


def test_endpoint_of_a_profile(aws, place):
    profiles(place, f"[default]\nservices = here\n{STATIC}[services here]\nkms =\n  endpoint_url = {aws.url}\n")
    place.write("secret.json", secrets.text(0, kms=[entry(aws)]))
    assert_open(place.run("decrypt", "secret.json", env={"AWS_EC2_METADATA_DISABLED": "true"}))


# keys


@pytest.mark.parametrize("arn", [ARN, "arn:aws:kms:eu-central-1:111122223333:alias/sops/prod", "arn:aws:kms:us-east-1:111122223333:key/mrk-12ab34cd",
                                 "arn:aws-cn:kms:cn-north-1:111122223333:key/a"])
def test_keys_and_regions(aws, decrypt, arn):
    assert_open(decrypt(entry(aws, arn=arn), env=KEYS))


def test_encryption_context(aws, decrypt):
    context = {"env": "prod", "quote \"\\": "line\nfeed, ü <&>", "z": ""}
    good = entry(aws, context=context)
    assert_open(decrypt(good, env=KEYS))
    assert_closed(decrypt({**good, "context": {**context, "env": "test"}}, env=KEYS), "InvalidCiphertextException")


def test_differs_encryption_context_is_text(aws, decrypt):
    assert_closed(decrypt({**entry(aws), "context": {"env": None}}, env=KEYS), "entry 'env' of the encryption context is not a text")
    assert aws.requests == []


def test_second_entry_where_the_first_is_denied(aws, decrypt):
    assert_open(decrypt(entry(aws, role=OTHER_ROLE), entry(aws), env=KEYS))


def test_wrong_secret_key(aws, decrypt):
    env = {**KEYS, "AWS_SECRET_ACCESS_KEY": "wrong/secret+canary"}
    assert_closed(decrypt(entry(aws), env=env), "InvalidSignatureException", "AWS_ACCESS_KEY_ID")


def test_differs_in_arns_that_are_none(aws, decrypt):
    for arn in ("arn:aws:kms:127.0.0.1:1:key/a", "arn:aws:kms:evil.example/:1:key/a", "arn:aws:kms:us-east-1:1:key/a:kms:evil:2:key/b", "alias/x"):
        assert_closed(decrypt({**entry(aws), "arn": arn}, env=KEYS), "is not the ARN of a KMS key")
    assert aws.requests == []


# many


def test_fifty_secrets_take_one_call_each_and_one_for_the_role(aws, place):
    items = [secrets.secret(number, kms=[entry(aws, number)]) for number in range(50)]
    result = place.run("filter", stdin=(secrets.stream(items) + secrets.stream(items)).encode(), env={**aws.env(), **irsa(place)})
    assert result.status == 0, result.message
    for number in range(50):
        assert result.stdout.decode().count(secrets.plain(number)) == 2
    assert aws.count("AssumeRoleWithWebIdentity") == 1 and aws.count("Decrypt") == 50
    assert aws.connections <= 17


def test_fifty_secrets_with_roles_in_two_regions(aws, place):
    aws.role(OTHER_ROLE)
    arns = [ARN, ARN.replace("us-east-1", "eu-central-1")]
    items = [secrets.secret(number, kms=[entry(aws, number, arn=arns[number % 2], role=OTHER_ROLE)]) for number in range(50)]
    result = place.run("filter", stdin=secrets.stream(items).encode(), env={**aws.env(), **irsa(place)})
    assert result.status == 0, result.message
    assert aws.count("AssumeRoleWithWebIdentity") == 2 and aws.count("AssumeRole") == 2 and aws.count("Decrypt") == 50


def test_contexts_do_not_make_two_questions_of_one(aws, place):
    one = secrets.secret(0, kms=[entry(aws, context={"a": "1"})])
    result = place.run("filter", stdin=secrets.stream([one, one, one]).encode(), env={**aws.env(), **KEYS})
    assert result.status == 0, result.message
    assert aws.calls == ["Decrypt"]


# time


def test_credentials_that_end_early_are_fetched_again(aws, decrypt, place):
    env = irsa(place)
    aws.fail(faults.status(400, {"__type": "ExpiredTokenException"}), only=lambda request: "x-amz-target" in request.headers)
    assert_open(decrypt(entry(aws), env=env))
    assert aws.count("AssumeRoleWithWebIdentity") == 2
    aws.fail(faults.status(400, {"__type": "ExpiredTokenException"}), times=None, only=lambda request: "x-amz-target" in request.headers)
    assert_closed(decrypt(entry(aws), env=env), "ExpiredTokenException")
    assert aws.count("AssumeRoleWithWebIdentity") == 4


def test_all_of_a_run_find_their_credentials_ended(aws, place):
    items = [secrets.secret(number, kms=[entry(aws, number)]) for number in range(20)]
    aws.fail(faults.status(400, {"__type": "ExpiredTokenException"}), times=None,
             only=lambda request: "x-amz-target" in request.headers and request.headers["x-amz-security-token"] == "temporary/token+1==")
    result = place.run("filter", stdin=secrets.stream(items).encode(), env={**aws.env(), **irsa(place)})
    assert result.status == 0, result.message
    assert aws.count("AssumeRoleWithWebIdentity") == 2


def test_parent_of_a_role_that_ended(aws, decrypt, place):
    aws.role(OTHER_ROLE)
    expired = "<E><Error><Code>ExpiredToken</Code></Error></E>"
    aws.fail(faults.status(403, expired), only=lambda request: b"Action=AssumeRole&" in request.body)
    assert_open(decrypt(entry(aws, role=OTHER_ROLE), env=irsa(place)))
    assert aws.calls == ["AssumeRoleWithWebIdentity", "AssumeRoleWithWebIdentity", "AssumeRole", "Decrypt"]


def test_static_credentials_that_ended(aws, decrypt):
    access, secret, token, _ = aws.make()
    aws.end_all()
    env = {"AWS_ACCESS_KEY_ID": access, "AWS_SECRET_ACCESS_KEY": secret, "AWS_SESSION_TOKEN": token}
    assert_closed(decrypt(entry(aws), env=env), "ExpiredTokenException")
    assert aws.calls == ["Decrypt"]


@pytest.mark.parametrize("skew", [-7200, 7200])
def test_clock_that_is_wrong(aws, place, skew):
    aws.skew = skew
    items = [secrets.secret(number, kms=[entry(aws, number)]) for number in range(8)]
    result = place.run("filter", stdin=secrets.stream(items).encode(), env={**aws.env(), **KEYS})
    assert result.status == 0, result.message
    assert 8 < aws.count("Decrypt") <= 16


# faults


PASSING = {
    "throttled with status 400": faults.status(400, {"__type": "ThrottlingException", "message": "slow down"}),
    "throttled with status 429": faults.status(429, {}),
    "error in a header": faults.status(400, {}, x_amzn_ErrorType="ThrottlingException:http://internal.amazon.com/coral/"),
    "500": faults.status(500, {"__type": "KMSInternalException"}),
    "503 without JSON": faults.status(503, "<html>"),
    "reset": faults.reset,
    "close": faults.close,
}
LASTING = {
    "403": (faults.status(403, {"__type": "AccessDeniedException", "message": "temporary/canary"}), 1, 1, "AccessDeniedException"),
    "403 without JSON": (faults.status(403, "<html>canary"), 1, 1, "403"),
    "400": (faults.status(400, {"__type": "canary", "message": "canary"}), 1, 1, "400"),
    "not found": (faults.status(400, {"__type": "NotFoundException"}), 1, 1, "NotFoundException"),
    "throttled for ever": (faults.status(400, {"__type": "ThrottlingException"}), None, 3, "ThrottlingException"),
    "500 for ever": (faults.status(500, {}), None, 3, "500"),
    "reset for ever": (faults.reset, None, 3, "127.0.0.1"),
    "garbage": (faults.garbage, None, None, ""),
    "huge": (faults.huge, None, None, ""),
    "huge length": (faults.huge_length, None, None, ""),
    "huge headers": (faults.huge_headers, None, None, ""),
    "no JSON": (faults.no_json, None, 1, "AWS KMS"),
    "no key in it": (faults.status(200, {"KeyId": ARN}), None, 1, "Plaintext"),
    "an empty key": (faults.status(200, {"Plaintext": ""}), None, 1, "Plaintext"),
    "no base64": (faults.status(200, {"Plaintext": "canary!"}), None, 1, "Plaintext"),
    "redirect": (faults.redirect("http://127.0.0.1:9/"), None, 1, "307"),
}


@pytest.mark.parametrize("name", PASSING)
@pytest.mark.parametrize("where", ["kms", "sts"])
def test_what_passes(aws, decrypt, place, name, where):
    fault = PASSING[name]
    if where == "sts" and "status 400" in name or "header" in name and where == "sts":
        fault = faults.status(400, "<E><Error><Code>Throttling</Code></Error></E>")
    aws.fail(fault, only=lambda request: ("x-amz-target" in request.headers) == (where == "kms"))
    assert_open(decrypt(entry(aws), env=irsa(place)))


@pytest.mark.parametrize("name", LASTING)
def test_what_does_not_pass(aws, decrypt, name):
    fault, times, asked, word = LASTING[name]
    aws.fail(fault, times=times)
    result = assert_closed(decrypt(entry(aws), env=KEYS), word)
    assert asked in (None, len(aws.requests)), result.message


@pytest.mark.parametrize("name", LASTING)
def test_what_does_not_pass_at_sts(aws, decrypt, place, name):
    fault, times, _, _ = LASTING[name]
    aws.fail(fault, times=times, only=lambda request: "x-amz-target" not in request.headers)
    env = irsa(place, mark="canary")
    result = assert_closed(decrypt(entry(aws), env=env), ROLE)
    assert jwt(mark="canary").split(".")[1] not in result.message


@pytest.mark.parametrize("answer", ["", "<a>", "{}", "<R><Credentials><AccessKeyId>A</AccessKeyId></Credentials></R>",
                                    "<R><Credentials><AccessKeyId>A</AccessKeyId><SecretAccessKey>temporary/canary</SecretAccessKey><SessionToken>a b</SessionToken>"
                                    "<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></R>",
                                    "<R><Credentials><AccessKeyId>A</AccessKeyId><SecretAccessKey>temporary/canary</SecretAccessKey><SessionToken>t</SessionToken>"
                                    "<Expiration>2001-01-01T00:00:00Z</Expiration></Credentials></R>"])
def test_answers_of_sts_that_are_none(aws, decrypt, place, answer):
    aws.fail(faults.status(200, answer), times=None, only=lambda request: "x-amz-target" not in request.headers)
    assert_closed(decrypt(entry(aws), env=irsa(place)))
    assert "Decrypt" not in aws.calls


@pytest.mark.parametrize("name", ["slow", "trickle"])
def test_deadline(aws, decrypt, name):
    aws.fail(getattr(faults, name), times=None)
    assert_closed(decrypt(entry(aws), env=KEYS, argv=("--timeout", "1")), "1000 ms")


def test_down_is_worth_another_try(aws, place):
    with Trap() as trap:
        dead = trap.address
    stdin = secrets.stream([secrets.secret(0, kms=[entry(aws)])]).encode()
    result = place.run("filter", stdin=stdin, env={**KEYS, "AWS_ENDPOINT_URL": "http://" + dead})
    assert result.status == 75 and dead in result.message


# who decides


@pytest.mark.parametrize("region, env, kms, sts", [
    ("us-east-1", {}, "kms.us-east-1.amazonaws.com", "sts.us-east-1.amazonaws.com"),
    ("cn-north-1", {}, "kms.cn-north-1.amazonaws.com.cn", "sts.cn-north-1.amazonaws.com.cn"),
    ("us-iso-east-1", {}, "kms.us-iso-east-1.c2s.ic.gov", "sts.us-iso-east-1.c2s.ic.gov"),
    ("eusc-de-east-1", {}, "kms.eusc-de-east-1.amazonaws.eu", "sts.eusc-de-east-1.amazonaws.eu"),
    ("us-east-1", {"AWS_USE_FIPS_ENDPOINT": "true"}, "kms-fips.us-east-1.amazonaws.com", "sts-fips.us-east-1.amazonaws.com"),
    ("us-gov-west-1", {"AWS_USE_FIPS_ENDPOINT": "TRUE"}, "kms-fips.us-gov-west-1.amazonaws.com", "sts.us-gov-west-1.amazonaws.com"),
    ("eu-central-1", {"AWS_USE_DUALSTACK_ENDPOINT": "true"}, "kms.eu-central-1.api.aws", "sts.eu-central-1.api.aws"),
])
def test_where_the_services_are(place, region, env, kms, sts):
    """Seen by a proxy: the partition's own hosts, whatever the partition of the ARN says."""
    with Proxy() as proxy:
        env = {"https_proxy": proxy.url, "AWS_EC2_METADATA_DISABLED": "true", **env}
        place.write("values.json", secrets.text(0, kms=[{"arn": ARN.replace("us-east-1", region), "created_at": "2026-01-01T00:00:00Z", "enc": "AAAA", "aws_profile": ""}]))
        for more, host in ((KEYS, kms), (irsa(place), sts)):
            proxy.asked.clear()
            result = place.run("decrypt", "values.json", "--timeout", "5", env={**env, **more})
            assert result.status == 128 and "the proxy answered with HTTP status 403" in result.message, result.message
            assert set(proxy.asked) == {host + ":443"}


def test_no_credential_to_an_address_that_only_the_document_names(aws, decrypt):
    with Trap() as trap:
        good = entry(aws)
        for more in ({"endpoint_url": "http://" + trap.address}, {"region": trap.address}, {"arn": f"arn:aws:kms:{trap.address}:1:key/a"},
                     {"arn": ARN.replace("us-east-1", trap.address.replace(":", "."))}):
            decrypt({**good, **more}, env=KEYS)
        assert trap.connections == 0


def test_nothing_is_asked_while_another_key_opens_the_document(aws, place):
    place.copy("attacks/secret.yaml")
    document = yaml.safe_load((place.cwd / "secret.yaml").read_text())
    document["sops"]["kms"] = [entry(aws)]
    place.write("secret.yaml", json.dumps(document))
    result = place.run("decrypt", "secret.yaml", env={**aws.env(), **KEYS, "SOPS_AGE_KEY_FILE": str(DATA / "attacks" / "age.agekey")})
    assert result.status == 0 and aws.requests == [], result.message


def function(place, aws, items, secret=None, env=None, ref=True, account=None):
    """The function, with a decryption Secret in the operator's folder."""
    for name, value in (secret or {}).items():
        place.write(f"keys/flux-system/sops-keys/{name}", value)
    config = {"apiVersion": "krm-sops.dev/v1alpha1", "kind": "Decrypt", "metadata": {"name": "d", "namespace": "flux-system"},
              "spec": {"decryption": {"provider": "sops", "secretRef": {"name": "sops-keys"}, **({"serviceAccountName": account} if account else {})}} if ref else {}}
    stdin = json.dumps({"apiVersion": "config.kubernetes.io/v1", "kind": "ResourceList", "items": items, "functionConfig": config})
    return place.run("--keys", "keys", "--namespace", "flux-system", stdin=stdin.encode(), env={**aws.env(), **(env or {})})


YAML = "aws_access_key_id: AKIAUSER\naws_secret_access_key: user/secret+canary\n"


@pytest.mark.parametrize("value", [YAML, json.dumps({"AWS_Access_Key_ID": "AKIAUSER", "aws_secret_access_key": "user/secret+canary", "other": [1]}),
                                   YAML + "aws_session_token: null\n"])
def test_decryption_secret(aws, place, value):
    items = [secrets.secret(number, kms=[entry(aws, number)]) for number in range(3)]
    result = function(place, aws, items, {"sops.aws-kms": value}, env={"AWS_ACCESS_KEY_ID": "AKIAOTHER", "AWS_SECRET_ACCESS_KEY": "x"})
    assert result.status == 0 and secrets.plain(2) in result.stdout.decode(), result.message


@pytest.mark.parametrize("value, words", [
    ("[default]\n" + STATIC, ["failed to import 'sops.aws-kms' data from sops decryption Secret 'flux-system/sops-keys'"]),
    ("- a\n", ["it is not a map"]), ("canary", ["it is not a map"]), ("a: [canary", ["it is not a map"]),
    ("aws_access_key_id: 12\n", ["'aws_access_key_id' is not a text"])])
def test_decryption_secret_that_is_malformed(aws, place, value, words):
    result = function(place, aws, [secrets.secret(0, kms=[entry(aws)])], {"sops.aws-kms": value})
    assert result.status == 1 and result.stdout == b"" and "canary" not in result.message
    assert all(word in result.message for word in words), result.message


@pytest.mark.parametrize("value", ["{}", "", "aws_access_key_id: A\n", "other: x\n"])
def test_decryption_secret_without_keys_fails_when_it_is_used(aws, place, value):
    result = function(place, aws, [secrets.secret(0, kms=[entry(aws)])], {"sops.aws-kms": value}, env=KEYS)
    assert result.status == 1 and "without access key or secret key" in result.message and aws.requests == []
    plain = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}
    assert function(place, aws, [plain]).status == 0


def test_decryption_secret_without_aws_leaves_it_to_the_machine(aws, place):
    profiles(place, "[profile prod]\naws_access_key_id = AKIAOTHER\naws_secret_access_key = x\n")
    agekey = (DATA / "age.agekey").read_text()
    items = [secrets.secret(0, kms=[entry(aws, aws_profile="prod")])]
    result = function(place, aws, items, {"age.agekey": agekey}, env=KEYS)
    assert result.status == 0 and secrets.plain(0) in result.stdout.decode(), result.message
    assert function(place, aws, items, env=KEYS, ref=False).status == 1  # without a secretRef the profile counts, as for sops


def test_service_account_is_not_looked_up(aws, place):
    items = [secrets.secret(0, kms=[entry(aws)])]
    assert function(place, aws, items, {"other": "x"}, env=KEYS, account="decryptor").status == 0
    result = function(place, aws, items, env={**KEYS, "AWS_ACCESS_KEY_ID": "AKIAOTHER"}, account="decryptor")
    assert result.status == 1 and "serviceAccountName 'decryptor' is not looked up" in result.message
