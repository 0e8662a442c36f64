# SPDX-License-Identifier: Apache-2.0
"""PGP by GnuPG: the user's keyring as sops uses it, with his agent, a pinentry that answers or nobody who could be asked; what GnuPG's programs
get to see, when they are started, and that nothing of them is left. The documents are made by the real sops (tests/data/gpg/make.py)."""
import fcntl
import os
import pathlib
import random
import re
import select
import shutil
import signal
import struct
import subprocess
import tempfile
import termios
import time

import pytest
from conftest import DATA, program_path

KEYS = DATA / "gpg"
PASSPHRASE = (KEYS / "passphrase.txt").read_text().strip()
ALGORITHMS = ("nistp256", "nistp521", "brainpool", "elgamal")
AGENT_CONF = "allow-preset-passphrase\nmax-cache-ttl 1000\ndefault-cache-ttl 1000\n"
PINENTRY = """#!/bin/sh
echo "$1 $2 $3 $4 $GPG_TTY" >>{log}
echo "OK here"
while read -r verb rest; do
  case "$verb" in
    GETPIN) {answer} ;;
    OPTION) echo "$rest" >>{log}; echo OK ;;
    BYE) echo OK; exit 0 ;;
    *) echo OK ;;
  esac
done
"""


def names_of_processes(marker):
    """Programs that have `marker` in their environment, without those that have ended."""
    found = []
    for folder in pathlib.Path("/proc").glob("[1-9]*"):
        try:
            if marker.encode() in (folder / "environ").read_bytes() and ") Z " not in (folder / "stat").read_text():
                found.append((folder / "comm").read_text().strip())
        except OSError:
            pass
    return found


class Keyring:
    """A user's GnuPG home, with a path as short as GnuPG needs it."""

    def __init__(self):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="gnupg", dir="/tmp"))
        self.home.chmod(0o700)
        self.conf(AGENT_CONF)

    def conf(self, text):
        (self.home / "gpg-agent.conf").write_text(text)

    def gpg(self, *argv, data=b""):
        return subprocess.run(["gpg", "--homedir", self.home, "--batch", *argv], input=data, capture_output=True, timeout=30, check=True).stdout

    def add(self, *names):
        for name in names:
            self.gpg("--import", KEYS / f"{name}.asc")

    def fingerprints(self):
        return re.findall(r"^fpr:::::::::(\w+):", self.gpg("--list-keys", "--with-colons").decode(), re.M)

    def keygrips(self):
        return re.findall(r"^grp:::::::::(\w+):", self.gpg("--list-keys", "--with-colons", "--with-keygrip").decode(), re.M)

    def cache_passphrase(self):
        for grip in self.keygrips():
            subprocess.run(["gpg-connect-agent", "--homedir", self.home, f"PRESET_PASSPHRASE {grip} -1 {PASSPHRASE.encode().hex()}", "/bye"], capture_output=True, check=True)

    def pinentry(self, answer):
        """A pinentry that answers so; returns its log."""
        program, log = self.home / "pinentry", self.home / "pinentry.log"
        program.write_text(PINENTRY.format(log=log, answer=answer))
        program.chmod(0o755)
        log.touch()
        self.conf(f"pinentry-program {program}\n")
        return log

    def remove(self):
        subprocess.run(["gpgconf", "--homedir", self.home, "--kill", "all"], capture_output=True, check=False)
        shutil.rmtree(self.home, ignore_errors=True)


@pytest.fixture
def keyring():
    if not shutil.which("gpg"):
        pytest.fail("no gpg here: `make deps` installs it")
    ring = Keyring()
    yield ring
    ring.remove()


def secret(name):
    return (KEYS / f"{name}.yaml").read_text()


def plain(name):
    return f"apiVersion: v1\nkind: Secret\nmetadata:\n    name: {name}\nstringData:\n    password: canary-{name}-t5Yw8uKe\n"


def decrypt(place, name, **env):
    place.copy(f"gpg/{name}.yaml")
    return place.run("decrypt", f"{name}.yaml", env=env)


