// The five methods: who is in each, who teaches whom, and where gradient descent on the logits leads.

import {
  attentionOf,
  diversePeers,
  fullNetworkGuides,
  mutualLearning,
  nativeEnsemble,
  offlineDistillation,
} from "./methods.js";

export const CLASSES = ["pullover", "dress", "coat"];

export const PLACES = ["peer_1", "peer_2", "peer_3", "leader"];

// One step of gradient descent on the logits; an arrow shows a few of them, a press of the button takes ten.
export const STEP = 0.2;
export const ARROW = 10;
export const PRESS = 10;
export const JOURNEY = 240;
export const SECONDS = 6;

const trio = (name) =>
  ["1", "2", "3"].map((mark) => ({ mark, name: `${name} ${mark}`, role: "student", learns: true }));

export const LEADER = { mark: "L", name: "leader", role: "teacher", learns: true };

// What each method is made of. `deployed` is the place of the network that is left after training; `source` names the
// mixture that teaches, where there is one that all learn from.
export const METHODS = {
  distillation: {
    words: "KD",
    own: { tau: 4, weight: 1 },
    teach: offlineDistillation,
    deployed: 1,
    kept: "a second, frozen network",
    shared: "nothing",
    nets: [
      { mark: "T", name: "teacher", role: "teacher", learns: false },
      { mark: "S", name: "student", role: "student", learns: true },
    ],
  },
  "mutual-learning": {
    words: "DML",
    own: { tau: 1, weight: 0.5 },
    teach: mutualLearning,
    deployed: 0,
    kept: "two more networks",
    shared: "nothing",
    nets: trio("peer"),
  },
  "native-ensemble": {
    words: "ONE",
    own: { tau: 3, weight: 1 },
    teach: nativeEnsemble,
    deployed: 0,
    kept: "two branches and a gate",
    shared: "stem and two stages",
    nets: trio("branch"),
    source: { mark: "E", name: "ensemble" },
  },
  "diverse-peers": {
    words: "OKDDip",
    own: { tau: 3, weight: 1 },
    teach: diversePeers,
    deployed: 3,
    kept: "three branches, attention",
    shared: "stem and two stages",
    nets: [...trio("peer"), LEADER],
  },
  "self-guidance": {
    words: "Self-Guidance",
    own: { tau: 3, weight: 0.25 },
    teach: fullNetworkGuides,
    deployed: 0,
    kept: "nothing",
    shared: "every weight",
    nets: [
      { mark: "T", name: "full network", role: "teacher", learns: true },
      { mark: "S", name: "sub-network", role: "student", learns: true },
    ],
  },
};

export const netsOf = ({ method }) => METHODS[method].nets.map((net, i) => ({ ...net, place: PLACES[i] }));

export function teach(settings, logits) {
  const { tau, weight, gate, sharpness, label, method } = settings;
  const others = (1 - gate) / 2;
  return METHODS[method].teach(logits, label, {
    tau,
    weight,
    gate: [gate, others, others],
    attention: attentionOf(logits.slice(0, 3), sharpness),
  });
}

export const pull = ({ onCe, onDistill }) => onCe.map((g, k) => g + onDistill[k]);

export const moved = (logits, gradient, size) => logits.map((z, k) => z - size * gradient[k]);

// Where gradient descent on the logits leads, step by step.
export function travelFrom(settings, steps) {
  const first = netsOf(settings).map(({ place }) => settings[place]);
  const path = [{ logits: first, lesson: teach(settings, first) }];
  while (path.length <= steps) {
    const { logits, lesson } = path.at(-1);
    const next = logits.map((z, i) => moved(z, pull(lesson.learners[i]), STEP));
    path.push({ logits: next, lesson: teach(settings, next) });
  }
  return path;
}
