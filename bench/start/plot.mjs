// First frame over length of the film, clicked and by link, as an SVG; axes are logarithmic.

import { FILMS } from "./films.mjs";

const WIDTH = 760;
const HEIGHT = 420;
const LEFT = 70;
const RIGHT = 120;
const TOP = 50;
const BOTTOM = 50;
const TICKS_MS = [50, 100, 200, 500, 1000, 2000, 5000, 10000];
const COLOURS = ["#c2410c", "#64748b", "#0f766e", "#7c3aed", "#2563eb", "#be185d", "#4d7c0f", "#92400e", "#334155"];
/** The distance of two labels. */
const LABEL_HEIGHT = 15;

const lengths = FILMS.filter((film) => film.moov === "tail" && !film.name.endsWith("-next"));

/** The charts: title, and the case of a film. */
const CHARTS = [
  { title: "From the click to the first frame", caseOf: (name) => name },
  { title: "From opening a link to the first frame", caseOf: (name) => `link-${name.replace("-tail", "")}` },
];

/** @param {{ case: string, subject: string, metric: string, value: number }[]} figures @param {string} like */
export function plot(figures, like) {
  const points = figures.filter((figure) => figure.metric === "first_frame_ms");
  const charts = CHARTS.map(({ title, caseOf }) => {
    const cases = new Map(lengths.map(({ name }) => [caseOf(name), name]));
    const shown = points.filter((figure) => cases.has(figure.case))
      .map((figure) => ({ ...figure, case: cases.get(figure.case) }));
    return { shown, title: `${title} (${like})` };
  }).filter(({ shown }) => shown.length > 0);
  const parts = charts.map(({ shown, title }, i) => `<g transform="translate(0 ${i * HEIGHT})">${chart(shown, title)}</g>`);
  const height = charts.length * HEIGHT;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif" font-size="13" fill="#334155">
<rect width="${WIDTH}" height="${height}" fill="#fff"/>
${parts.join("\n")}
</svg>
`;
}

/** One chart. */
function chart(points, title) {
  const subjects = [...new Set(points.map((figure) => figure.subject))];
  const values = points.map((figure) => figure.value);
  const ticks = TICKS_MS.filter((ms) => ms > Math.min(...values) / 2.5 && ms < Math.max(...values) * 2.5);
  const scale = (value, from, to, least, most) =>
    from + ((Math.log(value) - Math.log(least)) / (Math.log(most) - Math.log(least))) * (to - from);
  const minutes = lengths.map((film) => film.minutes);
  const x = (value) => scale(value, LEFT, WIDTH - RIGHT, Math.min(...minutes), Math.max(...minutes));
  const y = (value) => scale(value, HEIGHT - BOTTOM, TOP, ticks[0], ticks.at(-1));
  const lines = subjects.map((subject, i) => {
    const line = lengths.flatMap(({ name, minutes }) => {
      const found = points.find((figure) => figure.subject === subject && figure.case === name);
      return found ? [[x(minutes), y(found.value)]] : [];
    });
    return { subject, line, colour: COLOURS[i % COLOURS.length], labelAt: line.at(-1)?.[1] ?? 0 };
  }).filter(({ line }) => line.length > 0).toSorted((a, b) => a.labelAt - b.labelAt);
  for (let i = 1; i < lines.length; i++) {
    lines[i].labelAt = Math.max(lines[i].labelAt, lines[i - 1].labelAt + LABEL_HEIGHT);
  }
  const round = (number) => number.toFixed(1);
  const curves = lines.map(({ subject, line, colour, labelAt }) => {
    const isOurs = subject === "firstframe";
    const path = line.map(([a, b], i) => `${i ? "L" : "M"}${round(a)} ${round(b)}`).join("");
    const dots = line.map(([a, b]) => `<circle cx="${round(a)}" cy="${round(b)}" r="3" fill="${colour}"/>`).join("");
    const label = `<text x="${WIDTH - RIGHT + 10}" y="${round(labelAt + 4)}" fill="${colour}"${isOurs ? ' font-weight="bold"' : ""}>${subject}</text>`;
    return `<path d="${path}" fill="none" stroke="${colour}" stroke-width="${isOurs ? 3 : 1.5}"/>${dots}${label}`;
  });
  const grid = ticks.map((ms) =>
    `<path d="M${LEFT} ${round(y(ms))}H${WIDTH - RIGHT}" stroke="#e2e8f0"/><text x="${LEFT - 8}" y="${round(y(ms) + 4)}" text-anchor="end">${ms < 1000 ? `${ms} ms` : `${ms / 1000} s`}</text>`);
  const under = lengths.map(({ minutes }) =>
    `<text x="${round(x(minutes))}" y="${HEIGHT - BOTTOM + 20}" text-anchor="middle">${minutes < 60 ? `${minutes} min` : `${minutes / 60} h`}</text>`);
  return `<text x="${LEFT}" y="26" font-size="15" font-weight="bold">${title}</text>
${[...grid, ...under, ...curves].join("\n")}`;
}
