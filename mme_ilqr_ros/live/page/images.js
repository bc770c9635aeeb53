// Grids of cells as pictures: the map, and the cost to go with lines of equal cost. The colours of
// the page are here too; they are those of style.css.
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
export const COLOUR = Object.fromEntries(
  ["ink", "wall", "unknown", "obstacle", "obstacle-edge", "plan", "command", "chosen", "candidate",
    "goal", "robot", "seen", "rule", "quiet", "paper"].map((name) => [name, css(`--${name}`)]),
);
const LEVELS = 16; // lines of equal cost to go

// Cells to an image with the highest row on top; `shade` may darken a cell by its neighbours.
export function imageOf(grid, colour, shade = null) {
  const { rows, columns, resolution, origin } = grid;
  const bytes = Uint8Array.from(atob(grid.cells), (letter) => letter.charCodeAt(0));
  const image = new OffscreenCanvas(columns, rows);
  const pixels = new ImageData(columns, rows);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const at = 4 * ((rows - 1 - row) * columns + column);
      const cell = row * columns + column, value = bytes[cell];
      pixels.data.set(colour[value] ?? [0, 0, 0, 0], at);
      if (!shade) continue;
      const right = column + 1 < columns ? bytes[cell + 1] : value;
      const above = row + 1 < rows ? bytes[cell + columns] : value;
      const share = shade(value, right, above);
      for (let part = 0; part < 3; part++) pixels.data[at + part] *= share;
    }
  }
  image.getContext("2d").putImageData(pixels, 0, 0);
  return { image, resolution, origin };
}

export function mapColour() {
  return [[0, 0, 0, 0], [...rgb(COLOUR.wall), 255], [...rgb(COLOUR.unknown), 255]];
}

export function fieldColour() {
  const table = [];
  for (let value = 0; value < 255; value++) {
    const share = value / 254;
    table.push([255 - 112 * share, 255 - 76 * share, 255 - 51 * share, 255]);
  }
  return [...table, [0, 0, 0, 0]];
}

// Lines of equal cost: where the level changes from a cell to the next.
export function contour(...values) {
  if (values.includes(255)) return 1;
  const levels = values.map((value) => Math.floor(value / 254 * LEVELS));
  return levels[0] === levels[1] && levels[0] === levels[2] ? 1 : 0.93;
}

function rgb(hex) { return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)); }
