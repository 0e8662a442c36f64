# SPDX-License-Identifier: Apache-2.0
"""The sidecar: what it answers, whom, and what becomes of it when things go wrong. KMS and gRPC doors have files of their own."""
import contextlib
import json
import os
import pathlib
import re
import resource
import shutil
import signal
import socket
import stat
import subprocess
import threading
import time

import pytest
import yaml

from conftest import DATA, program_path
from sidecar import Connection, Sidecar, alive, cpu_seconds, sidecars, until

ATTACKS = DATA / "attacks"
SECRET = (ATTACKS / "secret.yaml").read_bytes()


@pytest.fixture
def keys(place):
    """A mounted Secret, as Kubernetes makes it: the keys behind ..data."""
    folder = place.path / "keys"
    mount(folder, ATTACKS / "age.agekey")
    return folder


def mount(folder, *files):
    """Swaps the folder's content as the kubelet does: a new folder, and a link that is renamed over the old one."""
    folder.mkdir(exist_ok=True)
    version = folder / f"..{time.monotonic_ns()}"
    version.mkdir()
    for file in files:
        shutil.copy(file, version / file.name)
        link = folder / file.name
        if not link.is_symlink():
            link.symlink_to(f"..data/{file.name}")
    fresh = folder / "..data_tmp"
    fresh.symlink_to(version.name)
    fresh.rename(folder / "..data")
    for link in folder.iterdir():
        if not link.exists():
            link.unlink()


@pytest.fixture
def serve(place, keys):
    with sidecars(place, "--keys-flat", keys) as start:
        yield start


def test_decrypt_gives_the_bytes_of_the_command_line(place, serve):
    place.copy("attacks/age.agekey", "attacks/secret.yaml")
    want = place.run("decrypt", "secret.yaml", env={"SOPS_AGE_KEY_FILE": "age.agekey"})
    sidecar = serve()
    answer = sidecar.post("/v1/decrypt?filename=secret.yaml", SECRET)
    assert (answer.status, answer.body) == (200, want.stdout)
    assert answer.headers["Cache-Control"] == "no-store"
    other = sidecar.post("/v1/decrypt?input-type=yaml&output-type=json", SECRET)
    assert json.loads(other.body) == yaml.safe_load(want.stdout)


def test_filter_and_resourcelist_give_what_the_command_line_gives(place, serve):
    place.copy("attacks/age.agekey")
    env = {"SOPS_AGE_KEY_FILE": "age.agekey"}
    sidecar = serve()
    stream = b"kind: ConfigMap\nmetadata: {name: a}\n---\n" + SECRET
    assert sidecar.post("/v1/filter", stream).body == place.run("filter", stdin=stream, env=env).stdout
    items = yaml.safe_dump({"apiVersion": "config.kubernetes.io/v1", "kind": "ResourceList", "items": [yaml.safe_load(SECRET)]}).encode()
    answer = sidecar.post("/v1/resourcelist", items)
    assert answer.status == 200
    assert answer.body == place.run(stdin=items, env=env).stdout


@pytest.mark.parametrize("argv, stdin", [
    (["decrypt", "secret.yaml"], b""),
    (["filter"], SECRET),
    ([], yaml.safe_dump({"apiVersion": "config.kubernetes.io/v1", "kind": "ResourceList", "items": [yaml.safe_load(SECRET)]}).encode()),
    (["check", "--with-keys", "secret.yaml"], b""),
])
def test_clients_get_the_same_through_the_socket(place, serve, argv, stdin):
    place.copy("attacks/age.agekey", "attacks/secret.yaml")
    want = place.run(*argv, stdin=stdin, env={"SOPS_AGE_KEY_FILE": "age.agekey"})
    (place.cwd / "age.agekey").unlink()
    assert want.status == 0, want.message
    sidecar = serve()
    for got in (place.run(*argv, stdin=stdin, env={"KRM_SOPS_SOCKET": str(sidecar.socket)}),
                place.run(*argv[:1], "--socket", sidecar.socket, *argv[1:], stdin=stdin)):
        assert (got.status, got.stdout, got.stderr) == (want.status, want.stdout, want.stderr)


def test_no_sidecar_is_worth_another_try(place):
    result = place.run("filter", "--socket", "/nonexistent/s.sock", stdin=SECRET)
    assert result.status == 75 and result.stdout == b""
    assert "sidecar '/nonexistent/s.sock': cannot connect: No such file" in result.message


def test_errors_are_the_text_of_the_command_line(place, serve):
    place.copy("attacks/age.agekey")
    bad = SECRET.replace(b"tag:", b"tag:A", 1)
    want = place.run("filter", stdin=bad, env={"SOPS_AGE_KEY_FILE": "age.agekey"})
    answer = serve().post("/v1/filter", bad)
    error = json.loads(answer.body)
    assert answer.status in (400, 422) and error["exitStatus"] == want.status == 1
    assert f"krm-sops: {error['error']}\n" in want.message


