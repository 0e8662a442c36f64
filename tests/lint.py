#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""House rules that a program can hold (make lint). Prints one line for each breach; exit status 1 where there is any.

- layers: program -> decrypt -> sops, keys -> doc -> base; nobody includes what stands above
- one vendor header, one file
- the library never prints, exits or reads the environment
- banned calls
- every source begins with its licence line and says what it is for; header guards are named after the file
- every sabotage of `make mutants` still finds what it changes, and the tests that it names
- every acceptance case has a test with its number
- shell scripts pass shellcheck; nothing in the project reads the folder of the workplace it was written in
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

# A layer may include itself and those named here.
LAYERS = {
    "lib/base": {"lib/base"},
    "lib/doc": {"lib/base", "lib/doc"},
    # datakey asks the key services by their interface, so sops may see keys' headers; keys see the parsed metadata.
    "lib/sops": {"lib/base", "lib/doc", "lib/sops", "lib/keys"},
    "lib/keys": {"lib/base", "lib/doc", "lib/sops", "lib/keys"},
    "lib": {"lib", "lib/base", "lib/doc", "lib/sops", "lib/keys"},
    "sidecar": {"sidecar", "krm-fn", "lib", "lib/base", "lib/doc", "lib/sops", "lib/keys"},
    "krm-fn": {"krm-fn", "lib", "lib/base", "lib/doc", "lib/sops", "lib/keys"},
}
# The readers and writers never see a key; the key services never see a document beyond its metadata.
FORBIDDEN = [
    ("lib/keys", re.compile(r"sops/(sops_tree|sops_value|sops_mac|sops_rule|sops_extract|datakey)\.h|decrypt\.h")),
    ("lib/sops", re.compile(r"keys/(?!keyservice\.h|keyring\.h|http\.h)")),
]
# vendor header -> the files that may include it
VENDOR = {
    "yaml.h": set(),  # the YAML reader is our own; libyaml is a measure of the benchmark
    "pcre2.h": {"lib/sops/regex.c"},
    "gpgme.h": {"lib/keys/gpg_engine.c"},
    "openssl/": {"lib/sops/gcm.c", "lib/sops/sops_mac.c", "lib/keys/hkdf.c", "lib/keys/crypto_openssl.c", "lib/keys/crypto_pgp.c", "lib/keys/crypto_pkcs12.c", "krm-fn/main.c"},
    "curl/": {"lib/keys/http_curl_internal.h"},
    "dlfcn.h": {"lib/base/dynlib.c"},
    "microhttpd.h": {"sidecar/http_door.c"},
    "nghttp2/": {"sidecar/grpc_door.c"},
    "sodium.h": None,  # primitives of many modules: lib/base/secret.c and lib/keys, see below
}
SODIUM = re.compile(r"^(lib/base/secret\.c|lib/keys/[a-z0-9_]+\.c|lib/sops/(shamir|sops_mac|datakey)\.c|sidecar/(keeper_cache|kms_sign)\.c)$")
BANNED = re.compile(
    r"\b(strcpy|strcat|strncpy|strncat|sprintf|vsprintf|gets|strtok|strtok_r|gmtime|localtime|ctime|asctime|mktime|atoi|atol|atof"
    r"|alloca|tmpnam|mktemp|tempnam|system|popen|realloc|setlocale|rand|srand)\s*\(")
# realloc and its kin leave old copies behind: the program may use them for paths and tables, never for what a document or a key holds.
LIBRARY_BANNED = re.compile(r"\b(reallocarray|strdup|strndup|asprintf|printf|fprintf|puts|putchar|perror|exit|_exit|abort|getenv|secure_getenv|setenv|unsetenv)\s*\(")
# GnuPG's helper is a process of its own: these files run in the fork, which ends by _exit and hands an environment to GnuPG.
HELPER = {"lib/keys/gpg_unshare.c", "lib/keys/gpg_watch.c", "lib/keys/gpg_work.c"}
CASES = 52  # acceptance cases: what kustomize, kpt, KSOPS and Flux are known to send, take and do
OUTSIDE = re.compile(r"\.\./shared|/work/|shared/(fixtures|vectors|reference|tools)")


def tracked(*patterns):
    names = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", *patterns], cwd=ROOT, check=True,
                           capture_output=True, text=True).stdout.split("\n")
    return sorted(name for name in names if name and (ROOT / name).is_file())


def strip_comments(text):
    keep_lines = lambda match: re.sub(r"[^\n]", " ", match.group(0))
    text = re.sub(r"/\*.*?\*/", keep_lines, text, flags=re.S)
    text = re.sub(r"//[^\n]*", "", text)
    return re.sub(r'"(\\.|[^"\\\n])*"', lambda m: m.group(0) if "#include" in m.group(0) else '""', text)


def layer_of(name):
    folder = str(pathlib.PurePosixPath(name).parent)
    return folder if folder in LAYERS else None


def include_layer(included):
    if (ROOT / "lib" / included).is_file():
        return str(pathlib.PurePosixPath("lib/" + included).parent)
    for folder in ("krm-fn", "sidecar"):
        if (ROOT / folder / included).is_file():
            return folder
    return None


