// The table of measures: taken over all test images and all features, not off the map.

import { attr, each, html, text } from "../lib/dom.js";
import { fixed, percent } from "../lib/words.js";

// The measures of the networks on show, a row each.
export function measures() {
  const head = ["network", "error", "probe", "silhouette", "CKA"].map((name) => html("th", { scope: "col" }, name));
  const body = html("tbody");
  const caption = html("caption");
  const el = html("table", { class: "sg-measures" }, caption, html("thead", {}, html("tr", {}, ...head)), body);
  return {
    el,
    paint(moment, networks) {
      text(
        caption,
        `Over all test images: test error, test error of a linear probe, silhouette, and CKA with the ${networks[0].name}`,
      );
      each(
        body,
        networks,
        () =>
          html(
            "tr",
            {},
            html("th", { scope: "row" }),
            ...Array.from({ length: 4 }, () => html("td", {}, html("output"))),
          ),
        (row, { name, network, role }) => {
          const values = [
            percent(moment.error[network], 1),
            percent(moment.probe[network], 1),
            fixed(moment.silhouette[network], 2),
            fixed(moment.cka[0][network], 2),
          ];
          attr(text(row.firstChild, name), { class: `sg-${role}` });
          values.forEach((value, k) => text(row.childNodes[k + 1].firstChild, value));
        },
      );
    },
  };
}
