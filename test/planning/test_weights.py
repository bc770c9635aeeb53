"""Weight files are only loaded when they are what they claim to be."""

import hashlib

import numpy as np
import pytest

from mme_ilqr_ros.planning.weights import (
    WeightsError,
    checksum_file,
    load_weights,
    save_weights,
    shipped_weights,
)

TENSORS = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.array(2.0, dtype=np.float32)}


def test_what_is_saved_is_loaded(tmp_path):
    path = tmp_path / "w.safetensors"
    digest = save_weights(path, TENSORS, {"seed": "1"})
    assert digest == hashlib.sha256(path.read_bytes()).hexdigest()
    loaded = load_weights(path)
    np.testing.assert_array_equal(loaded["a"], TENSORS["a"])
    assert loaded["b"].shape == ()


def test_the_same_tensors_make_the_same_file(tmp_path):
    digests = {save_weights(tmp_path / f"{k}.safetensors", TENSORS, {}) for k in range(3)}
    assert len(digests) == 1


def test_the_file_is_one_that_others_read(tmp_path):
    safetensors = pytest.importorskip("safetensors.numpy")
    path = tmp_path / "w.safetensors"
    save_weights(path, TENSORS, {"seed": "1"})
    others = safetensors.load_file(path)
    assert others.keys() == TENSORS.keys()
    for name, tensor in TENSORS.items():
        np.testing.assert_array_equal(others[name], tensor)


def test_a_tampered_file_is_refused(tmp_path):
    path = tmp_path / "w.safetensors"
    save_weights(path, TENSORS, {})
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(WeightsError, match=r"does not match its \.sha256"):
        load_weights(path)


def test_a_missing_file_or_checksum_is_named(tmp_path):
    path = tmp_path / "w.safetensors"
    with pytest.raises(WeightsError, match="cannot read"):
        load_weights(path)
    save_weights(path, TENSORS, {})
    checksum_file(path).unlink()
    with pytest.raises(WeightsError, match="cannot read"):
        load_weights(path)


@pytest.mark.parametrize("data", [b"", b"not weights at all", b"\2\0\0\0\0\0\0\0{}"])
def test_another_kind_of_file_is_refused(tmp_path, data):
    path = tmp_path / "w.safetensors"
    path.write_bytes(data)
    checksum_file(path).write_text(hashlib.sha256(data).hexdigest())
    with pytest.raises(WeightsError, match="not "):
        load_weights(path)


def test_the_shipped_weights_match_their_checksum_and_their_card():
    path = shipped_weights()
    load_weights(path)
    digest = checksum_file(path).read_text().split()[0]
    assert digest in path.with_suffix(".md").read_text()
