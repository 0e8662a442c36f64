# SPDX-License-Identifier: Apache-2.0
"""Bad input: a message that names the resource and the field, an exit status that is not 0, nothing on stdout, and never a crash."""
import base64
import itertools
import json
import os
import pathlib
import re
import resource
import signal
import subprocess
import time

import bad_cases
import pytest
import yaml
from conftest import DATA, ROOT, program_path, without_file_rights

SOPS_STATUSES = {1, 2, 4, 25, 51, 91, 100, 128}
FUNCTION_STATUSES = {1, 2, 75, 77}
DOCUMENT_STATUSES = {1, 4, 25, 51, 128}  # of decrypt, where the document is to blame
PLACE = re.compile(r"^krm-sops: (?:stdin: (?:line \d+|items\b|'items'|\w)|functionConfig: |(?:Secret|Widget) shop/\S+: )", re.M)
TEXTS_MAX = 4096  # bytes of stderr: a screen or two, whatever the input
MEMORY = 64 * 1024 * 1024  # bytes of address space for a program that needs some 20 MiB at rest


def check_failed(case, result):
    assert not result.crashed, result.message
    assert result.stdout == b"", f"{case.name}: {len(result.stdout)} bytes on stdout"
    assert result.status in (case.status or (SOPS_STATUSES if case.argv[:1] == ("decrypt",) else FUNCTION_STATUSES)), (result.status, result.message)
    assert result.message.startswith("krm-sops: "), result.message
    assert all(line.startswith("krm-sops: ") for line in result.message.splitlines()), result.message
    assert all(char.isprintable() or char == "\n" for char in result.message), result.message
    assert len(result.stderr) < TEXTS_MAX
    if case.argv and case.argv[-1] in case.files and result.status in DOCUMENT_STATUSES:
        assert result.message.startswith(f"krm-sops: {case.argv[-1]}: "), result.message
    if not case.argv:
        assert PLACE.search(result.message), result.message
    for word in case.words:
        assert word in result.message, f"'{word}' is not in: {result.message}"


@pytest.mark.parametrize("case", bad_cases.every(), ids=lambda case: case.name)
def test_fails(case, place):
    check_failed(case, case.run(place))


def test_the_documents_open_when_they_are_not_damaged(place):
    """Else every test above might fail for another reason."""
    for name in ("secret.yaml", "widget.yaml", "values.yaml", "values.json", "app.env", "app.ini", "blob.bin"):
        place.copy(f"bad/{name}")
        result = place.run("decrypt", name, env=bad_cases.KEYS)
        assert result.status == 0 and b"canary-" in result.stdout and result.stderr == b"", result.message
    place.copy("bad/shamir.yaml")
    keys = place.write("both", bad_cases.load("keys/age.agekey") + bad_cases.load("keys/second.agekey"))
    assert b"canary-shamir" in place.run("decrypt", "shamir.yaml", env={"SOPS_AGE_KEY_FILE": str(keys)}).stdout


def whole_list():
    secret = bad_cases.load("secret.yaml")
    return bad_cases.resource_list(secret, bad_cases.load("widget.yaml"), bad_cases.secret_with("values.yaml", bad_cases.load("values.yaml")))


def put_sources(place):
    place.copy("bad/secret.yaml", "bad/widget.yaml")


def test_the_list_opens_when_nothing_is_wrong(place):
    put_sources(place)
    result = place.run(stdin=whole_list(), env=bad_cases.KEYS)
    assert result.status == 0 and result.stderr == b"", result.message
    assert b"canary-password-x7Lr0VbT" in result.stdout and b"ENC[" not in result.stdout


def test_all_bad_items_are_in_one_report(place):
    """Not only the first."""
    one, two = (bad_cases.damaged(name)[1] for name in ("value tampered", "number in the clear"))
    place.write("secret.yaml", one)
    place.write("widget.yaml", two)
    result = place.run(stdin=bad_cases.resource_list(one, two), env=bad_cases.KEYS)
    assert result.status == 1 and result.stdout == b""
    assert "shop/orders-db" in result.message and "shop/gadget" in result.message, result.message


