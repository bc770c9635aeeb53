import numpy as np
import pytest
from PIL import Image

from mme_ilqr_ros.geometry.grid_map import GridMap, MapError
from mme_ilqr_ros.geometry.map_file import load_map, save_map
from mme_ilqr_ros.geometry.pose import Pose


def write_map(folder, pixels, lines="", image="picture.png"):
    if pixels is not None:
        Image.fromarray(np.asarray(pixels, dtype=np.uint8)).save(folder / image)
    path = folder / "map.yaml"
    base = {"image": image, "resolution": 0.1, "origin": "[2.0, 3.0, 1.0]"}
    base |= {"negate": 0, "occupied_thresh": 0.65, "free_thresh": 0.196}
    for line in lines.splitlines():
        key, value = line.split(":", 1)
        base[key] = value
    kept = (f"{key}: {value}\n" for key, value in base.items() if value != " DROP")
    path.write_text("".join(kept))
    return path


def test_a_yawed_trinary_map_is_read_from_the_bottom_row_up(tmp_path):
    # Rows of the picture from the top: black, white, grey.
    path = write_map(tmp_path, [[0, 0], [254, 255], [205, 128]])
    grid = load_map(path)
    np.testing.assert_array_equal(grid.to_occupancy(), [[-1, -1], [0, 0], [100, 100]])
    assert grid.origin == Pose(2.0, 3.0, 1.0)
    assert grid.resolution == 0.1
    # The centre of cell (0, 0) is (0.05, 0.05) turned by 1 rad about (2, 3):
    # x = 2 + 0.05 (cos 1 - sin 1) = 1.98494, y = 3 + 0.05 (sin 1 + cos 1) = 3.06909.
    np.testing.assert_allclose(grid.centre_of([0, 0]), [1.98494, 3.06909], atol=1e-5)


def test_scale_spreads_the_values_between_the_thresholds(tmp_path):
    # darkness = 1 - shade/255: 0.196 and below free, above 0.65 occupied; (d - .196)/.454 between.
    # 139 -> d = .4549 -> 57 %, free below the 65 % at which a cell counts as occupied;
    # 101 -> d = .6039 -> 90 %, occupied.
    path = write_map(tmp_path, [[255, 139, 101, 0]], "mode: scale")
    np.testing.assert_array_equal(load_map(path).to_occupancy(), [[0, 0, 100, 100]])


def test_transparent_pixels_are_unknown_in_scale_mode(tmp_path):
    pixels = [[[255, 255, 255, 255], [255, 255, 255, 0], [0, 0, 0, 255]]]
    path = write_map(tmp_path, pixels, "mode: scale")
    np.testing.assert_array_equal(load_map(path).to_occupancy(), [[0, -1, 100]])


def test_raw_values_are_percent(tmp_path):
    path = write_map(tmp_path, [[0, 64, 65, 100, 101, 255]], "mode: raw")
    np.testing.assert_array_equal(load_map(path).to_occupancy(), [[0, 0, 100, 100, -1, -1]])


def test_negate_makes_white_occupied(tmp_path):
    path = write_map(tmp_path, [[0, 255]], "negate: 1")
    np.testing.assert_array_equal(load_map(path).to_occupancy(), [[0, 100]])


@pytest.mark.parametrize("text", ["P2\n# made by hand\n3 2\n255\n0 255 205\n255 0 255\n"])
def test_text_pgm(tmp_path, text):
    (tmp_path / "picture.pgm").write_text(text)
    path = write_map(tmp_path, None, image="picture.pgm")
    np.testing.assert_array_equal(load_map(path).to_occupancy(), [[0, 100, 0], [100, 0, -1]])


def test_binary_pgm_and_sixteen_bit_png(tmp_path):
    (tmp_path / "picture.pgm").write_bytes(b"P5\n2 1\n255\n\x00\xff")
    grid = load_map(write_map(tmp_path, None, image="picture.pgm"))
    np.testing.assert_array_equal(grid.to_occupancy(), [[100, 0]])
    Image.fromarray(np.array([[0, 65535]], dtype=np.uint16)).save(tmp_path / "deep.png")
    grid = load_map(write_map(tmp_path, None, image="deep.png"))
    np.testing.assert_array_equal(grid.to_occupancy(), [[100, 0]])


