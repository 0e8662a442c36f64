# SPDX-License-Identifier: Apache-2.0
"""The generator, as far as somebody who may only write its config can wear out the machine that runs it."""
import yaml

MEBI = 1024 * 1024


def test_one_file_named_often_is_bounded(place):
    with (place.cwd / "big.bin").open("wb") as file:
        file.truncate(60 * MEBI)
    config = {"apiVersion": "viaduct.ai/v1", "kind": "ksops", "metadata": {"name": "x"}, "files": ["big.bin"] * 100}
    items = {"apiVersion": "config.kubernetes.io/v1", "kind": "ResourceList", "functionConfig": config, "items": []}
    result = place.run(stdin=yaml.safe_dump(items).encode())
    assert result.status == 1
    assert result.stdout == b""
    assert "files[4]: the files have more than 268435456 bytes in all" in result.message
