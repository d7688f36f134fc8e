// The live map: t-SNE of the features of teacher and student together, which goes on moving while their features change.
// In come { features, points, components, seed } whenever there are new ones and { seen: true } when a frame was painted;
// out go places, two a point.

import { affinities, coldStart, EXAGGERATION, movingMap } from "../../lib/tsne.js";

const [PERPLEXITY, EXAGGERATED, PER_FRAME] = [20, 120, 3];
const REST = 400; // steps after which the map of unchanged features stands still

let [map, alike, step, since, busy] = [null, null, 0, 0, false];

self.addEventListener("message", ({ data }) => {
  if (data.features) {
    const { features, points, components, seed } = data;
    if (map === null || map.y.length !== 2 * points) [map, step] = [movingMap(coldStart(points, seed), points), 0];
    alike = affinities(features, points, components, PERPLEXITY);
    since = 0;
  }
  if (data.seen) busy = false;
  if (!busy && map !== null && since < REST) {
    busy = true;
    move();
  }
});

function move() {
  for (let i = 0; i < PER_FRAME; i += 1) {
    map.step(alike, step < EXAGGERATED ? EXAGGERATION : 1);
    step += 1;
    since += 1;
  }
  const places = Float32Array.from(map.y);
  postMessage(places, [places.buffer]);
}
