# SPDX-License-Identifier: Apache-2.0
"""The Kubernetes API server, as far as one object at a time is read from it, and tokens of service accounts are made by it: who asks is known by a bearer token or, with a TLS context that asks for one,
by a certificate; who may read what is a list, as a Role's resourceNames is."""
import base64
import json
import time

from fakes import jwt
from fakes.base import Fake

TOKEN = "eyJhbGciOiJSUzI1NiJ9.canary-cluster-token.c2ln"


def secret(namespace, name, **data):
    """A Secret of plain texts; "_" in a name stands for "."."""
    encoded = {key.replace("_", "."): base64.b64encode(value.encode()).decode() for key, value in data.items()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": namespace}, "type": "Opaque", "data": encoded}


def config_map(namespace, name, **data):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace},
            "data": {key.replace("_", "."): value for key, value in data.items()}}


def service_account(namespace, name, **annotations):
    """`annotations` by their last part, "_" for "-"."""
    full = {"role_arn": "eks.amazonaws.com/role-arn", "tenant_id": "azure.workload.identity/tenant-id", "client_id": "azure.workload.identity/client-id",
            "gcp_service_account": "iam.gke.io/gcp-service-account", "workload_identity_provider": "gcp.auth.fluxcd.io/workload-identity-provider"}
    return {"apiVersion": "v1", "kind": "ServiceAccount",
            "metadata": {"name": name, "namespace": namespace, "annotations": {full[key]: value for key, value in annotations.items()}}}


class Kubernetes(Fake):
    """tokens: those that are known; None: everybody is, by the certificate. readable: "secrets/NAMESPACE/NAME" that may be got; None: all. creatable:
    "NAMESPACE/NAME" of the service accounts of which tokens may be made; None: all. made: those tokens, by (NAMESPACE/NAME, audience)."""

    def __init__(self, *objects, tokens=(TOKEN,), readable=None, creatable=None, prefix="", **more):
        super().__init__(**more)
        self.creatable, self.lifetime, self.made, self.made_count = creatable, 3600, {}, 0
        self.tokens, self.readable, self.prefix, self.objects = tokens and set(tokens), readable, prefix, {}
        for one in objects:
            self.put(one)

    def put(self, one):
        group = one["apiVersion"]
        plural = {"Secret": "secrets", "ConfigMap": "configmaps"}.get(one["kind"], one["kind"].lower() + "s")
        if plural.endswith("ys"):
            plural = plural[:-2] + "ies"
        root = f"/api/{group}" if "/" not in group else f"/apis/{group}"
        path = f"{root}/namespaces/{one['metadata']['namespace']}/{plural}/{one['metadata']['name']}"
        self.objects[path] = one

    def status(self, code, reason, message, **details):
        return code, {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message, "reason": reason, "details": details,
                      "code": code}

    def answer(self, request):
        assert request.method in ("GET", "POST") and not request.query and request.headers["accept"] == "application/json"
        if self.tokens is not None:
            scheme, _, token = request.headers.get("authorization", "").partition(" ")
            if scheme != "Bearer" or token not in self.tokens:
                return self.status(401, "Unauthorized", "Unauthorized")
        else:
            assert "authorization" not in request.headers
        path = request.path.removeprefix(self.prefix)
        parts = path.split("/namespaces/")
        if not request.path.startswith(self.prefix) or len(parts) != 2 or len(parts[1].split("/")) != (3 if request.method == "GET" else 4):
            return 404, "404 page not found\n", {"Content-Type": "text/plain"}
        namespace, plural, name = parts[1].split("/")[:3]
        if request.method == "POST":
            return self.make_token(request, path, namespace, name)
        if self.readable is not None and f"{plural}/{namespace}/{name}" not in self.readable:
            return self.status(403, "Forbidden", f'{plural} "{name}" is forbidden: User "who" cannot get resource', name=name, kind=plural)
        if path not in self.objects:
            return self.status(404, "NotFound", f'{plural} "{name}" not found', name=name, kind=plural)
        return 200, self.objects[path]


    def make_token(self, request, path, namespace, name):
        """A TokenRequest, as the API server takes it."""
        assert path == f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token" and request.headers["content-type"] == "application/json", path
        body = request.json
        assert body["apiVersion"] == "authentication.k8s.io/v1" and body["kind"] == "TokenRequest" and set(body["spec"]) == {"audiences"}, body
        (audience,) = body["spec"]["audiences"]
        if self.creatable is not None and f"{namespace}/{name}" not in self.creatable:
            return self.status(403, "Forbidden", 'serviceaccounts "x" is forbidden', name=name, kind="serviceaccounts")
        if path.removesuffix("/token") not in self.objects:
            return self.status(404, "NotFound", f'serviceaccounts "{name}" not found', name=name, kind="serviceaccounts")
        self.made_count += 1
        now = int(time.time())
        ends = now + self.lifetime
        claims = {"aud": [audience], "iat": now, "nbf": now, "exp": ends, "sub": f"system:serviceaccount:{namespace}:{name}", "mark": f"canary-{self.made_count}"}
        token = self.made[f"{namespace}/{name}", audience] = jwt.make(claims, {"alg": "RS256"})
        return 201, {"kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1", "metadata": {"name": name, "namespace": namespace},
                     "spec": {"audiences": [audience], "expirationSeconds": self.lifetime},
                     "status": {"token": token, "expirationTimestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(ends))}}


def kubeconfig(folder, fake, certificates, name="config", user=None, cluster=None, context="test", **more):
    """Writes a kubeconfig with one context; returns its path. user, cluster: what is said of them beside, or in place of, the usual."""
    path = folder / name
    text = {"apiVersion": "v1", "kind": "Config", "current-context": context,
            "clusters": [{"name": "c-" + context, "cluster": {"server": fake.url, "certificate-authority": str(certificates.ca), **(cluster or {})}}],
            "users": [{"name": "u-" + context, "user": {"token": TOKEN} if user is None else user}],
            "contexts": [{"name": context, "context": {"cluster": "c-" + context, "user": "u-" + context}}], **more}
    path.write_text(json.dumps(text))
    path.chmod(0o600)
    return path


def pod(folder, fake, certificates, token=TOKEN):
    """The folder of a service account, and a pod's variables."""
    folder.mkdir(exist_ok=True)
    (folder / "token").write_text(token)
    (folder / "ca.crt").write_bytes(certificates.ca.read_bytes())
    return {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": str(fake.port), "KRM_SOPS_SERVICE_ACCOUNT": str(folder)}