def lint_c(name, text, say):
    layer = layer_of(name)
    lines = text.split("\n")
    if not lines[0].startswith("/* SPDX-License-Identifier: Apache-2.0"):
        say(name, 1, "first line is not the licence line")
    elif len(lines) > 2 and name.endswith(".c") and len(lines[2].strip(" */")) < 8:
        say(name, 3, "no word on what the file is for")
    if name.endswith(".h"):
        want = re.sub(r"[^A-Z0-9]", "_", re.sub(r"^(lib|krm-fn|sidecar|tests)/", "", name).upper())
        if not re.search(rf"#ifndef \w*{re.sub(r'^(UNIT|TOOLS|FUZZ)_', '', want)}\n", text):
            say(name, 1, f"header guard is not {want}")
    for at, line in enumerate(lines, 1):
        match = re.match(r'\s*#\s*include\s+[<"]([^>"]+)[>"]', line)
        if match:
            lint_include(name, layer, at, match.group(1), line, say)
    code = strip_comments(text)
    for at, line in enumerate(code.split("\n"), 1):
        match = BANNED.search(line)
        if match and not name.startswith("tests/"):
            say(name, at, f"banned call {match.group(1)}()")
        match = LIBRARY_BANNED.search(line)
        if match and name in HELPER and match.group(1) in {"_exit", "getenv", "setenv"}:
            continue
        if match and name.startswith("lib/"):
            say(name, at, f"the library does not call {match.group(1)}()")
    if re.search(r"\b(TODO|FIXME|XXX)\b", text):
        say(name, 1, "TODO left in the source")
    if len(lines) > 701 and name.endswith(".c") and not name.startswith("tests/"):
        say(name, 1, f"{len(lines) - 1} lines: more than 700 is more than one duty")


def lint_include(name, layer, at, included, line, say):
    for vendor, files in VENDOR.items():
        hit = included == vendor or (vendor.endswith("/") and included.startswith(vendor))
        if not hit or name.startswith("tests/"):
            continue
        allowed = bool(SODIUM.match(name)) if files is None else name in files
        if name == "krm-fn/version.c":
            allowed = True  # names the libraries' versions, calls nothing else
        if not allowed:
            say(name, at, f"{included} has its own file; this is not it")
    if layer is None or "<" in line.split("include", 1)[1][:2]:
        return
    target = include_layer(included)
    if target is None:
        say(name, at, f"include of '{included}' is not found below lib/ or krm-fn/")
    elif target not in LAYERS[layer] and (name, included) != ("krm-fn/main.c", "cmd_serve.h"):
        say(name, at, f"{layer} must not include {target} ('{included}')")
    for where, pattern in FORBIDDEN:
        if layer == where and pattern.match(included):
            say(name, at, f"{layer} must not know '{included}'")


def lint_mutants(say):
    """Stale sabotages would be noticed by an hour of `make mutants` only."""
    name = "tests/mutants/list.txt"
    at = 0
    for entry in (ROOT / name).read_text().split("\n\n"):
        fields = dict(re.findall(r"^(name|file|old|tests): (.*)$", entry, re.M))
        at += 1
        if "file" not in fields:
            continue
        path = ROOT / fields["file"]
        if not path.is_file() or path.read_text().count(fields["old"]) != 1:
            say(name, at, f"'{fields['name']}' does not stand in {fields['file']} exactly once")
        if not fields.get("tests"):
            say(name, at, f"'{fields['name']}' names no tests")
        if len(re.findall("^name: ", entry, re.M)) > 1:
            say(name, at, f"no empty line before '{fields['name']}'")
        for test in fields.get("tests", "").split():
            if not (ROOT / ("tests/program" if test.endswith(".py") else "tests/unit") / (test if test.endswith(".py") else test + ".c")).is_file():
                say(name, at, f"there is no test '{test}'")
        at += entry.count("\n") + 1


def lint_cases(say):
    """Each acceptance case of the function, of build and of the drop-in has a test with its number, in its name or in the comment above it."""
    found = set()
    for name in tracked("tests/program/*.py", "tests/interop/*.py", "tests/unit/*.c"):
        text = (ROOT / name).read_text()
        for numbers in re.findall(r"^\s*def (?:test_)?cases?_((?:\d+_(?:and_)?)+)" if name.endswith(".py") else r"^/\* Cases? ((?:\d+(?:, | and )?)+)", text, re.M):
            found.update(map(int, re.findall(r"\d+", numbers)))
    for number in sorted(set(range(1, CASES + 1)) - found):
        say("tests", 1, f"acceptance case {number} has no test with its number")


def main():
    breaches = []
    say = lambda name, at, what: breaches.append(f"{name}:{at}: {what}")
    for name in tracked("*.c", "*.h"):
        lint_c(name, (ROOT / name).read_text(errors="replace"), say)
    for name in tracked():
        path = ROOT / name
        if name == "tests/lint.py" or path.suffix in {".bin", ".png"}:
            continue
        for at, line in enumerate(path.read_text(errors="replace").split("\n"), 1):
            if OUTSIDE.search(line):
                say(name, at, "names a folder outside of the project")
    lint_mutants(say)
    lint_cases(say)
    scripts = [name for name in tracked("*.sh", ".ci/run")]
    if scripts:
        done = subprocess.run(["shellcheck", *scripts], cwd=ROOT, capture_output=True, text=True)
        if done.returncode != 0:
            breaches.append(done.stdout.strip() or done.stderr.strip())
    print("\n".join(breaches) if breaches else "lint: clean")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