@pytest.mark.parametrize("name", ALGORITHMS)
def test_opens_with_the_users_keyring(place, keyring, name):
    keyring.add(name)
    result = decrypt(place, name, GNUPGHOME=str(keyring.home))
    assert (result.status, result.stdout.decode()) == (0, plain(name)), result.message


def test_opens_with_the_keyring_at_its_usual_place(place, keyring):
    keyring.add("nistp256")
    (place.home / ".gnupg").symlink_to(keyring.home)
    home = keyring.home / "h"
    home.mkdir()
    (home / ".gnupg").symlink_to("..")
    result = decrypt(place, "nistp256", HOME=str(home))
    assert (result.status, result.stdout.decode()) == (0, plain("nistp256")), result.message


def test_opens_many_in_one_run(place, keyring):
    """A stream of documents for several keys: one helper asks for all."""
    keyring.add(*ALGORITHMS)
    stream = "---\n".join(secret(name) for name in ALGORITHMS)
    result = place.run("filter", stdin=stream.encode(), env={"GNUPGHOME": str(keyring.home)})
    assert result.status == 0, result.message
    assert [f"canary-{name}-t5Yw8uKe" in result.stdout.decode() for name in ALGORITHMS] == [True] * len(ALGORITHMS)


def test_a_passphrase_that_the_agent_knows(place, keyring):
    keyring.add("protected")
    keyring.cache_passphrase()
    result = decrypt(place, "protected", GNUPGHOME=str(keyring.home))
    assert (result.status, result.stdout.decode()) == (0, plain("protected")), result.message


def test_a_passphrase_and_nobody_to_ask(place, keyring):
    """Without a terminal nobody is asked, at once: pinentry is not even started."""
    log = keyring.pinentry("sleep 1000")
    keyring.add("protected")
    start = time.monotonic()
    result = decrypt(place, "protected", GNUPGHOME=str(keyring.home))
    assert result.status == 128 and result.stdout == b""
    assert "the secret key has a passphrase or PIN and nobody can be asked: no terminal (GPG_TTY), none cached by the agent" in result.message
    assert log.read_text() == "" and time.monotonic() - start < 20


def test_a_passphrase_that_somebody_types(place, keyring):
    log = keyring.pinentry(f'echo "D {PASSPHRASE}"; echo OK')
    keyring.add("protected")
    result = decrypt(place, "protected", GNUPGHOME=str(keyring.home), GPG_TTY="/dev/pts/9999")
    assert (result.status, result.stdout.decode()) == (0, plain("protected")), result.message
    assert "ttyname=/dev/pts/9999" in log.read_text()


def test_differs_who_cancels_is_not_asked_again(place, keyring):
    """Two documents, one refusal."""
    log = keyring.pinentry('echo x >>$0.asked; echo "ERR 83886179 Operation cancelled"')
    keyring.add("protected")
    other = keyring.gpg("--armor", "--encrypt", "--trust-model", "always", "-r", keyring.fingerprints()[0], data=b"x" * 32).decode().strip()
    second = with_enc(secret("protected"), other)
    result = place.run("filter", stdin=f"{secret('protected')}---\n{second}".encode(), env={"GNUPGHOME": str(keyring.home), "GPG_TTY": "/dev/pts/9999"})
    assert result.status != 0 and result.stdout == b""
    assert "asking for the passphrase was cancelled" in result.message
    assert (keyring.home / "pinentry.asked").read_text() == "x\n", log.read_text()


def test_a_wrong_passphrase(place, keyring):
    keyring.pinentry('echo "D wrong"; echo OK')
    keyring.add("protected")
    result = decrypt(place, "protected", GNUPGHOME=str(keyring.home), GPG_TTY="/dev/pts/9999")
    assert result.status == 128 and "the passphrase of the secret key was wrong" in result.message


def test_a_key_that_is_not_there(place, keyring):
    keyring.add("elgamal")
    result = decrypt(place, "nistp256", GNUPGHOME=str(keyring.home))
    assert result.status == 128 and re.search(r"GnuPG has no secret key for key id [0-9A-F]{16}[;\n]", result.message), result.message