def test_other_paths_and_methods(serve):
    sidecar = serve()
    assert sidecar.get("/nothing").status == 404
    wrong = sidecar.get("/v1/decrypt")
    assert (wrong.status, wrong.headers["Allow"]) == (405, "POST")
    assert sidecar.get("/healthz").body == b"ok\n"
    assert sidecar.post("/v1/decrypt?input-type=xml", SECRET).status == 400


def test_keys_that_do_not_fit_open_nothing(place, serve):
    other = place.path / "other"
    mount(other, DATA / "other.agekey")
    sidecar = serve("--keys-flat", other)
    answer = sidecar.post("/v1/decrypt", SECRET)
    assert answer.status == 422
    assert "no identity matched" in json.loads(answer.body)["error"]
    assert [(line["opened"], line["type"], line["uid"]) for line in sidecar.audit()] == [(False, "age", os.getuid())]


def test_audit_says_who_had_which_key_opened_and_no_content(serve):
    sidecar = serve()
    assert sidecar.post("/v1/decrypt", SECRET).status == 200
    event = sidecar.audit()[-1]
    recipient = yaml.safe_load(SECRET)["sops"]["age"][0]["recipient"]
    assert event["opened"] is True and event["key"] == recipient and event["door"] == "http"
    assert event["pid"] == os.getpid() and event["uid"] == os.getuid()
    plain = yaml.safe_load(sidecar.post("/v1/decrypt", SECRET).body)
    for value in plain["stringData"].values():
        assert str(value) not in sidecar.log


# Listening


def test_the_socket_is_ours_alone_and_goes_with_us(serve):
    sidecar = serve()
    assert stat.S_IMODE(sidecar.socket.stat().st_mode) == 0o600
    assert sidecar.stop() == 0
    assert not sidecar.socket.exists()


def test_a_group_may_be_let_in(serve, keys):
    sidecar = serve("--keys-flat", keys, "--group", str(os.getgid()))
    assert stat.S_IMODE(sidecar.socket.stat().st_mode) == 0o660


def test_a_stale_socket_is_replaced_and_a_live_one_is_not(place, serve, keys):
    sidecar = serve()
    rival = Sidecar(place, "--keys-flat", keys, socket_name="s.sock")
    assert rival.process.wait(20) == 77
    assert "another server listens there" in rival.log
    assert sidecar.get("/healthz").status == 200
    children = sidecar.children()
    sidecar.process.kill()
    sidecar.process.wait(20)
    assert sidecar.socket.exists()
    until(lambda: not any(alive(pid) for pid in children), "the children's end")
    again = serve()
    assert again.get("/healthz").status == 200
    sidecar.process.returncode = 0  # for the fixture: it was meant to die


@pytest.mark.parametrize("make, message", [
    (lambda folder: folder.chmod(0o777), "others may write to its folder"),
    (lambda folder: (folder / "s.sock").write_text("x"), "something that is not ours lies there"),
])
def test_odd_places_are_refused(place, keys, make, message):
    folder = place.path / "run"
    folder.mkdir(mode=0o755)
    make(folder)
    sidecar = Sidecar(place, "--keys-flat", keys)
    assert sidecar.process.wait(20) == 77
    assert message in sidecar.log


@pytest.mark.parametrize("argv, message", [
    ([], "nothing to listen on"),
    (["--listen", "tcp://0.0.0.0:1"], "--listen takes unix:///PATH"),
    (["--listen", "unix:///x/y.sock="], "no name of a key set"),
    (["--listen", "unix:///x/y.sock", "--workers", "0"], "--workers takes a number from 1"),
    (["--listen", "unix:///x/y.sock", "--data-key-ttl", "soon"], "--data-key-ttl takes a time such as"),
    (["--listen", "unix:///x/y.sock", "--nothing"], "a value is missing"),
    (["--aws-kms", "127.0.0.1:0"], "go together"),
    (["--listen", "unix:///x/y.sock", "--probe", "soon"], "--probe takes live or ready"),
    (["--probe", "live", "--aws-kms", "127.0.0.1:1", "--aws-kms-key", "x"], "nothing to listen on"),
    (["--listen", "unix:///x/y.sock", "--cluster"], "are not for a sidecar"),
])
def test_usage(run, argv, message):
    result = run("serve", *argv)
    assert result.status == 2
    assert message in result.message


def test_key_sets_must_be_in_the_policy(place, keys):
    sidecar = Sidecar(place, "--keys-flat", keys, keyset="=team")
    assert sidecar.process.wait(20) == 2
    assert "the operator's policy has no key set 'team'" in sidecar.log


def test_keys_that_can_not_be_read_are_the_end(place):
    broken = place.path / "broken"
    broken.mkdir()
    (broken / "x.agekey").write_text("AGE-SECRET-KEY-1NONSENSE\n")
    sidecar = Sidecar(place, "--keys-flat", broken)
    assert sidecar.process.wait(20) == 1
    assert "x.agekey" in sidecar.log and "NONSENSE" not in sidecar.log