@pytest.mark.parametrize("shape", [(1, 1), (4, 9), (7, 3)])
def test_saved_maps_come_back_equal(tmp_path, shape):
    numbers = np.random.default_rng(0).choice([0, 100, -1], size=shape)
    grid = GridMap.from_occupancy(numbers, 0.05, Pose(-1.25, 0.1, -2.0))
    save_map(grid, tmp_path / "saved.yaml")
    again = load_map(tmp_path / "saved.yaml")
    np.testing.assert_array_equal(again.to_occupancy(), numbers)
    assert (again.resolution, again.origin) == (grid.resolution, grid.origin)


@pytest.mark.parametrize(
    ("lines", "key"),
    [
        ("resolution: DROP", "resolution"),
        ("resolution: -0.1", "resolution"),
        ("resolution: fine", "resolution"),
        ("origin: [1, 2]", "origin"),
        ("origin: [1, 2, .nan]", "origin"),
        ("image: DROP", "image"),
        ("image: absent.png", "image"),
        ("mode: colourful", "mode"),
        ("occupied_thresh: .inf", "occupied_thresh"),
        ("free_thresh: []", "free_thresh"),
        ("negate: maybe", "negate"),
    ],
)
def test_errors_are_one_line_and_name_file_and_key(tmp_path, lines, key):
    path = write_map(tmp_path, [[0, 255]], lines)
    with pytest.raises(MapError, match=key) as caught:
        load_map(path)
    message = str(caught.value)
    assert str(tmp_path) in message
    assert "\n" not in message


@pytest.mark.parametrize("content", ["a: [", "just words", ""])
def test_files_that_are_no_map(tmp_path, content):
    path = tmp_path / "map.yaml"
    path.write_text(content)
    with pytest.raises(MapError, match=r"map\.yaml"):
        load_map(path)


def test_absent_files_and_broken_pictures(tmp_path):
    with pytest.raises(MapError, match=r"nowhere\.yaml"):
        load_map(tmp_path / "nowhere.yaml")
    (tmp_path / "picture.png").write_bytes(b"not a picture")
    with pytest.raises(MapError, match=r"picture\.png"):
        load_map(write_map(tmp_path, None))


def test_a_picture_of_billions_of_pixels_is_refused(tmp_path):
    for size in ("99999 99999", "9500 9500"):  # beyond Pillow's own bound, and beyond ours
        path = write_map(tmp_path, None, image="bomb.pgm")
        (tmp_path / "bomb.pgm").write_bytes(f"P5 {size} 255\n".encode() + bytes(100))
        with pytest.raises(MapError, match=r"bomb\.pgm: image: cannot be read"):
            load_map(path)


def test_grey_colour_and_16_bits_say_the_same(tmp_path):
    shades = np.arange(256, dtype=np.uint8).reshape(16, 16)
    expected = load_map(write_map(tmp_path, shades, "mode: scale")).to_occupancy()
    colours = np.repeat(shades[..., None], 3, axis=-1)
    same = load_map(write_map(tmp_path, colours, "mode: scale")).to_occupancy()
    np.testing.assert_array_equal(same, expected)
    path = write_map(tmp_path, None, "mode: scale", image="deep.png")
    Image.fromarray(shades.astype(np.uint16) * 256).save(tmp_path / "deep.png")
    np.testing.assert_array_equal(load_map(path).to_occupancy(), expected)


@pytest.mark.parametrize("image", ["a\\0b", "x" * 5000, "\\ud800"])
def test_an_image_that_no_file_is_called_is_refused(tmp_path, image):
    with pytest.raises(MapError, match="image"):
        load_map(write_map(tmp_path, None, image=f'"{image}"'))