def test_without_gnupg(place, keyring):
    keyring.add("nistp256")
    empty = place.path / "empty"
    empty.mkdir()
    result = decrypt(place, "nistp256", GNUPGHOME=str(keyring.home), PATH=str(empty))
    assert result.status == 128 and "needs GnuPG, which is not here: no gpg in PATH (Debian: gnupg)" in result.message


def test_differs_makes_no_gnupg_home(place):
    """Where there is no keyring none is made by looking for a key in it."""
    result = decrypt(place, "nistp256")
    assert result.status == 128 and f"no GnuPG home '{place.home}"[:60] in result.message
    assert not (place.home / ".gnupg").exists()


def with_enc(text, armor):
    """The document with another wrapped key."""
    enc = re.search(r"-----BEGIN.*?END PGP MESSAGE-----", text, re.S).group(0)
    return text.replace(enc, armor.strip().replace("\n", "\n            "))


def data_key(keyring):
    enc = re.search(r"-----BEGIN.*?END PGP MESSAGE-----", secret("nistp256"), re.S).group(0)
    return keyring.gpg("--decrypt", data=enc.replace("\n            ", "\n").encode())


def test_differs_gnupg_refuses_messages_for_a_passphrase(place, keyring):
    """A document does not make people type a passphrase of theirs."""
    log = keyring.pinentry(f'echo "D {PASSPHRASE}"; echo OK')
    keyring.add("nistp256")
    place.write("secret.yaml", with_enc(secret("nistp256"), (KEYS / "to-passphrase.enc").read_text()))
    result = place.run("decrypt", "secret.yaml", env={"GNUPGHOME": str(keyring.home), "GPG_TTY": "/dev/pts/9999"})
    assert result.status == 128 and "a message for a passphrase, not for a key" in result.message
    assert log.read_text() == ""


def test_gnupg_asks_nobody_where_a_passphrase_would_do_too(place, keyring):
    """A message for a key that would have to be asked for and for a passphrase beside it: the asking could be for either, so there is none."""
    log = keyring.pinentry(f'echo "D {PASSPHRASE}"; echo OK')
    keyring.add("protected")
    secret_file = place.write("passphrase", PASSPHRASE)
    both = keyring.gpg("--armor", "--trust-model", "always", "--pinentry-mode", "loopback", "--passphrase-file", secret_file, "--symmetric", "--encrypt",
                       "-r", keyring.fingerprints()[0], data=b"x" * 32).decode()
    place.write("secret.yaml", with_enc(secret("protected"), both))
    result = place.run("decrypt", "secret.yaml", env={"GNUPGHOME": str(keyring.home), "GPG_TTY": "/dev/pts/9999"})
    assert result.status == 128 and "a message for a passphrase, not for a key" in result.message
    assert log.read_text() == ""


def test_differs_gnupg_needs_integrity(place, keyring):
    """Not even where the user's gpg.conf says so is a message taken that may have been changed; the same one with integrity opens."""
    keyring.add("nistp256")
    (keyring.home / "gpg.conf").write_text("ignore-mdc-error\n")
    to = ["--armor", "--trust-model", "always", "-r", keyring.fingerprints()[0], "--encrypt"]
    key = data_key(keyring)
    for more, status in ((["--rfc2440", "--cipher-algo", "AES256"], 128), ([], 0)):
        message = keyring.gpg(*more, *to, data=key).decode()
        place.write("secret.yaml", with_enc(secret("nistp256"), message))
        result = place.run("decrypt", "secret.yaml", env={"GNUPGHOME": str(keyring.home)})
        assert result.status == status, result.message
    assert result.stdout.decode() == plain("nistp256")