def test_in_place_is_refused_and_the_items_stay(place):
    """kpt writes back what comes out: so the items come out as they went in, with the reason beside them."""
    text = bad_cases.load("secret.yaml").replace("metadata:\n", "metadata:\n    annotations: {internal.config.kubernetes.io/path: a.yaml}\n", 1)
    place.write("a.yaml", text)
    given = bad_cases.resource_list(text)
    result = place.run(stdin=given, env=bad_cases.KEYS)
    assert result.status in (1, 77) and "allowPlaintextOnDisk" in result.message
    before, after = (yaml.safe_load(data) for data in (given, result.stdout))
    assert before["items"] == after["items"] and [entry["severity"] for entry in after["results"]] == ["error"]
    assert b"canary-" not in result.stdout + result.stderr


# -- the edge of the process

def write_error(argv):
    """decrypt has sops's status for an output that cannot be written."""
    return 3 if argv[:1] == ("decrypt",) else 1


@pytest.mark.parametrize("argv", [(), ("decrypt", "secret.yaml"), ("filter",)], ids=["function", "decrypt", "filter"])
class TestStdout:
    """Where the output cannot be written the status says so."""

    def start(self, place, argv, **more):
        put_sources(place)
        stdin = bad_cases.load("secret.yaml").encode() if argv == ("filter",) else whole_list()
        return subprocess.run([program_path(), *argv], input=stdin, env=place.env(**bad_cases.KEYS), cwd=place.cwd, stderr=subprocess.PIPE, timeout=60, check=False, **more)

    def test_case_2_full(self, place, argv):
        with open("/dev/full", "wb") as full:
            done = self.start(place, argv, stdout=full)
        assert done.returncode == write_error(argv) and b"cannot write" in done.stderr, done

    def test_case_2_short_write(self, place, argv):
        """The disk takes a part and no more."""
        def small():
            resource.setrlimit(resource.RLIMIT_FSIZE, (50, 50))
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

        with (place.path / "out").open("wb") as out:
            done = self.start(place, argv, stdout=out, preexec_fn=small)
        assert (place.path / "out").stat().st_size == 50
        assert done.returncode == write_error(argv) and b"cannot write" in done.stderr, done

    def test_case_2_closed(self, place, argv):
        done = self.start(place, argv, preexec_fn=lambda: os.close(1))
        assert done.returncode == write_error(argv) and done.stderr.startswith(b"krm-sops: "), done

    def test_no_file_is_written_where_stdout_should_be(self, place, argv):
        """With stdout closed the next file that is opened gets its number: no output may land in it."""
        before = {path: path.read_bytes() for path in place.path.rglob("*") if path.is_file()}
        done = self.start(place, argv, preexec_fn=lambda: os.close(1))
        assert done.returncode != 0
        after = {path: path.read_bytes() for path in place.path.rglob("*") if path.is_file()}
        assert all(after[path] == data for path, data in before.items()) and b"canary-" not in b"".join(after[p] for p in after.keys() - before.keys())

    def test_reader_is_gone(self, place, argv):
        read, write = os.pipe()
        os.close(read)
        done = self.start(place, argv, stdout=write)
        os.close(write)
        assert done.returncode in (write_error(argv), -signal.SIGPIPE), done

    def test_read_only(self, place, argv):
        with open("/dev/null", "rb") as wrong:
            done = self.start(place, argv, stdout=wrong)
        assert done.returncode == write_error(argv), done


def started(place, *argv, **more):
    return subprocess.Popen([program_path(), *argv], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=place.env(**bad_cases.KEYS), cwd=place.cwd, **more)