def test_what_would_need_a_program_is_told_at_the_start(place, serve, keys):
    """The others are used; and the audit says what is missed."""
    mount(keys, ATTACKS / "age.agekey", DATA / "pgp/locked.asc", DATA / "pgp/ecc.asc")
    policy = place.write("policy.yaml", yaml.safe_dump({"apiVersion": "krm-sops.dev/v1alpha1", "kind": "Policy", "spec": {
        "aws": {"credentialProcess": True}, "keySets": {"gpg": {"folder": str(keys)}}}}))
    policy.chmod(0o600)
    profile = place.write("aws", f"[default]\ncredential_process = /usr/bin/touch {place.path}/started\n")
    other = place.path / "run/b.sock"
    sidecar = serve("--listen", f"unix://{other}=gpg", env={"KRM_SOPS_POLICY": str(policy), "AWS_CONFIG_FILE": str(profile),
                                                              "SOPS_AGE_KEY_CMD": f"touch {place.path}/started"})
    wants = "a PGP key with a passphrase or of another algorithm than RSA and Curve25519 is not used, as it needs GnuPG and a sidecar starts no program"
    for told in (f"key set 'gpg': {wants}", "SOPS_AGE_KEY_CMD is not run", "the policy's 'aws.credentialProcess' has no effect"):
        assert told in sidecar.log
    assert sidecar.post("/v1/decrypt?input-type=yaml", (DATA / "pgp/sops-ecc.enc.yaml").read_bytes(), where=other).status == 200
    assert sidecar.post("/v1/decrypt?input-type=yaml", (DATA / "pgp/sops-nist.enc.yaml").read_bytes(), where=other).status == 422
    document = yaml.safe_load(SECRET)
    document["sops"].update(age=[], kms=[{"arn": "arn:aws:kms:us-east-1:111122223333:key/1", "created_at": "2026-01-01T00:00:00Z", "enc": "AAAA"}])
    assert sidecar.post("/v1/decrypt?input-type=yaml", yaml.safe_dump(document).encode()).status == 403
    assert "credential_process is not run here" in sidecar.audit()[-1]["why"]
    assert not (place.path / "started").exists()


def test_systemd_hands_over_sockets_and_hears_of_readiness(place, keys):
    folder = place.path / "run"
    folder.mkdir(mode=0o755)
    path, notify = folder / "s.sock", place.path / "notify"
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path))
    listener.listen(8)
    heard = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    heard.bind(str(notify))
    heard.settimeout(20)
    script = 'exec 3<&%d; export LISTEN_PID=$$ LISTEN_FDS=1; exec "$@"' % listener.fileno()
    process = subprocess.Popen(["/bin/bash", "-c", script, "bash", program_path(), "serve", "--listen", f"unix://{path}", "--keys-flat", str(keys)],
                               env=place.env(NOTIFY_SOCKET=str(notify)), pass_fds=[listener.fileno()], stderr=subprocess.PIPE)
    try:
        assert heard.recv(100) == b"READY=1"
        connection = Connection(path)
        connection.request("POST", "/v1/decrypt", SECRET)
        assert connection.getresponse().status == 200
    finally:
        process.terminate()
        process.communicate(timeout=60)
    assert process.returncode == 0
    assert heard.recv(100) == b"STOPPING=1"
    assert path.exists()  # it is systemd's


# Peers


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to be somebody else")
def test_strangers_are_refused_before_anything_is_read(place, serve, keys):
    sidecar = serve("--keys-flat", keys)
    for folder in [place.path, *place.path.parents]:
        if folder.stat().st_mode & 0o005 != 0o005 and str(folder).startswith("/tmp"):
            folder.chmod(folder.stat().st_mode | 0o055)
    sidecar.socket.chmod(0o666)  # as if somebody had widened it
    code = ("import socket,sys; s=socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.send(b'GET /healthz HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n');"
            "print(s.recv(4096).decode())")
    done = subprocess.run(["/usr/bin/python3", "-c", code, str(sidecar.socket)], user=4711, group=4712, extra_groups=[], capture_output=True, text=True,
                          cwd="/", check=False)
    assert done.stdout.startswith("HTTP/1.1 403 "), done.stderr
    assert "uid 4711, gid 4712" in sidecar.log and "uids: [4711]" in sidecar.log
    assert sidecar.metric("krm_sops_refused_peers_total") == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to be somebody else")
@pytest.mark.parametrize("group, extra, status", [(4801, [], "200"), (4712, [4801], "200"), (4712, [1, 2, 4801, 3], "200"), (4712, [4800], ""), (4712, [], "")])
def test_the_group_lets_in_whoever_is_in_it(place, serve, keys, group, extra, status):
    """As the main group or another one: a pod's fsGroup is none of the first kind. Others do not even reach the socket."""
    sidecar = serve("--keys-flat", keys, "--group", "4801")
    for folder in [place.path, *place.path.parents]:
        if folder.stat().st_mode & 0o005 != 0o005 and str(folder).startswith("/tmp"):
            folder.chmod(folder.stat().st_mode | 0o055)
    code = ("import socket,sys; s=socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.send(b'GET /healthz HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n');"
            "print(s.recv(100)[9:12].decode())")
    done = subprocess.run(["/usr/bin/python3", "-c", code, str(sidecar.socket)], user=4711, group=group, extra_groups=extra, capture_output=True, text=True, cwd="/",
                          check=False)
    assert done.stdout.strip() == status, done.stderr
    assert bool(status) or "Permission denied" in done.stderr