def test_a_damaged_message_does_not_open(place, keyring):
    """Each byte of the encrypted data counts: gpg prints before it knows."""
    keyring.add("nistp256")
    (keyring.home / "gpg.conf").write_text("ignore-mdc-error\n")
    raw = subprocess.run(["gpg", "--dearmor"], input=(KEYS / "nistp256.enc").read_bytes(), capture_output=True, check=True).stdout
    for at in (len(raw) - 1, len(raw) - 30, len(raw) - 60):
        damaged = raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1:]
        message = subprocess.run(["gpg", "--enarmor"], input=damaged, capture_output=True, check=True).stdout.decode().replace("ARMORED FILE", "MESSAGE")
        place.write("secret.yaml", with_enc(secret("nistp256"), re.sub("Comment:.*\n", "", message)))
        result = place.run("decrypt", "secret.yaml", env={"GNUPGHOME": str(keyring.home)})
        assert result.status == 128 and "the message does not open: it is damaged" in result.message, (at, result.message)


def wrapper(place, log):
    """A gpg that tells what it got: SOPS_GPG_EXEC."""
    path = place.write("gpg-wrapper", f"#!/bin/sh\nenv >>{log}\nls -l /proc/self/fd >>{log}\nexec /usr/bin/gpg \"$@\"\n")
    path.chmod(0o755)
    return path


def test_differs_gnupg_sees_what_it_needs(place, keyring):
    """No variable but those that it needs, none of our descriptors."""
    log = place.path / "log"
    keyring.add("nistp256")
    inherited = place.write("inherited", "x").open()
    os.set_inheritable(inherited.fileno(), True)
    place.copy("gpg/nistp256.yaml")
    env = {"GNUPGHOME": str(keyring.home), "SOPS_GPG_EXEC": str(wrapper(place, log)), "AWS_SECRET_ACCESS_KEY": "aws-canary", "VAULT_TOKEN": "vault-canary",
           "SOPS_AGE_KEY": "age-canary", "KRM_SOPS_KEYS": "/nowhere", "LD_BIND_NOW": "1", "LANG": "C.UTF-8"}
    result = place.run("decrypt", "nistp256.yaml", env=env, pass_fds=(inherited.fileno(),))
    inherited.close()
    assert (result.status, result.stdout.decode()) == (0, plain("nistp256")), result.message
    seen = log.read_text()
    names = {line.split("=")[0] for line in seen.splitlines() if re.match(r"[A-Z_]+=", line)}
    assert names <= {"GNUPGHOME", "HOME", "PATH", "TMPDIR", "LANG", "PWD", "OLDPWD", "SHLVL", "_"}, names
    assert "canary" not in seen and "inherited" not in seen and "nistp256.yaml" not in seen


def test_gpg_of_path(place, keyring):
    """A name without a slash is looked for in PATH, as sops does."""
    log = place.path / "log"
    keyring.add("nistp256")
    wrapper(place, log)
    env = {"GNUPGHOME": str(keyring.home), "SOPS_GPG_EXEC": "gpg-wrapper", "PATH": f"{place.cwd}:/usr/bin:/bin"}
    result = decrypt(place, "nistp256", **env)
    assert result.status == 0 and log.exists(), result.message
    result = decrypt(place, "nistp256", **{**env, "SOPS_GPG_EXEC": "no-such-gpg"})
    assert result.status == 128 and "needs 'no-such-gpg' (SOPS_GPG_EXEC), which is not here" in result.message


def test_nothing_starts_where_no_entry_needs_it(place, keyring):
    log = place.path / "log"
    place.copy("bad/secret.yaml")
    env = {"GNUPGHOME": str(keyring.home), "SOPS_GPG_EXEC": str(wrapper(place, log)), "SOPS_AGE_KEY_FILE": str(DATA / "bad/keys/age.agekey")}
    assert place.run("decrypt", "secret.yaml", env=env).status == 0
    # A document for age and for PGP, which age opens.
    text = (DATA / "bad/secret.yaml").read_text()
    pgp = re.search(r"^    pgp:\n(?:     .*\n)*", secret("nistp256"), re.M).group(0)
    assert "    age:\n" in text
    place.write("both.yaml", text.replace("    age:\n", pgp + "    age:\n"))
    result = place.run("decrypt", "both.yaml", env=env)
    assert result.status == 0, result.message
    assert not log.exists() and names_of_processes(f"GNUPGHOME={keyring.home}") == []


