"""What is fuzzed: each reader behind a function of bytes, with inputs to begin with.

Readers are imported where a target is made, so that a tool can instrument them on the way.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from studies.faults.readers.worlds import WORLD, changed_world

CONFIG = Path(__file__).resolve().parents[3] / "config"
SHARED = Path("/dev/shm")  # files in memory, where there are such


@dataclass(frozen=True)
class Target:
    """A reader under test.

    Attributes:
        read: Gives it bytes.
        refusals: Exceptions beside InputError by which it refuses them.
        seeds: Inputs to begin with.
        words: What means something to it.
        longest: Bytes of an input.
    """

    read: Callable[[bytes], Any]
    seeds: tuple[bytes, ...]
    refusals: tuple[type[Exception], ...] = ()
    words: tuple[bytes, ...] = field(default=())
    longest: int = 4096


YAML_WORDS = (
    *(b"&a ", b"*a", b"- *a\n", b"<<: *a", b"!!python/object:x.y ", b"!!binary ", b"!!set {a, b}"),
    *(b"!!omap ", b"!!float ", b"!!int ", b"!!timestamp ", b"2001-99-99", b"0b_", b"0x_", b"1:60"),
    *(b".nan", b".inf", b"-.inf", b"1e400", b"[[[[", b"{{{{", b"]", b"}", b"? ", b": ", b"- "),
    *(b"|\n ", b">\n ", b"---\n", b"...\n", b"%YAML 9.9\n", b"\xef\xbb\xbf", b"\xff\xfe", b"\0"),
    *(b"9" * 30, b"~", b"null", b"true", b'"\\ud800"', b"'", b'"', b"#"),
)
JSON_WORDS = (
    *(b"NaN", b"Infinity", b"1e999", b"-0", b"null", b"[[[[[[[[", b'{"a":', b"\\ud800", b"9" * 40),
    *(b'"start"', b'"goal"', b'"circles"', b'"walls"', b'"moving"', b'"obstacles"', b'"map"'),
    *(b'"robot"', b'"footprint"', b'"keyframes"', b'"size"', b'"origin"', b'"path"', b'"worlds"'),
)


def _file(name: str) -> Path:
    """Return a file of this process alone, in memory if possible."""
    folder = Path(tempfile.mkdtemp(prefix="faults_", dir=SHARED if SHARED.is_dir() else None))
    return folder / name


def _map_yaml() -> Target:
    from mme_ilqr_ros.geometry.map_file import load_map

    path = _file("map.yaml")
    (path.parent / "m.pgm").write_bytes(b"P5 3 2 255\n\0\xcd\xfe\xfe\xfe\0")

    def read(data: bytes) -> None:
        path.write_bytes(data)
        load_map(path)

    small = b"image: m.pgm\nresolution: 0.05\norigin: [-1.0, -2.0, 0.0]\nnegate: 0\n"
    thresholds = b"occupied_thresh: 0.65\nfree_thresh: 0.196\n"
    seeds = [small + thresholds, small + b"mode: scale\n", small + b"mode: raw\n"]
    seeds += [file.read_bytes() for file in sorted((CONFIG / "maps").glob("*.yaml"))]
    keys = (b"image: ", b"resolution: ", b"origin: ", b"negate: ", b"mode: ", b"free_thresh: ")
    return Target(read, tuple(seeds), (), (*YAML_WORDS, *keys, b"m.pgm"), 512)


def _map_image() -> Target:
    import io

    import numpy as np
    from PIL import Image

    from mme_ilqr_ros.geometry import map_file

    map_file._MOST_CELLS = 1_000_000  # or a picture of a few bytes would take seconds, as it may
    path = _file("m.yaml")
    tops = []
    for mode in ("trinary", "scale", "raw"):
        top = path.with_name(f"{mode}.yaml")
        top.write_text(f"image: m\nresolution: 0.05\norigin: [0, 0, 0]\nmode: {mode}\n")
        tops.append(top)
    picture = path.with_name("m")

    def read(data: bytes) -> None:
        picture.write_bytes(data[1:])
        map_file.load_map(tops[data[0] % 3 if data else 0])

    cells = np.arange(48, dtype=np.uint8).reshape(6, 8) * 5
    seeds = [b"\0P5 3 2 255\n\0\xcd\xfe\xfe\xfe\0", b"\1P2\n# a\n3 2\n255\n0 255 205\n255 0 255\n"]
    shades = Image.fromarray(cells)
    for kind in ("L", "LA", "RGB", "RGBA", "P", "1", "I;16"):
        image = Image.fromarray(cells.astype(np.uint16)) if kind == "I;16" else shades.convert(kind)
        for form in ("png", "bmp", "gif", "tiff", "ppm", "jpeg", "webp", "tga"):
            buffer = io.BytesIO()
            try:
                image.save(buffer, form)
            except (OSError, ValueError, KeyError):
                continue
            seeds.append(bytes([len(seeds) % 3]) + buffer.getvalue())
    words = (b"IHDR", b"IDAT", b"tRNS", b"PLTE", b"P5 ", b"P6 ", b"P4 ", b"Pf ", b"99999 99999 255")
    return Target(read, tuple(seeds), (), words, 2048)


def _scenario() -> Target:
    from mme_ilqr_ros.simulation.scenario import load_scenario

    path = _file("world.yaml")

    def read(data: bytes) -> None:
        path.write_bytes(data)
        load_scenario(path)

    seeds = [file.read_bytes() for file in sorted((CONFIG / "scenarios").glob("*.yaml"))]
    seeds = [seed for seed in seeds if len(seed) < 1500]
    seeds += [json.dumps(WORLD).encode(), gzip.compress(json.dumps(WORLD).encode())]
    return Target(read, tuple(seeds), (), YAML_WORDS + JSON_WORDS, 2048)


def _world() -> Target:
    """Worlds whose syntax is right: every change is one of a value or of a key."""
    from mme_ilqr_ros.simulation.scenario import load_scenario

    path = _file("world.json")

    def read(data: bytes) -> None:
        path.write_text(json.dumps(changed_world(data)))
        load_scenario(path)

    return Target(read, (b"", b"\1\2\3", b"\5\6\x07\x08\x09\x0a"), (), (), 24)


def _robot() -> Target:
    from mme_ilqr_ros.simulation.robot_file import load_robot

    path = _file("robot.yaml")

    def read(data: bytes) -> None:
        path.write_bytes(data)
        load_robot(path)

    seeds = [file.read_bytes() for file in sorted((CONFIG / "robots").glob("*.yaml"))]
    small = b'/**/controller:\n  ros__parameters:\n    vx_max: 0.5\n    footprint: "[[0.2, 0.1]'
    seeds.append(small + b', [-0.2, 0.1], [0.0, -0.2]]"\n')
    words = (b"/**/controller:", b"ros__parameters:", b"footprint:", b"robot_radius:", b"scan.")
    return Target(read, tuple(seeds), (), YAML_WORDS + words, 1024)


def _weights() -> Target:
    import numpy as np

    from mme_ilqr_ros.planning.weights import checksum_file, read_weights, save_weights

    path = _file("w.safetensors")

    def read(data: bytes) -> None:
        path.write_bytes(data)
        checksum_file(path).write_text(hashlib.sha256(data).hexdigest())
        read_weights(path)

    tensors = {"gaps": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.float32(2.0)}
    save_weights(path, tensors, {"kind": "walls", "seed": "1"})
    seeds = [path.read_bytes()]
    seeds += [file.read_bytes() for file in sorted((CONFIG / "weights").glob("s*.safetensors"))]
    words = (b'"dtype":"F32"', b'"shape":[', b'"data_offsets":[', b"__metadata__", b'"F64"')
    sizes = (b"\xff" * 8, b"\0" * 7 + b"\x7f", b"\0" * 8, b"[0,0]", b"[-8,8]", b"[4294967296,0]")
    seeds = [seed for seed in seeds if len(seed) < 4096]
    return Target(read, tuple(seeds), (), JSON_WORDS + words + sizes, 4096)


def _cdr() -> Target:
    import numpy as np
    from rclpy.serialization import serialize_message

    from mme_ilqr_ros.geometry.grid_map import GridMap
    from mme_ilqr_ros.geometry.pose import Pose
    from mme_ilqr_ros.nodes import conversions as convert
    from mme_ilqr_ros.nodes.cdr import read_map
    from mme_ilqr_ros.nodes.plan_message import read_plan

    def read(data: bytes) -> None:
        if data[:1] == b"\1":
            read_plan(bytes(data[1:]))
        else:
            convert.grid_map(read_map(bytes(data[1:])))

    points = np.array([[0.0, 0.0], [1.0, 0.5], [2.0, 1.0]])
    stamp = convert.stamp_of(12.5)
    plan = convert.path_message(points, np.zeros(3), stamp, "map")
    mixed = convert.path_message(points, np.zeros(3), stamp, "map")
    mixed.poses[1].header.frame_id = "odometry"
    grid = convert.occupancy_message(
        GridMap(np.eye(4, 5, dtype=bool), 0.5, Pose(0.0, 0.0, 0.0)), stamp, "map"
    )
    plans = [plan, mixed, convert.path_message(points[:0], np.zeros(0), stamp, "map")]
    seeds = [b"\1" + serialize_message(message) for message in plans]
    seeds.append(b"\0" + serialize_message(grid))
    words = (b"\0\1\0\0", b"\0\0\0\0", b"\0\3\0\0", b"\xff\xff\xff\xff", b"map\0", b"\xe2\x82")
    floats = (b"\0\0\0\0\0\0\xf8\x7f", b"\0\0\0\0\0\0\xf0\x7f", b"\1\0\0\0\0\0\0\0")
    return Target(read, tuple(seeds), (convert.MessageError,), words + floats, 1024)


def _cloud() -> Target:
    import numpy as np
    from builtin_interfaces.msg import Time
    from geometry_msgs.msg import Transform

    from mme_ilqr_ros.geometry.cost_to_go import CostToGo
    from mme_ilqr_ros.geometry.pose import Pose
    from mme_ilqr_ros.nodes import clouds
    from mme_ilqr_ros.nodes.conversions import MessageError
    from mme_ilqr_ros.nodes.scan_message import cloud_value
    from studies.faults.readers.clouds import cloud, cloud_bytes

    upright = Transform()

    def read(data: bytes) -> None:
        message = cloud(bytes(data[1:]))
        kind = data[0] % 3 if data else 0
        if kind == 0:
            clouds.read_circles(message)
        elif kind == 1:
            clouds.read_cost_to_go(message)
        else:
            cloud_value(message, upright, 0.05, 2.0)

    circles = clouds.circles_cloud(np.ones((2, 5)), Time(), "odom")
    field = CostToGo(np.arange(9, dtype=np.float32).reshape(3, 3), 0.5, Pose(0.0, 0.0, 0.0))
    costs = clouds.cost_to_go_cloud(field, Time(), "map")
    seeds = (b"\0" + cloud_bytes(circles), b"\1" + cloud_bytes(costs), b"\2" + cloud_bytes(costs))
    words = (b"\xff" * 4, b"\0" * 4, b"\0\0\0\x80", b"\0\0\xc0\x7f", b"\0\0\x80\x7f", b"\1\0\0\0")
    return Target(read, seeds, (MessageError,), words, 512)


def _scan() -> Target:
    import numpy as np
    from sensor_msgs.msg import LaserScan

    from mme_ilqr_ros.geometry.pose import Pose
    from mme_ilqr_ros.nodes.conversions import MessageError
    from mme_ilqr_ros.nodes.scan_message import Mount, scan_value
    from studies.faults.readers.clouds import scan, scan_bytes

    mount = Mount(Pose(0.0, 0.0, 0.0))

    def read(data: bytes) -> None:
        scan_value(scan(bytes(data)), mount)

    message = LaserScan(angle_min=-1.0, angle_max=1.0, angle_increment=0.25, range_max=8.0)
    message.range_min, message.ranges = 0.1, np.ones(9, np.float32).tolist()
    words = (b"\xff" * 4, b"\0" * 4, b"\0\0\xc0\x7f", b"\0\0\x80\x7f", b"\0\0\x80\xff", b"\1\0\0\0")
    return Target(read, (scan_bytes(message),), (MessageError,), words, 512)


TARGETS: Mapping[str, Callable[[], Target]] = {
    "cdr": _cdr,
    "cloud": _cloud,
    "scan": _scan,
    "weights": _weights,
    "map_image": _map_image,
    "map_yaml": _map_yaml,
    "scenario": _scenario,
    "world": _world,
    "robot": _robot,
}
"""Each makes a target; by the name on the command line."""

INSTRUMENTED = (
    *("mme_ilqr_ros.geometry.map_file", "mme_ilqr_ros.geometry.grid_map", "mme_ilqr_ros.settings"),
    *("mme_ilqr_ros.simulation.world_file", "mme_ilqr_ros.simulation.scenario"),
    *("mme_ilqr_ros.simulation.scenario_parts", "mme_ilqr_ros.simulation.robot_file"),
    *("mme_ilqr_ros.simulation.known_keys", "mme_ilqr_ros.planning.weights"),
    *("mme_ilqr_ros.nodes.cdr", "mme_ilqr_ros.nodes.clouds", "mme_ilqr_ros.nodes.plan_message"),
    *("mme_ilqr_ros.nodes.scan_message", "mme_ilqr_ros.nodes.conversions", "yaml", "json", "PIL"),
)
"""Modules whose branches guide the changes."""


def leave_no_files() -> None:
    """Take away the files that the targets of this process have made."""
    import shutil

    root = SHARED if SHARED.is_dir() else Path(tempfile.gettempdir())
    for folder in root.glob("faults_*"):
        if folder.stat().st_uid == os.getuid():
            shutil.rmtree(folder, ignore_errors=True)