# Keys change


def test_new_keys_are_in_effect_and_old_ones_gone(serve, keys):
    sidecar = serve()
    assert sidecar.post("/v1/decrypt", SECRET).status == 200
    mount(keys, DATA / "other.agekey")
    until(lambda: sidecar.post("/v1/decrypt", SECRET).status == 422, "the old key's end")
    mount(keys, ATTACKS / "age.agekey")
    until(lambda: sidecar.post("/v1/decrypt", SECRET).status == 200, "the new key")
    assert sidecar.metric("krm_sops_reloads_total") >= 2, sidecar.log + sidecar.get("/metrics").body.decode()


def test_keys_that_can_not_be_read_later_leave_the_old_ones(serve, keys, tmp_path):
    sidecar = serve()
    bad = tmp_path / "bad.agekey"
    bad.write_text("AGE-SECRET-KEY-1NONSENSE\n")
    mount(keys, ATTACKS / "age.agekey", bad)
    until(lambda: sidecar.metric("krm_sops_reload_failures_total") >= 1, "the failed reload")
    assert sidecar.post("/v1/decrypt", SECRET).status == 200
    assert "bad.agekey" in sidecar.log and "NONSENSE" not in sidecar.log


def test_cached_keys_end_with_the_keys(serve, keys):
    sidecar = serve("--keys-flat", keys, "--data-key-ttl", "1h")
    for _ in range(3):
        assert sidecar.post("/v1/decrypt", SECRET).status == 200
    assert [line["cached"] for line in sidecar.audit()] == [False, True, True]
    mount(keys, DATA / "other.agekey")
    until(lambda: sidecar.post("/v1/decrypt", SECRET).status == 422, "the cache's end")


def test_cached_keys_end_by_themselves(serve, keys):
    sidecar = serve("--keys-flat", keys, "--data-key-ttl", "1s")
    for _ in range(2):
        assert sidecar.post("/v1/decrypt", SECRET).status == 200
    assert [line["cached"] for line in sidecar.audit()][:2] == [False, True]
    until(lambda: sidecar.post("/v1/decrypt", SECRET).status == 200 and [line["cached"] for line in sidecar.audit()].count(False) > 1,
          "the end of its time")


# Trouble


def test_a_worker_that_dies_is_replaced(serve):
    sidecar = serve()
    until(lambda: len(sidecar.children()) == 3, "the second worker")  # the first one answers before it is there
    keeper, *workers = sidecar.children()
    for pid in workers:
        os.kill(pid, signal.SIGKILL)
    until(lambda: len(sidecar.children()) == 3 and not set(workers) & set(sidecar.children()), "new workers")
    assert keeper in sidecar.children()
    assert sidecar.post("/v1/decrypt", SECRET).status == 200
    assert sidecar.metric("krm_sops_worker_restarts_total") >= 2