@pytest.mark.parametrize("argv", [(), ("filter",), ("decrypt", "--input-type", "yaml", "-")], ids=["function", "filter", "decrypt"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signal_in_the_middle_of_the_input(place, number, argv):
    put_sources(place)
    text = bad_cases.load("secret.yaml").encode() if argv else whole_list()
    program = started(place, *argv)
    program.stdin.write(text[:len(text) // 2])
    program.stdin.flush()
    time.sleep(0.3)
    program.send_signal(number)
    out, _ = program.communicate(timeout=20)
    assert program.returncode != 0 and out == b""


def test_signal_in_the_middle_of_the_output(place):
    """A reader that does not read: what it has got by then is the beginning of the right output, and the status is not 0."""
    put_sources(place)
    filler = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: big}\ndata:\n  text: " + "x" * 1000000 + "\n"
    text = bad_cases.resource_list(bad_cases.load("secret.yaml"), filler)
    good = place.run(stdin=text, env=bad_cases.KEYS)
    assert good.status == 0 and len(good.stdout) > 900000
    program = started(place)
    program.stdin.write(text)
    program.stdin.close()
    time.sleep(1)
    program.send_signal(signal.SIGTERM)
    out = program.stdout.read()
    assert program.wait(20) != 0
    assert good.stdout.startswith(out) and len(out) < len(good.stdout)
    program.stdout.close()
    program.stderr.close()


def test_stdin_closed(place):
    done = subprocess.run([program_path()], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=place.env(), cwd=place.cwd, preexec_fn=lambda: os.close(0), timeout=20, check=False)
    assert done.returncode != 0 and done.stdout == b"" and done.stderr.startswith(b"krm-sops: ")


def test_stdin_is_a_folder(place):
    folder = os.open("/", os.O_RDONLY)
    done = subprocess.run([program_path()], stdin=folder, capture_output=True, env=place.env(), cwd=place.cwd, timeout=20, check=False)
    os.close(folder)
    assert done.returncode == 1 and done.stdout == b"" and b"cannot read" in done.stderr


def test_stderr_closed(place):
    """Nobody hears the message; the status still says it, and it goes nowhere else."""
    place.write("secret.yaml", bad_cases.damaged("value tampered")[1])
    done = subprocess.run([program_path(), "decrypt", "secret.yaml"], stdout=subprocess.PIPE, env=place.env(**bad_cases.KEYS), cwd=place.cwd, preexec_fn=lambda: os.close(2),
                          timeout=20, check=False)
    assert done.returncode == 25 and done.stdout == b""


@pytest.mark.parametrize("argv, status, where", [((), 1, "Secret shop/orders-db: "), (("filter",), 1, "Secret shop/orders-db: "), (("decrypt", "secret.yaml"), 128, "secret.yaml: ")],
                         ids=["function", "filter", "decrypt"])
def test_key_file_that_may_not_be_read(place, argv, status, where):
    key = place.write("key", bad_cases.load("keys/age.agekey"))
    key.chmod(0)
    place.copy("bad/secret.yaml")
    stdin = bad_cases.load("secret.yaml").encode() if argv else whole_list()
    result = place.run(*argv, stdin=stdin, env={"SOPS_AGE_KEY_FILE": str(key)}, preexec_fn=without_file_rights)
    assert result.status == status and result.stdout == b""
    assert where in result.message and f"{key}': Permission denied" in result.message, result.message


# -- bounds

def bounded():
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


HUGE = {
    "scalar": lambda: "a: " + "x" * 60000000 + "\n" + bad_cases.load("values.yaml"),
    "quoted scalar": lambda: 'a: "' + "\\x41" * 15000000 + '"\n' + bad_cases.load("values.yaml"),
    "block scalar": lambda: "a: |\n" + "  xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n" * 1200000 + bad_cases.load("values.yaml"),
    "comment": lambda: "#" * 60000000 + "\n" + bad_cases.load("values.yaml"),
    "list": lambda: "a: [" + "1," * 3000000 + "]\n" + bad_cases.load("values.yaml"),
    "many maps": lambda: "a:\n" + "- {a: b}\n" * 3000000 + bad_cases.load("values.yaml"),
}


@pytest.mark.parametrize("argv", [(), ("filter",), ("decrypt", "values.yaml")], ids=["function", "filter", "decrypt"])
@pytest.mark.parametrize("name", HUGE)
def test_huge_input_in_little_memory(place, plain_program, name, argv):
    """Out of memory is an error like any other."""
    place.write("values.yaml", HUGE[name]())
    stdin = whole_list() + HUGE[name]().encode() if argv != ("decrypt", "values.yaml") else b""
    result = place.run(*argv, stdin=stdin, env=bad_cases.KEYS, program=plain_program, preexec_fn=bounded)
    assert result.status == 1 or result.status == 2, result.message
    assert result.stdout == b"" and result.message.startswith("krm-sops: "), result.message


@pytest.mark.parametrize("name", ["alias bomb", "merge bomb", "deep flow", "deep flow, open", "deep block"])
def test_bombs_are_found_soon(place, plain_program, name):
    place.write("bad.yaml", bad_cases.hostile_texts()[name])
    start = time.monotonic()
    result = place.run("decrypt", "bad.yaml", env=bad_cases.KEYS, program=plain_program, preexec_fn=bounded)
    assert result.status == 1 and result.stdout == b"", result.message
    assert time.monotonic() - start < 5


# -- every allocation

def failmalloc():
    library = pathlib.Path(program_path("KRM_SOPS_PLAIN")).parent / "tools" / "failmalloc.so"
    if not library.exists():
        library = ROOT / "build" / "tools" / "failmalloc.so"
    if not library.exists():
        pytest.fail("no failmalloc.so: run make tools")
    return str(library)


def generated():
    """What is generated of files: whole objects, and Secrets of files and dotenvs."""
    config = """functionConfig:
  apiVersion: krm-sops.dev/v1alpha1
  kind: Decrypt
  metadata: {name: d}
  spec:
    mode: generate
    files: [secret.yaml]
    secretFrom: [{metadata: {name: made}, files: [values.json], binaryFiles: [blob.bin], envs: [app.env]}]
"""
    return b"apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems: []\n" + config.encode()


def in_pieces():
    """A dotenv that kustomize took apart."""
    pairs = (line.split("=", 1) for line in bad_cases.load("app.env").splitlines() if not line.startswith("#"))
    data = "".join(f"  {key}: {base64.b64encode(value.encode()).decode()}\n" for key, value in pairs)
    return bad_cases.resource_list(f"apiVersion: v1\nkind: Secret\nmetadata: {{name: env, namespace: shop}}\ndata:\n{data}")


RUNS = {
    "function": ((), whole_list),
    "generate": ((), generated),
    "a dotenv in pieces": ((), in_pieces),
    "decrypt": (("decrypt", "secret.yaml"), lambda: b""),
    "decrypt, JSON": (("decrypt", "values.json"), lambda: b""),
    "decrypt, dotenv": (("decrypt", "app.env"), lambda: b""),
    "decrypt, INI": (("decrypt", "app.ini"), lambda: b""),
    "decrypt, key groups": (("decrypt", "shamir.yaml"), lambda: b""),
    "filter": (("filter",), lambda: bad_cases.load("secret.yaml").encode() + b"---\n" + bad_cases.load("widget.yaml").encode()),
    "wrong value": (("decrypt", "tampered.yaml"), lambda: b""),
}


@pytest.mark.parametrize("rest", [False, True], ids=["one fails", "all fail from there on"])
@pytest.mark.parametrize("name", RUNS)
def test_every_allocation_may_fail(place, plain_program, name, rest):
    """Each one in its turn: the right output or an error, never a crash, never half an output, never status 0 with less than all."""
    argv, stdin = RUNS[name]
    place.copy(*(f"bad/{file}" for file in ("secret.yaml", "widget.yaml", "values.json", "app.env", "app.ini", "blob.bin", "shamir.yaml")))
    place.write("tampered.yaml", bad_cases.damaged("value tampered")[1].replace("name: orders-db", "name: other"))
    keys = place.write("both", bad_cases.load("keys/age.agekey") + bad_cases.load("keys/second.agekey"))
    env = {"SOPS_AGE_KEY_FILE": str(keys), "LD_PRELOAD": failmalloc()}
    counter = place.path / "count"
    text = stdin()
    good = place.run(*argv, stdin=text, env={**env, "FAILMALLOC_COUNT": str(counter)}, program=plain_program)
    assert (good.status == 0) == (name != "wrong value"), good.message
    total = int(counter.read_text())
    assert total > 50
    failed = 0
    for at in range(1, total + 1):
        result = place.run(*argv, stdin=text, env={**env, "FAILMALLOC_AT": str(at), **({"FAILMALLOC_ALL": "1"} if rest else {})}, program=plain_program)
        assert result.status >= 0 and not result.crashed, f"allocation {at} of {total}: {result.status} {result.message}"
        if result.status == 0:
            assert good.status == 0 and result.stdout == good.stdout, f"allocation {at} of {total}: another output and status 0"
        else:
            failed += 1
            assert result.stdout == b"", f"allocation {at} of {total}: {len(result.stdout)} bytes of output and status {result.status}"
            assert result.message.startswith("krm-sops: "), f"allocation {at} of {total}: {result.message!r}"
            assert "canary-" not in result.message
    assert failed > 20
