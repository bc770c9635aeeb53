import gzip
import json

import pytest

from mme_ilqr_ros.benchmark.worlds import NOTES, load_worlds, notes_of
from mme_ilqr_ros.simulation.scenario import ScenarioError

WORLD = {"id": "w1", "circles": [[2.0, 0.0, 0.5]], "start": [0.0, 0.0, 0.0], "goal": [4.0, 3.0]}


def write(folder, name, content):
    path = folder / name
    text = content if isinstance(content, str) else json.dumps(content)
    path.write_bytes(gzip.compress(text.encode()) if name.endswith("gz") else text.encode())
    return path


def test_one_world_many_worlds_gzipped_yaml_and_folders_of_them(tmp_path):
    write(tmp_path, "a.json", WORLD)
    write(tmp_path, "b.json.gz", {"worlds": [WORLD | {"id": "w2"}, WORLD | {"id": "w3"}]})
    write(tmp_path, "c.yaml", "name: w4\nstart: [0, 0, 0]\ngoal: [1, 1]\n")
    write(tmp_path, "README.md", "not a world")
    write(tmp_path, "some_map.yaml", "image: some.pgm\nresolution: 0.05\n")
    assert [world.name for world in load_worlds([tmp_path])] == ["w1", "w2", "w3", "w4"]
    chosen = load_worlds([tmp_path / "b.json.gz", tmp_path / "a.json"], ["w1", "w3"])
    assert [world.name for world in chosen] == ["w3", "w1"]
    assert [world.name for world in load_worlds([tmp_path], limit=2)] == ["w1", "w2"]


def test_only_the_worlds_asked_for_must_be_right(tmp_path):
    path = write(tmp_path, "a.json", {"worlds": [WORLD, {"id": "broken"}]})
    assert len(load_worlds([path], ["w1"])) == 1
    with pytest.raises(ScenarioError, match=r"a\.json: world 'broken': start: is missing"):
        load_worlds([path])


def test_unknown_ids_and_empty_folders_are_refused(tmp_path):
    path = write(tmp_path, "a.json", WORLD)
    with pytest.raises(ScenarioError, match="no world 'w19'; did you mean 'w1'"):
        load_worlds([path], ["w1", "w19"])
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(ScenarioError, match="holds no world file"):
        load_worlds([empty])
    with pytest.raises(ScenarioError, match="No such file"):
        load_worlds([tmp_path / "absent.json"])


def test_notes_of_many_worlds_are_a_few_lines(tmp_path):
    path = tmp_path / "worlds.json"
    ends = {"start": [0, 0, 0], "goal": [4, 3]}
    path.write_text(json.dumps([{"id": f"w{i}", **ends} for i in range(9)]))
    lines = notes_of(load_worlds([path])).splitlines()
    assert len(lines) == NOTES + 1
    assert "world 'w0': it is empty" in lines[0]
    assert lines[-1] == "and 4 more such notes"
    assert notes_of([]) == ""