def test_the_system_s_limits_are_used(serve, keys):
    """As many descriptors as there may be; and where memory runs out, workers go before keys do."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    sidecar = serve("--keys-flat", keys, "--workers", "1")
    keeper, worker = sidecar.children()
    for pid in (sidecar.process.pid, keeper, worker):
        assert resource.prlimit(pid, resource.RLIMIT_NOFILE) == (hard, hard)
    if os.geteuid() == 0:
        score = lambda pid: int(pathlib.Path(f"/proc/{pid}/oom_score_adj").read_text())
        assert score(worker) == min(score(keeper) + 200, 1000) and score(keeper) == score(sidecar.process.pid)


def test_a_worker_that_does_not_go_is_ended_and_no_crowd_is_made(serve, keys):
    """Stopped while they leave, they are not waited for; and there are never more than twice as many as asked for."""
    sidecar = serve("--keys-flat", keys, "--workers", "1", "--recycle", "1")
    most = 0
    for _ in range(40):
        assert sidecar.post("/v1/decrypt", SECRET).status == 200
        most = max(most, len(sidecar.children()))
    assert most <= 1 + 2


def test_more_connections_than_descriptors_are_told_at_the_start(place, keys):
    sidecar = Sidecar(place, "--keys-flat", keys, "--connections", "1000", before=("prlimit", "--nofile=512")).wait_ready()
    assert "--connections 1000 need up to 3128 descriptors, the system allows 512" in sidecar.log
    assert sidecar.post("/v1/decrypt", SECRET).status == 200
    assert sidecar.stop() == 0


def test_a_worker_out_of_descriptors_waits_and_does_not_spin(serve, keys):
    sidecar = serve("--keys-flat", keys, "--workers", "1", before=("prlimit", "--nofile=48"))
    worker = sidecar.children()[1]
    held = []
    for _ in range(60):
        client = socket.socket(socket.AF_UNIX)
        client.connect(str(sidecar.socket))
        held.append(client)
    before = cpu_seconds(worker)
    time.sleep(1)
    assert cpu_seconds(worker) - before < 0.3
    for client in held:
        client.close()
    until(lambda: sidecar.post("/v1/decrypt", SECRET).status == 200, "room")
    assert sidecar.children()[1] == worker


@pytest.mark.parametrize("begin, rest", [(b"P", b"OST /v1/decrypt HTTP/1.1\r\n"), (b"PR", b"I * HTTP/2.0\r\n\r\nSM\r\n\r\n"), (b"G", b"ET /healthz HTTP/1.1\r\n")])
def test_a_client_that_begins_and_stops_costs_nothing(serve, keys, begin, rest):
    """Not even a look at whether it goes on, but now and then."""
    sidecar = serve("--keys-flat", keys, "--workers", "1")
    worker = sidecar.children()[1]
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(sidecar.socket))
        client.sendall(begin)
        time.sleep(0.2)
        before = cpu_seconds(worker)
        time.sleep(1)
        assert cpu_seconds(worker) - before < 0.3
        client.sendall(rest)
        time.sleep(0.3)
        assert sidecar.metric("krm_sops_connections") == 2
    until(lambda: sidecar.metric("krm_sops_connections") == 1, "its end")


def test_a_client_that_goes_without_a_word_costs_nothing(serve, keys):
    """As probes do that look whether somebody listens."""
    sidecar = serve("--keys-flat", keys, "--workers", "1")
    worker = sidecar.children()[1]
    before = cpu_seconds(worker)
    for _ in range(5):
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(sidecar.socket))
        time.sleep(0.3)
    assert cpu_seconds(worker) - before < 0.5
    assert sidecar.metric("krm_sops_connections") == 1


def test_who_is_turned_away_is_not_heard_out(serve, keys):
    """One that talks without an end would keep the worker from all others, until it is taken for one that hangs."""
    sidecar = serve("--keys-flat", keys, "--workers", "1", "--connections", "1")
    held = Connection(sidecar.socket)
    held.request("GET", "/healthz")
    held.getresponse().read()
    words, heard = b"G" * (64 << 20), []
    with socket.socket(socket.AF_UNIX) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 22)
        client.connect(str(sidecar.socket))

        def talk():
            with contextlib.suppress(OSError):
                while sum(heard) < 1 << 30:
                    heard.append(client.send(words))

        threads = [threading.Thread(target=talk) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sum(heard) < 16 << 20  # a megabyte that is heard, and twice the buffer that was asked for
    held.close()


NO_LOCKED_MEMORY = ("setpriv", "--bounding-set=-ipc_lock", "--inh-caps=-ipc_lock", "prlimit", "--memlock=0")


@pytest.mark.skipif(os.geteuid() != 0, reason="setpriv needs root")
def test_memory_that_can_not_be_locked_is_told_or_the_end(monkeypatch, plain_program, serve, place, keys):
    monkeypatch.setenv("KRM_SOPS", plain_program)  # sanitizers lock nothing, and say nothing
    sidecar = serve("--keys-flat", keys, before=NO_LOCKED_MEMORY)
    assert "the system refuses to lock memory for keys" in sidecar.log
    assert sidecar.post("/v1/decrypt", SECRET).status == 200
    assert sidecar.metric("krm_sops_memory_locked") == 0 and json.loads(sidecar.get("/readyz").body)["memoryLocked"] is False
    strict = Sidecar(place, "--keys-flat", keys, "--require-mlock", before=NO_LOCKED_MEMORY, socket_name="strict.sock")
    assert strict.process.wait(20) == 1
    assert "serve: the system refuses to lock memory for keys" in strict.log and "--require-mlock" in strict.log
    locked = serve("--keys-flat", keys, "--require-mlock", socket_name="locked.sock")
    assert locked.metric("krm_sops_memory_locked") == 1 and "refuses to lock" not in locked.log


def test_a_start_that_fails_leaves_no_socket(place, keys):
    folder = place.path / "wide"
    folder.mkdir()
    folder.chmod(0o777)
    sidecar = Sidecar(place, "--keys-flat", keys, "--listen", f"unix://{folder}/t.sock")
    assert sidecar.process.wait(20) == 77
    assert not sidecar.socket.exists()


def test_a_keeper_that_dies_is_replaced(serve):
    sidecar = serve()
    keeper = sidecar.children()[0]
    os.kill(keeper, signal.SIGKILL)
    until(lambda: sidecar.post("/v1/decrypt", SECRET).status == 200 and keeper not in sidecar.children(), "a new keeper")
    assert sidecar.metric("krm_sops_keeper_restarts_total") == 1


def test_a_worker_that_hangs_is_ended(serve, keys):
    """Stopped, it gives no sign of life; what the others do goes on."""
    sidecar = serve("--keys-flat", keys, "--workers", "2")
    hung = sidecar.children()[1]
    os.kill(hung, signal.SIGSTOP)
    until(lambda: hung not in sidecar.children(), "the end of the worker that hangs")
    until(lambda: len(sidecar.children()) == 3, "its successor")
    assert sidecar.post("/v1/decrypt", SECRET).status == 200


def test_a_client_that_does_not_take_its_answer_costs_nobody_else_theirs(serve, keys):
    """It has its time for that as for its request; the worker, which has done its part, is not taken for one that hangs."""
    sidecar = serve("--keys-flat", keys, "--workers", "1", "--request-time", "1s")
    worker = sidecar.children()[1]
    body = b"kind: ConfigMap\ndata:\n  a: " + b"x" * (8 << 20) + b"\n"
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(sidecar.socket))
        client.sendall(b"POST /v1/filter HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        time.sleep(3)
        assert sidecar.post("/v1/decrypt", SECRET).status == 200
        assert sidecar.children()[1] == worker and client.recv(12) == b"HTTP/1.1 200"


def test_children_end_with_the_supervisor(serve):
    sidecar = serve()
    children = sidecar.children()
    sidecar.process.kill()
    sidecar.process.wait(20)
    until(lambda: not any(alive(pid) for pid in children), "the children's end")
    sidecar.process.returncode = 0  # for the fixture: it was meant to die


def test_workers_are_recycled_without_a_lost_request(serve, keys):
    sidecar = serve("--keys-flat", keys, "--recycle", "5", "--workers", "1")
    first = sidecar.children()[1]
    for _ in range(30):
        assert sidecar.post("/v1/decrypt", SECRET).status == 200
    until(lambda: first not in sidecar.children(), "a fresh worker")


def test_no_more_workers_than_twice_as_many_however_slowly_they_leave(serve, keys):
    """A worker that leaves waits for its clients; its successor does, too. A third one has to wait until one of them is gone."""
    sidecar = serve("--keys-flat", keys, "--recycle", "1", "--workers", "1")
    keeper = sidecar.children()[0]
    workers = lambda: set(sidecar.children()) - {keeper}
    held, head = [], f"POST /v1/decrypt HTTP/1.1\r\nHost: x\r\nContent-Length: {len(SECRET)}\r\n\r\n".encode()

    def fresh():
        """Those that were worn by what came before have left, or wait for whom they hold."""
        before = workers()
        time.sleep(0.6)
        return workers() == before

    for number in (1, 2):
        until(lambda: len(workers()) == number and fresh(), "the worker")
        held.append(Connection(sidecar.socket))
        held[-1].connect()
        held[-1].sock.sendall(head + SECRET[:100])
        time.sleep(0.5)
        assert sidecar.post("/v1/decrypt", SECRET).status == 200
    both = workers()
    time.sleep(1.5)
    assert workers() == both
    for connection in held:
        connection.sock.sendall(SECRET[100:])
        assert connection.sock.recv(100).startswith(b"HTTP/1.1 200 ")
    until(lambda: workers() and not workers() & both, "their successor")
    assert sidecar.post("/v1/decrypt", SECRET).status == 200


def test_requests_under_way_are_answered_when_it_ends(serve):
    sidecar = serve()
    connection = Connection(sidecar.socket)
    connection.connect()
    head = f"POST /v1/decrypt HTTP/1.1\r\nHost: x\r\nContent-Length: {len(SECRET)}\r\n\r\n".encode()
    connection.sock.sendall(head + SECRET[:100])
    time.sleep(0.5)
    sidecar.process.terminate()
    time.sleep(0.5)
    connection.sock.sendall(SECRET[100:])
    assert connection.sock.recv(100).startswith(b"HTTP/1.1 200 ")
    assert sidecar.process.wait(60) == 0


def test_too_much_is_refused(serve, keys):
    sidecar = serve("--keys-flat", keys, "--max-body", "2000")
    answer = sidecar.post("/v1/filter", b"a: " + b"x" * 3000)
    assert answer.status == 413 and b"more than 2000 bytes" in answer.body

    def parts():
        for _ in range(100):
            yield b"x" * 100

    assert sidecar.post("/v1/filter", parts(), headers={"Transfer-Encoding": "chunked"}).status == 413


def test_more_connections_than_there_is_room_for_are_told_so(serve, keys):
    sidecar = serve("--keys-flat", keys, "--workers", "1", "--connections", "2")
    held = []
    for _ in range(2):
        connection = Connection(sidecar.socket)
        connection.request("GET", "/healthz")
        assert connection.getresponse().read() == b"ok\n"
        held.append(connection)
    answer = sidecar.get("/healthz")
    assert answer.status == 503 and answer.headers["Retry-After"] == "1"
    for connection in held:
        connection.close()
    until(lambda: sidecar.get("/healthz").status == 200, "room")


@pytest.mark.parametrize("bytes_", [
    b"\x00" * 100, b"GET\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 200,
    b"POST /v1/decrypt HTTP/1.1\r\nContent-Length: x\r\n\r\n", b"POST /v1/unwrap HTTP/1.1\r\nHost: x\r\nContent-Length: 12\r\n\r\nKSQ1\0\0\0\4\0\0\0\1",
    b"GET /" + b"a" * 100000 + b" HTTP/1.1\r\n\r\n",
])
def test_garbage_costs_one_connection(serve, bytes_):
    sidecar = serve()
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(20)
        client.connect(str(sidecar.socket))
        try:
            client.sendall(bytes_)
            client.shutdown(socket.SHUT_WR)
            answer = client.recv(4096)
        except (BrokenPipeError, ConnectionResetError):
            answer = b""
    assert not answer.startswith(b"HTTP/1.1 200")
    assert sidecar.post("/v1/decrypt", SECRET).status == 200
    assert sidecar.metric("krm_sops_worker_restarts_total") == 0


def test_pipelined_requests_are_answered_in_order(serve):
    sidecar = serve()
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(20)
        client.connect(str(sidecar.socket))
        client.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        answer = b""
        while part := client.recv(4096):
            answer += part
    assert answer.index(b" 200 ") < answer.index(b" 404 ")


def test_a_slow_client_is_cut(serve):
    """Ten seconds for a head, whoever sends it byte by byte; a request beside it is served."""
    sidecar = serve()
    began = time.monotonic()
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(sidecar.socket))
        client.settimeout(0.5)
        ended = False
        client.sendall(b"GET /healthz HTTP/1.1\r\nX: ")
        while not ended and time.monotonic() < began + 40:
            try:
                client.sendall(b"y")
                ended = client.recv(100) == b""
            except TimeoutError:
                assert sidecar.get("/healthz").status == 200
            except OSError:
                ended = True
    assert ended
    until(lambda: sidecar.metric("krm_sops_cut_slow_total") >= 1, "the count of it")  # cut first, then counted


def test_many_at_once_get_their_own_answers(serve, place):
    """Documents with different values, from many threads: no answer is another's."""
    place.copy("attacks/age.agekey", "attacks/secret.yaml")
    sidecar = serve()
    plain = place.run("decrypt", "secret.yaml", env={"SOPS_AGE_KEY_FILE": "age.agekey"}).stdout
    wrong = []

    def client(number):
        connection = Connection(sidecar.socket)
        for turn in range(10):
            mark = f"# {number} {turn}\n".encode()
            connection.request("POST", "/v1/filter", mark + SECRET)
            answer = connection.getresponse()
            body = answer.read()
            if answer.status != 200 or not body.startswith(mark):
                wrong.append((number, turn, answer.status, body[:80]))
        connection.close()

    threads = [threading.Thread(target=client, args=(i,)) for i in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert plain


def test_readiness_tells_which_walls_stand(serve):
    state = json.loads(serve().get("/readyz").body)
    assert state["ready"] is True and state["keys"] >= 1
    assert {"no-privileges", "no-dump", "seccomp", "files"} <= set(state["walls"]["worker"])
    assert {"no-privileges", "no-dump", "seccomp"} <= set(state["walls"]["keeper"])


def in_memory(pid, needle):
    with open(f"/proc/{pid}/mem", "rb") as memory:
        for line in pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines():
            span, rights = line.split()[:2]
            if "r" not in rights or "[v" in line:
                continue
            low, high = (int(part, 16) for part in span.split("-"))
            try:
                memory.seek(low)
                if needle in memory.read(high - low):
                    return True
            except (OSError, ValueError):
                continue
    return False


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to look into the memory of others")
def test_each_process_writes_its_own_counters_only(serve):
    def sizes(pid):
        found = {"r--s": 0, "rw-s": 0}
        for line in pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines():
            if "krm-sops-counters" in line:
                span, rights = line.split()[:2]
                low, high = (int(part, 16) for part in span.split("-"))
                found[rights] += high - low
        return found

    sidecar = serve()
    keeper, *workers = sidecar.children()
    for pid in (keeper, *workers):
        until(lambda: sizes(pid) == {"rw-s": 64 * 1024, "r--s": 513 * 64 * 1024}, f"that {pid} of {keeper}, {workers} has its own")  # the last worker may just begin
        assert not any("krm-sops-counters" in os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd"))


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to look into the memory of others")
@pytest.mark.parametrize("where", ["file", "environment"])
def test_no_worker_has_the_key(monkeypatch, serve, plain_program, keys, where):
    """The memory of the others is searched for the identity; that of the keeper for its text, which is gone once it is parsed."""
    monkeypatch.setenv("KRM_SOPS", plain_program)
    text = next(line for line in (ATTACKS / "age.agekey").read_text().splitlines() if line.startswith("AGE-SECRET-KEY-"))
    sidecar = serve("--keys-flat", keys) if where == "file" else serve("--workers", "2", env={"SOPS_AGE_KEY": text})
    assert sidecar.post("/v1/decrypt", SECRET).status == 200
    keeper, *workers = sidecar.children()
    without = [*workers, keeper] if where == "environment" else [sidecar.process.pid, *workers, keeper]
    for pid in without:
        assert not in_memory(pid, text.encode())
    assert in_memory(workers[0], b"/v1/resourcelist")  # the search finds what is there


def test_the_described_api_is_the_one_that_is_there(serve):
    """docs/openapi.yaml: each path and method answers, each other method does not, and bodies have the fields that the schemas require."""
    described = yaml.safe_load((DATA.parents[1] / "docs" / "openapi.yaml").read_text())
    schemas = described["components"]["schemas"]
    source = (DATA.parents[1] / "sidecar" / "api.c").read_text()
    in_code = {(path, method.lower()) for path, method in re.findall(r'\{"(/[^"]+)", "(GET|POST)"', source)}
    assert in_code == {(path, method) for path, methods in described["paths"].items() for method in methods}
    assert described["info"]["version"] == (DATA.parents[1] / "VERSION").read_text().strip()
    sidecar = serve()
    for path, methods in described["paths"].items():
        for method in ("get", "post"):
            answer = sidecar.request(method.upper(), path, b"x: [" if method == "post" else None)
            assert (answer.status != 405) == (method in methods), (path, method)
            if answer.status >= 400:
                body = json.loads(answer.body)
                assert set(schemas["error"]["required"]) <= set(body) <= set(schemas["error"]["properties"])
                assert body["exitStatus"] in schemas["error"]["properties"]["exitStatus"]["enum"]
    ready = json.loads(sidecar.get("/readyz").body)
    assert set(ready) == set(schemas["ready"]["required"])
    for walls in ready["walls"].values():
        assert set(walls) <= set(schemas["walls"]["items"]["enum"])


def test_the_described_metrics_are_those_that_are_there(serve):
    """docs/api.md names each; and each that is there has a text of help and a value."""
    rows = [line.split("|")[1] for line in (DATA.parents[1] / "docs/api.md").read_text().splitlines() if re.match(r"\| `[a-z_]+`[, ]", line)]
    described = {name for row in rows for name in re.findall(r"`([a-z_]+)`", row)}
    text = serve().get("/metrics").body.decode()
    assert described == {line.split()[2].removeprefix("krm_sops_") for line in text.splitlines() if line.startswith("# TYPE ")}
    assert text.count("# HELP krm_sops_") == len(described)


# Probes


def test_probes_tell_whether_it_is_there_and_ready(place, serve):
    ask = lambda kind, path: place.run("serve", "--probe", kind, "--listen", f"unix://{path}")
    sidecar = serve()
    for kind in ("live", "ready"):
        result = ask(kind, sidecar.socket)
        assert (result.status, result.stdout, result.stderr) == (0, b"", b"")
    assert sidecar.stop() == 0
    gone = ask("live", sidecar.socket)
    assert gone.status == 75 and "cannot connect" in gone.message


def test_ready_and_alive_are_not_the_same(place):
    """A stand-in answers. One that is busy, or has no keys yet, is not ready; it is alive."""
    path = place.path / "s.sock"
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen(8)
    cases = [("live", b"HTTP/1.1 200 OK", 0), ("live", b"HTTP/1.1 503 Service Unavailable", 0), ("live", b"garbage", 75), ("live", b"", 75),
             ("ready", b"HTTP/1.1 200 OK", 0), ("ready", b"HTTP/1.1 503 Service Unavailable", 75), ("ready", b"HTTP/1.1 200", 75), ("ready", b"garbage", 75)]
    asked = []

    def serve_all():
        for _, answer, _ in cases:
            client, _ = listener.accept()
            asked.append(client.recv(1000).split(b"\r\n")[0])
            client.sendall(answer + b"\r\n\r\n" * bool(answer))
            client.close()

    thread = threading.Thread(target=serve_all)
    thread.start()
    results = [place.run("serve", f"--listen=unix://{path}", "--probe", kind) for kind, _, _ in cases]
    thread.join()
    listener.close()
    assert [result.status for result in results] == [status for _, _, status in cases]
    assert asked == [b"GET /healthz HTTP/1.1"] * 4 + [b"GET /readyz HTTP/1.1"] * 4
    assert "/readyz answers 'HTTP/1.1 503 '" in results[5].message


def test_a_folder_that_is_missing_is_made(place, keys):
    """A volume of Kubernetes may be written to by all; a folder in it is ours."""
    volume = place.path / "volume"
    volume.mkdir()
    volume.chmod(0o777)
    before = os.umask(0o077)  # whose group could not reach it
    try:
        sidecar = Sidecar(place, "--listen", f"unix://{volume}/own/s.sock", "--keys-flat", keys).wait_ready()
    finally:
        os.umask(before)
    assert stat.S_IMODE((volume / "own").stat().st_mode) == 0o755
    assert sidecar.request("GET", "/healthz", where=volume / "own/s.sock").status == 200
    assert sidecar.stop() == 0
    deeper = Sidecar(place, "--keys-flat", keys, "--listen", f"unix://{volume}/a/b/s.sock", socket_name="t.sock")
    assert deeper.process.wait(20) == 1 and "folder of socket" in deeper.log
