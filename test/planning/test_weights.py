"""Weight files are only loaded when they are what they claim to be."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from mme_ilqr_ros.planning.cost_model import load_cost_model
from mme_ilqr_ros.planning.weights import (
    SHIPPED,
    WeightsError,
    checksum_file,
    find_weights,
    read_weights,
    save_weights,
)

TENSORS = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.array(2.0, dtype=np.float32)}


def test_what_is_saved_is_loaded(tmp_path):
    path = tmp_path / "w.safetensors"
    digest = save_weights(path, TENSORS, {"seed": "1"})
    assert digest == hashlib.sha256(path.read_bytes()).hexdigest()
    loaded = read_weights(path).tensors
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
        read_weights(path)


def test_a_missing_file_or_checksum_is_named(tmp_path):
    path = tmp_path / "w.safetensors"
    with pytest.raises(WeightsError, match="cannot read"):
        read_weights(path)
    save_weights(path, TENSORS, {})
    checksum_file(path).unlink()
    with pytest.raises(WeightsError, match="cannot read"):
        read_weights(path)


@pytest.mark.parametrize("data", [b"", b"not weights at all", b"\2\0\0\0\0\0\0\0{}"])
def test_another_kind_of_file_is_refused(tmp_path, data):
    path = tmp_path / "w.safetensors"
    path.write_bytes(data)
    checksum_file(path).write_text(hashlib.sha256(data).hexdigest())
    with pytest.raises(WeightsError, match="not "):
        read_weights(path)


@pytest.mark.parametrize("name", SHIPPED)
def test_the_shipped_weights_match_their_checksum_and_their_card(name):
    path = find_weights(name)
    load_cost_model(path)
    digest = checksum_file(path).read_text().split()[0]
    card = path.with_suffix(".md").read_text()
    assert digest in card
    assert "python -m mme_ilqr_ros train" in card


def test_a_name_means_a_shipped_file_and_anything_else_a_path():
    assert find_weights("clearance").name == "clearance.safetensors"
    assert find_weights("some/clearance") == Path("some/clearance")


def test_the_kind_of_a_file_says_which_model_reads_it(tmp_path):
    path = tmp_path / "w.safetensors"
    save_weights(path, TENSORS, {"kind": "recipes"})
    assert read_weights(path).kind == "recipes"
    with pytest.raises(WeightsError, match=r"w\.safetensors: weights of kind 'recipes'.*clearance"):
        load_cost_model(path)
    save_weights(path, TENSORS, {"kind": "clearance"})
    with pytest.raises(WeightsError, match=r"w\.safetensors: the weights lack the tensor 'gaps'"):
        load_cost_model(path)


HEADERS = {
    "a length beyond the file": (b"\xff" * 8, {}),
    "tensors that share numbers": (
        None,
        {name: {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]} for name in "ab"},
    ),
    "a tensor beyond the file": (
        None,
        {"a": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}},
    ),
    "a shape that no tensor has": (
        None,
        {"a": {"dtype": "F32", "shape": [0, 10**30], "data_offsets": [0, 0]}},
    ),
    "metadata that is no text": (None, {"__metadata__": {"format": {"a": 1}}}),
    "metadata that is a list": (None, {"__metadata__": ["format"]}),
    "nothing but brackets": (None, "[" * 100_000),
}


@pytest.mark.parametrize("name", HEADERS)
def test_a_header_that_asks_for_the_impossible_is_refused(tmp_path, name):
    length, header = HEADERS[name]
    text = (header if isinstance(header, str) else json.dumps(header)).encode()
    data = (length or len(text).to_bytes(8, "little")) + text + bytes(8)
    path = tmp_path / "w.safetensors"
    path.write_bytes(data)
    checksum_file(path).write_text(hashlib.sha256(data).hexdigest())
    with pytest.raises(WeightsError, match=r"w\.safetensors: not a safetensors file"):
        read_weights(path)
