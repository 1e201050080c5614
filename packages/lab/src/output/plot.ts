// Curves in a terminal: one character per cell, every curve with a mark of its own, so that the plot needs neither colours nor a
// terminal. Where several curves pass through a cell their marks take turns from column to column, so that none hides another.

/** One line of a plot. Points ascend in x; between them the curve is a straight line. */
export interface Curve {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

interface Axis {
  /** What is shown, with its unit: "object size, bytes". */
  readonly title: string;
  /** Ends of the axis; by default those of the data. What lies outside is cut off. */
  readonly min?: number;
  readonly max?: number;
  /** How numbers are written at the axis; by default as short as they can be. */
  readonly format?: (value: number) => string;
}

export interface PlotOptions {
  readonly x: Axis;
  readonly y: Axis;
  /** Width of the whole plot in characters, at least 40. */
  readonly columns: number;
  /** Height of the area of the curves in lines; default 16. */
  readonly rows?: number;
}

/** Marks of the curves, in their order; after the last one they start again. */
const CURVE_MARKS = "o+x*#%@&=~^s";

const FEWEST_COLUMNS = 40;
const COLUMNS_PER_TICK = 14;
const ROWS_PER_TICK = 4;

/** An axis with numbers to it: from `min` to `max` in `cells` cells. */
interface Scale {
  readonly min: number;
  readonly max: number;
  readonly cells: number;
}

/** The plot as lines, each ended by a newline: title of the y axis, curves, x axis with its title, and the legend. */
export function formatPlot(curves: readonly Curve[], options: PlotOptions): string {
  const { x, y, rows = 16 } = options;
  const points = curves.flatMap((curve) => curve.points);
  const yScale = scaleOf(
    y,
    points.map((point) => point[1]),
    rows,
  );
  const yTicks = ticksOf(yScale, Math.max(2, Math.round(rows / ROWS_PER_TICK)));
  const yLabels = labelRows(yTicks, yScale, y.format ?? shortNumber);
  const labelWidth = Math.max(...yLabels.map((label) => label.length));
  const areaColumns = Math.max(FEWEST_COLUMNS, options.columns) - labelWidth - 2;
  const xScale = scaleOf(
    x,
    points.map((point) => point[0]),
    areaColumns,
  );
  const cells = drawCurves(curves, xScale, yScale);
  const area = Array.from({ length: rows }, (_, row) => {
    const label = yLabels[row]!;
    return `${label.padStart(labelWidth)} ${label === "" ? "│" : "┤"}${markRow(cells, row, xScale.cells)}`;
  });
  const margin = " ".repeat(labelWidth + 1);
  const lines = [y.title, ...area, ...xAxisLines(x, xScale, margin), ...legendLines(curves, options.columns)];
  return `${lines.map((line) => line.trimEnd()).join("\n")}\n`;
}

function scaleOf({ min, max }: Axis, values: readonly number[], cells: number): Scale {
  const finite = values.filter((value) => Number.isFinite(value));
  const least = min ?? finite.reduce((a, b) => Math.min(a, b), Infinity);
  const most = max ?? finite.reduce((a, b) => Math.max(a, b), -Infinity);
  if (!Number.isFinite(least) || !Number.isFinite(most)) return { min: 0, max: 1, cells };
  return { min: least, max: most > least ? most : least + 1, cells };
}

/** The cell of a value, below 0 or beyond the last one if the value is outside. */
function cellOf(value: number, { min, max, cells }: Scale): number {
  return Math.round(((value - min) / (max - min)) * (cells - 1));
}

/** Round numbers on the axis, about `count` of them. */
function ticksOf({ min, max }: Scale, count: number): number[] {
  const rough = (max - min) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough * 0.999) ?? 10);
  const first = Math.ceil(min / step - 1e-9);
  const last = Math.floor(max / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

function shortNumber(value: number): string {
  return String(Number(value.toPrecision(6)));
}

/** The label of each row of the area, "" for none; row 0 is the highest. */
function labelRows(ticks: readonly number[], scale: Scale, format: (value: number) => string): string[] {
  const labels = Array.from({ length: scale.cells }, () => "");
  for (const tick of ticks) labels[scale.cells - 1 - cellOf(tick, scale)] = format(tick);
  return labels;
}

/** For each cell of the area (row 0 is the highest) the curves that pass through it. */
type Cells = Map<number, number[]>;

function drawCurves(curves: readonly Curve[], xScale: Scale, yScale: Scale): Cells {
  const cells: Cells = new Map();
  for (const [curveIndex, { points }] of curves.entries()) {
    let previous: Span | undefined;
    for (let column = 0; column < xScale.cells; column++) {
      const span = spanOf(points, column, xScale, yScale);
      if (span !== undefined) drawSpan(cells, curveIndex, column, xScale, yScale, joined(span, previous));
      previous = span;
    }
  }
  return cells;
}

/** The lowest and the highest cell, counted from the bottom, that a curve reaches in a column. */
interface Span {
  readonly low: number;
  readonly high: number;
}

/** What the points of a column span, or where the line between the points around it is. */
function spanOf(points: Curve["points"], column: number, xScale: Scale, yScale: Scale): Span | undefined {
  const inside = points.filter(([px, py]) => Number.isFinite(py) && cellOf(px, xScale) === column);
  if (inside.length > 0) {
    const rows = inside.map(([, py]) => cellOf(py, yScale));
    return { low: Math.min(...rows), high: Math.max(...rows) };
  }
  const at = xScale.min + (column / (xScale.cells - 1)) * (xScale.max - xScale.min);
  const after = points.findIndex(([px]) => px > at);
  if (after < 1) return undefined;
  const [x0, y0] = points[after - 1]!;
  const [x1, y1] = points[after]!;
  if (!Number.isFinite(y0) || !Number.isFinite(y1)) return undefined;
  const row = cellOf(y0 + ((at - x0) / (x1 - x0)) * (y1 - y0), yScale);
  return { low: row, high: row };
}

/** The span, lengthened until it touches that of the column before. */
function joined({ low, high }: Span, previous: Span | undefined): Span {
  if (previous === undefined) return { low, high };
  return { low: Math.min(low, previous.high + 1), high: Math.max(high, previous.low - 1) };
}

function drawSpan(
  cells: Cells,
  curve: number,
  column: number,
  xScale: Scale,
  yScale: Scale,
  { low, high }: Span,
): void {
  for (let row = Math.max(0, low); row <= Math.min(yScale.cells - 1, high); row++) {
    const cell = (yScale.cells - 1 - row) * xScale.cells + column;
    const curvesHere = cells.get(cell);
    if (curvesHere === undefined) cells.set(cell, [curve]);
    else curvesHere.push(curve);
  }
}

function markRow(cells: Cells, row: number, columns: number): string {
  return Array.from({ length: columns }, (_, column) => {
    const curves = cells.get(row * columns + column);
    return curves === undefined ? " " : markOf(curves[column % curves.length]!);
  }).join("");
}

function markOf(curveIndex: number): string {
  return CURVE_MARKS[curveIndex % CURVE_MARKS.length]!;
}

function xAxisLines({ title, format = shortNumber }: Axis, scale: Scale, margin: string): string[] {
  const ticks = ticksOf(scale, Math.max(2, Math.round(scale.cells / COLUMNS_PER_TICK)));
  const rule = Array.from({ length: scale.cells }, () => "─");
  let labels = "";
  for (const tick of ticks) {
    const column = cellOf(tick, scale);
    rule[column] = "┬";
    const label = format(tick);
    const start = Math.max(0, Math.min(column - Math.floor(label.length / 2), scale.cells - label.length));
    if (labels === "" || start > labels.length) labels = `${labels.padEnd(start)}${label}`;
  }
  return [`${margin}└${rule.join("")}`, `${margin} ${labels}`, `${margin} ${title}`];
}

/** The names of the curves behind their marks, as many to a line as fit. */
function legendLines(curves: readonly Curve[], columns: number): string[] {
  const width = Math.max(...curves.map(({ name }) => name.length)) + 4;
  const perLine = Math.max(1, Math.floor(columns / width));
  const entries = curves.map(({ name }, index) => `${markOf(index)} ${name}`.padEnd(width));
  return Array.from({ length: Math.ceil(entries.length / perLine) }, (_, line) =>
    entries.slice(line * perLine, (line + 1) * perLine).join(""),
  );
}
