# SPDX-License-Identifier: Apache-2.0
"""The sidecar with keys behind a network: questions of many clients are under way at the same time, and some are never answered."""
import os
import sys
import threading
import time

import pytest

from conftest import ROOT
from sidecar import Sidecar, until

sys.path.insert(0, str(ROOT / "tests"))
from fakes import secrets  # noqa: E402
from fakes.aws import ARN, Aws  # noqa: E402

CLIENTS, KEYS = 8, 20


@pytest.fixture
def kms_serve(place):
    """start(aws, options): a sidecar that has AWS KMS alone."""
    started = []

    def start(aws, *options):
        aws.user("AKIAROLE", "role/secret")
        sidecar = Sidecar(place, *options, env={**aws.env(), "AWS_ACCESS_KEY_ID": "AKIAROLE", "AWS_SECRET_ACCESS_KEY": "role/secret"})
        started.append(sidecar)
        return sidecar.wait_ready()

    yield start
    for sidecar in started:
        assert sidecar.stop() == 0, sidecar.log
        assert "ERROR: AddressSanitizer" not in sidecar.log and "runtime error" not in sidecar.log, sidecar.log


def document(aws, number):
    return secrets.text(number, kms=[aws.entry(ARN, secrets.data_key(number))]).encode()


def test_questions_of_many_clients_are_under_way_at_once(kms_serve):
    with Aws(delay=0.02) as aws:
        sidecar = kms_serve(aws)
        wrong = []

        def client(first):
            for number in range(first, KEYS, CLIENTS):
                answer = sidecar.post("/v1/decrypt?input-type=json", document(aws, number))
                if answer.status != 200 or secrets.plain(number).encode() not in answer.body:
                    wrong.append((number, answer.status, answer.body))

        threads = [threading.Thread(target=client, args=(i,)) for i in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not wrong
        assert sidecar.metric("krm_sops_keeper_restarts_total") == 0
        assert aws.count("Decrypt") == KEYS


def test_questions_that_are_answered_too_late_leave_nothing_behind(kms_serve):
    with Aws(delay=2) as aws:
        sidecar = kms_serve(aws, "--request-time", "1s")
        keeper = sidecar.children()[0]
        before = len(os.listdir(f"/proc/{keeper}/fd"))
        for number in range(3):
            answer = sidecar.post("/v1/decrypt?input-type=json", document(aws, number))
            assert answer.status == 503, answer.body
        began = time.monotonic()
        # libcurl has a pair of its own, and keeps its connections
        until(lambda: len(os.listdir(f"/proc/{keeper}/fd")) <= before + 2 + 3, "the end of the questions")
        assert time.monotonic() - began < 15
        assert sidecar.children()[0] == keeper
