// The picture of one temperature: logits that can be dragged, the probabilities they give, the pull on the student.

import { attr, each, picture, svg, text } from "../lib/dom.js";
import { handle } from "../lib/handles.js";
import { clamp, norm, softmax } from "../lib/math.js";
import { fixed, formula } from "../lib/words.js";
import { CLASSES, HIGH, LOW, NETS } from "./pull.js";

// Three rows over the same five classes: logits, probabilities, pull.
export function barPicture(getState) {
  const { el, svg: drawing, size, width } = picture({ handles: true });
  const [ZERO, UNIT] = [34 + HIGH * 9.5, 9.5];
  const [NAMES, CHANCE, FULL, PULL, REACH] = [ZERO - LOW * UNIT + 18, 316, 76, 426, 50];

  const titles = [
    svg("text", { y: 14 }),
    svg("text", { y: CHANCE - FULL - 22 }),
    svg("text", { y: PULL - REACH - 26 }),
  ];
  const [hint, probabilities] = [svg("tspan"), svg("tspan")];
  titles[0].append(
    "Logits of ",
    svg("tspan", { class: "sg-teacher sg-strong" }, "teacher"),
    " and ",
    svg("tspan", { class: "sg-student sg-strong" }, "student"),
    hint,
  );
  const temperature = svg("tspan");
  titles[1].append(probabilities, ...formula("softmax(z/τ)"), " at ", ...formula("τ"), temperature, ", in %");
  const rule = svg("tspan");
  titles[2].append("Pull on the ", svg("tspan", { class: "sg-student sg-strong" }, "student"), "’s logits, ", rule);
  const axes = [ZERO, CHANCE, PULL].map((y) => svg("line", { class: "sg-axis", y1: y, y2: y, x1: 0 }));
  const [names, chances, pulls, bars] = ["names", "chances", "pulls", "bars"].map(() => svg("g"));
  drawing.append(...titles, ...axes, names, chances, pulls, bars);

  const change = (net, k, value) => {
    const logits = [...getState().get(net)];
    logits[k] = clamp(Math.round(value * 10) / 10, LOW, HIGH);
    getState().set({ [net]: logits });
  };
  const pairs = CLASSES.flatMap((_, k) => NETS.map((net) => ({ net, k })));
  const makeBar = ({ net, k }) => {
    const bar = svg(
      "g",
      {
        class: `sg-${net}`,
        role: "slider",
        "aria-orientation": "vertical",
        "aria-valuemin": LOW,
        "aria-valuemax": HIGH,
        "aria-label": `${net}’s logit of ${CLASSES[k]}`,
      },
      svg("rect", { class: "sg-bar" }),
      svg("rect", { class: "sg-grip", height: 32, rx: 4 }),
      svg("text", { class: "sg-small sg-mid sg-halo" }),
    );
    handle(bar, drawing, {
      onMove: (_x, y) => change(net, k, (ZERO - y) / UNIT),
      onKey: (dx, dy) => change(net, k, getState().get(net)[k] + 0.1 * (dx + dy)),
    });
    return bar;
  };

  const paint = (pull, largest) => {
    const state = getState();
    const across = width();
    size(across, PULL + REACH + 18);
    const pitch = across / CLASSES.length;
    const thick = Math.min(30, (pitch - 10) / 2);
    const left = ({ net, k }) => pitch * (k + 0.5) + (net === "teacher" ? -thick - 1 : 1);
    const p = Object.fromEntries(NETS.map((net) => [net, softmax(state.get(net), state.get("tau"))]));
    for (const axis of axes) attr(axis, { x2: across });
    const narrow = across < 280;
    text(hint, narrow ? "" : ": drag a bar");
    text(probabilities, narrow ? "" : "Probabilities ");
    text(temperature, ` = ${fixed(state.get("tau"), 2)}`);
    const squared = state.get("tau_squared");
    if (rule.dataset.squared !== String(squared)) {
      rule.replaceChildren(...formula(squared ? "τ (p_T − p_S)" : "(p_T − p_S)/τ"));
      rule.dataset.squared = squared;
    }

    each(
      names,
      CLASSES,
      () => svg("text", { y: NAMES }),
      (node, name, k) => attr(text(node, name), { x: pitch * (k + 0.5), class: narrow ? "sg-mid sg-tiny" : "sg-mid" }),
    );
    each(bars, pairs, makeBar, (bar, pair) => {
      const value = state.get(pair.net)[pair.k];
      const [y, x] = [ZERO - value * UNIT, left(pair)];
      attr(bar, { "aria-valuenow": value, "aria-valuetext": fixed(value, 1) });
      const [body, grip, said] = bar.childNodes;
      attr(body, { x, width: thick, y: Math.min(y, ZERO), height: Math.max(1, Math.abs(y - ZERO)) });
      attr(grip, { x, width: thick, y: y - 16 });
      attr(text(said, fixed(value, 1)), {
        class: `sg-mid sg-halo ${pitch < 60 ? "sg-tiny" : "sg-small"}`,
        x: x + thick / 2,
        y: value < 0 ? y + 13 : y - 5,
      });
    });
    each(
      chances,
      pairs,
      ({ net }) =>
        svg("g", { class: `sg-${net}` }, svg("rect", { class: "sg-bar" }), svg("text", { class: "sg-small sg-mid" })),
      (node, pair) => {
        const share = p[pair.net][pair.k];
        const [body, said] = node.childNodes;
        attr(body, { x: left(pair), width: thick, y: CHANCE - share * FULL, height: share * FULL });
        attr(text(said, inPercent(share)), { x: left(pair) + thick / 2, y: CHANCE - share * FULL - 4 });
      },
    );
    each(
      pulls,
      pull,
      () =>
        svg("g", { class: "sg-distill" }, svg("path", { class: "sg-fill" }), svg("text", { class: "sg-small sg-mid" })),
      (node, value, k) => {
        const [x, reach] = [pitch * (k + 0.5), largest > 0 ? (value / largest) * REACH : 0];
        attr(node.firstChild, { d: arrow(x, PULL, PULL - reach) });
        attr(text(node.lastChild, signed(value)), { x, y: PULL - reach + (value < 0 ? 14 : -5) });
      },
    );
    attr(drawing, { "aria-label": describe(p, pull) });
  };
  return { el, paint };
}

function arrow(x, from, to) {
  const head = Math.min(9, Math.abs(to - from));
  if (head < 0.3) return "";
  const [neck, way] = [to + Math.sign(from - to) * head, 2.5];
  return `M${x - way},${from}V${neck}H${x - 6}L${x},${to}L${x + 6},${neck}H${x + way}V${from}Z`;
}

function inPercent(share) {
  return share < 0.0005 ? "0" : fixed(100 * share, share < 0.0995 ? 1 : 0);
}

function signed(value) {
  return (value >= 0.0005 ? "+" : "") + fixed(value, Math.abs(value) < 0.0995 ? 3 : 2);
}

function describe(p, pull) {
  const best = (values) => CLASSES[values.indexOf(Math.max(...values))];
  const share = (values) => `${fixed(100 * Math.max(...values), 0)} % ${best(values)}`;
  if (norm(pull) < 0.005)
    return `The teacher says ${share(p.teacher)}, the student ${share(p.student)}; there is no pull.`;
  const down = CLASSES[pull.indexOf(Math.min(...pull))];
  return `The teacher says ${share(p.teacher)}, the student ${share(p.student)}; the pull raises ${best(pull)} most and lowers ${down} most.`;
}