def test_the_policy_is_held_to_the_key_that_opens(place, keyring):
    """What the document calls the key is its own word."""
    keyring.add("nistp256")
    primary, sub = keyring.fingerprints()
    stranger = "0123456789ABCDEF0123456789ABCDEF01234567"
    lying = secret("nistp256").replace(primary, stranger)
    assert lying != secret("nistp256")

    def run(text, allowed):
        policy = place.write("policy.yaml", f"apiVersion: krm-sops.dev/v1alpha1\nkind: Policy\nspec:\n  keys:\n    pgp: [{allowed}]\n")
        return place.run("filter", stdin=text.encode(), env={"GNUPGHOME": str(keyring.home), "KRM_SOPS_POLICY": str(policy)})

    for allowed in (primary, primary[-16:], sub, sub[-16:]):
        result = run(secret("nistp256").replace(primary, allowed), allowed)
        assert result.status == 0 and b"canary" in result.stdout, result.message
    assert run(secret("nistp256"), stranger).status == 77
    result = run(lying, stranger)
    assert result.status == 77 and result.stdout == b"", result.message


def test_killed_it_leaves_no_gpg_behind(place, keyring, plain_program):
    """At any moment: what is left is the user's own agent, which gpg started."""
    keyring.add(*ALGORITHMS)
    stream = "---\n".join(secret(name) for name in ALGORITHMS).encode()
    rng = random.Random(7)
    for _ in range(12):
        run = subprocess.Popen([plain_program, "filter"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=place.env(GNUPGHOME=str(keyring.home)), cwd=place.cwd)
        run.stdin.write(stream)
        run.stdin.close()
        time.sleep(rng.uniform(0, 0.15))
        run.send_signal(signal.SIGKILL)
        run.wait()
        for _ in range(100):
            left = [name for name in names_of_processes(f"GNUPGHOME={keyring.home}") if name != "gpg-agent"]
            if not left:
                break
            time.sleep(0.02)
        assert left == []


def test_nothing_leaks(place, keyring):
    """Damaged documents, with every key at hand: no plaintext, data key or passphrase in a message or a file."""
    keyring.add("nistp256", "protected")
    keyring.cache_passphrase()
    needles = [b"canary-", PASSPHRASE.encode()]
    for name in ("nistp256", "protected"):
        text = secret(name)
        body = re.search(r"\n( +)([A-Za-z0-9+/]{64})\n( +)([A-Za-z0-9+/]{64})\n", text)
        for damaged in (text.replace(body.group(4), body.group(4)[::-1]), text.replace("data:", "data:AAAA", 1), text.replace(body.group(2), body.group(2)[:-4])):
            place.write("damaged.yaml", damaged)
            result = place.run("decrypt", "damaged.yaml", env={"GNUPGHOME": str(keyring.home)})
            assert result.status != 0 and result.stdout == b"" and not result.crashed
            assert not any(needle in result.stderr for needle in needles), result.message
    for file in place.path.rglob("*"):
        if file.is_file() and not file.is_symlink():
            assert not any(needle in file.read_bytes() for needle in needles), file


def test_the_helper_is_not_in_the_way_of_a_pipe(place, keyring):
    """Who reads our stdout sees its end when we end, though gpg has started an agent that stays."""
    keyring.add("nistp256")
    subprocess.run(["gpgconf", "--homedir", keyring.home, "--kill", "all"], check=True)
    place.copy("gpg/nistp256.yaml")
    run = subprocess.run(f"{program_path()} decrypt nistp256.yaml | cat", shell=True, env=place.env(GNUPGHOME=str(keyring.home)), cwd=place.cwd, capture_output=True, timeout=30,
                         check=True)
    assert run.stdout.decode() == plain("nistp256")


# --- keys of a decryption Secret that only GnuPG opens ---


@pytest.fixture
def memory():
    """A folder in memory for the private home, where no namespace may be had; nothing is left in it."""
    path = pathlib.Path(tempfile.mkdtemp(dir="/dev/shm"))
    yield path
    path.rmdir()


def with_secret(place, memory, names, keys, **env):
    """The stream of documents through `filter`, with the keys in a Secret."""
    folder = place.path / "keys"
    folder.mkdir(exist_ok=True)
    for name in keys:
        shutil.copy(KEYS / f"{name}.asc", folder)
    return ["filter", "--keys-flat", str(folder)], "---\n".join(secret(name) for name in names).encode(), {"XDG_RUNTIME_DIR": str(memory), **env}


def test_keys_of_a_secret_that_need_gnupg(place, memory):
    argv, stdin, env = with_secret(place, memory, ALGORITHMS, ALGORITHMS)
    result = place.run(*argv, stdin=stdin, env=env)
    assert result.status == 0, result.message
    assert all(f"canary-{name}-t5Yw8uKe" in result.stdout.decode() for name in ALGORITHMS)
    assert names_of_processes(f"HOME={place.home}") == []


def test_a_key_of_a_secret_with_a_passphrase(place, memory):
    argv, stdin, env = with_secret(place, memory, ["protected"], ["protected"])
    result = place.run(*argv, stdin=stdin, env=env)
    assert result.status == 1 and result.stdout == b""
    assert "the secret key has a passphrase or PIN and nobody can be asked: no terminal (GPG_TTY)" in result.message, result.message


def test_a_passphrase_typed_at_a_terminal(place, memory):
    """The agent of the private home asks at our terminal, by the system's own pinentry."""
    master, slave = os.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
    argv, stdin, env = with_secret(place, memory, ["protected"], ["protected"], GPG_TTY=os.ttyname(slave), TERM="xterm")
    run = subprocess.Popen([program_path(), *argv], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=place.env(**env), cwd=place.cwd)
    run.stdin.write(stdin)
    run.stdin.close()
    shown = b""
    while b"<OK>" not in shown and select.select([master], [], [], 20)[0]:
        shown += os.read(master, 4096)
    os.write(master, PASSPHRASE.encode() + b"\r")
    out, message = run.stdout.read(), run.stderr.read()
    assert run.wait(20) == 0 and b"canary-protected-t5Yw8uKe" in out, message
    for stream in (run.stdout, run.stderr):
        stream.close()
    os.close(master)
    os.close(slave)


def test_killed_it_leaves_nothing_of_a_secrets_keys(place, memory, plain_program):
    argv, stdin, env = with_secret(place, memory, ALGORITHMS, ALGORITHMS)
    rng = random.Random(11)
    for _ in range(16):
        run = subprocess.Popen([plain_program, *argv], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=place.env(**env), cwd=place.cwd)
        run.stdin.write(stdin)
        run.stdin.close()
        time.sleep(rng.uniform(0, 0.2))
        run.send_signal(rng.choice([signal.SIGKILL, signal.SIGTERM, signal.SIGINT]))
        run.wait()
        for _ in range(150):
            left = names_of_processes(f"HOME={place.home}") + list(memory.iterdir())
            if not left:
                break
            time.sleep(0.02)
        assert left == []


def test_the_policy_is_held_to_a_secrets_keys(place, memory):
    argv, stdin, env = with_secret(place, memory, ["nistp256"], ["nistp256"])
    ours = re.search(r"fp: (\w+)", secret("nistp256")).group(1)
    other = "0123456789ABCDEF0123456789ABCDEF01234567"
    for allowed, text, status in ((ours, stdin, 0), (other, stdin, 77), (other, stdin.replace(ours.encode(), other.encode()), 1)):
        policy = place.write("policy.yaml", f"apiVersion: krm-sops.dev/v1alpha1\nkind: Policy\nspec:\n  keys:\n    pgp: [{allowed}]\n")
        result = place.run(*argv, stdin=text, env={**env, "KRM_SOPS_POLICY": str(policy)})
        assert result.status == status, result.message
        assert (b"canary" in result.stdout) == (status == 0)
