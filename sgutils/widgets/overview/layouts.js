// Where everything of the scene stands, on a wide page and on a phone.

// Image left, network in the middle, predictions right; in a book's column with fewer words.
export function wideLayout(across) {
  const short = across < 820;
  const [photo, teacherY, studentY] = [short ? 88 : 116, 62, 196];
  const left = photo + (short ? 40 : 52);
  const chartWidth = short ? 250 : Math.min(360, across * 0.36);
  const right = across - chartWidth - (short ? 88 : 126);
  const middle = (teacherY + studentY) / 2;
  const chart = { x: across - chartWidth, y: 4, pitch: 25, width: chartWidth };
  return {
    height: 276,
    left,
    right,
    teacherY,
    studentY,
    chart,
    short,
    photo: { x: 0, y: middle - photo / 2, side: photo },
    label: { x: short ? 0 : photo / 2, y: middle + photo / 2 + 20, "text-anchor": short ? "start" : "middle" },
    wire: (y) => `M${photo},${middle}C${photo + 30},${middle} ${left - 42},${y} ${left - 6},${y}H${chart.x}`,
    pull: { x: right + (short ? 14 : 22), from: studentY - 14, to: teacherY + 14, anchor: "start", short },
  };
}

// The same from top to bottom.
export function narrowLayout(across) {
  const [photo, teacherY, studentY] = [72, 126, 222];
  const [left, right] = [20, across - 44];
  const chart = { x: 0, y: 254, pitch: 24, width: across };
  return {
    height: chart.y + 10 * chart.pitch + 24,
    left,
    right,
    teacherY,
    studentY,
    chart,
    short: false,
    photo: { x: 0, y: 0, side: photo },
    label: { x: photo + 14, y: 40, "text-anchor": "start" },
    wire(y, inner) {
      const [down, out] = [inner ? 4 : 10, inner ? across - 10 : across - 4];
      return `M${down},${photo}V${y - 8}Q${down},${y} ${down + 8},${y}H${out - 8}Q${out},${y} ${out},${y + 8}V${chart.y - 4}`;
    },
    pull: { x: across - 26, from: studentY - 8, to: teacherY + 8, anchor: "end", short: across < 280 },
  };
}
