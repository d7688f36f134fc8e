// Trains a network off the page's own thread. It is told
//     { start: { run, data, bytes, network, engine, seed, settings } }    begin: images, first weights, an engine
//     { settings: { method, lam, tau, p_last, lr, statistics } }          what holds from the next step on
//     { play: true or false }, { steps: how many at once }, { gates: [gates] or null }    the latter a student chosen by hand
//     { upTo: steps or null }                                             where it waits while it plays
//     { save: id }                                                        the network as it stands, as a file
// and tells { run, ready } once, then { run, frame } a few times a second, { run, look } when errors and features were taken
// again, { run, file, id } and { run, failed }.

import { linearDecay, randomNumbers, sampleGates, softmax } from "../lib/math.js";
import { deployedGates, endlessOrder } from "../lib/methods.js";
import { createEngine, firstParameters, firstStatistics, tensorsOf } from "./engine.js";
import { readImages } from "./images.js";
import { linearCka } from "./likeness.js";
import networks from "./networks.json";
import { errorRate } from "./objective.js";
import { safetensors } from "./safetensors.js";

const BATCH = 64;
const SOLVER = { momentum: 0.9, weightDecay: 1e-4, nesterov: true };
const MAP_IMAGES = 80;
const STUDENTS = 4;
const FRAME = 100; // milliseconds between frames, and ...
const SHARE = 3; // ... looks at errors and features take no more than a third of the time, ...
const SELDOM = 1000; // ... and at most this many milliseconds apart where they are quick

let training = null;
let [playing, upTo, wishes] = [false, null, []];
let idle = null; // wakes the loop

self.addEventListener("message", ({ data }) => {
  if (data.start) training = null; // what ran stops at its next breath
  wishes.push(data);
  idle?.();
});

async function begin({ run, data, bytes, network, engine: name, seed, settings }) {
  const images = readImages(data, bytes);
  const description = networks[network];
  const engine = await createEngine(name, description, { side: images.side, batch: BATCH });
  await engine.write("parameters", firstParameters(engine.layout, description, 8 * seed + 1));
  await engine.write("statistics", firstStatistics(engine.layout));
  const next = endlessOrder(images.train.y.length, randomNumbers(8 * seed + 2));
  const [draws, curious] = [randomNumbers(8 * seed + 3), randomNumbers(8 * seed + 4)];
  const size = images.side ** 2;
  const batch = { x: new Float32Array(BATCH * size), y: new Uint8Array(BATCH) };
  training = {
    run,
    images,
    engine,
    network,
    data,
    description,
    settings,
    draws,
    curious,
    batch,
    steps: 0,
    losses: null,
    byHand: null,
    failed: false,
    history: [],
    fill() {
      for (let n = 0; n < BATCH; n += 1) {
        const i = next();
        batch.y[n] = images.train.y[i];
        batch.x.set(images.train.x.subarray(i * size, (i + 1) * size), n * size);
      }
    },
    gates: null,
    lookedAt: 0,
    cost: 0,
    spent: 0,
    counted: 0,
  };
  training.gates = drawn();
  engine.lost?.then(() => training?.engine === engine && fail("the graphics processor was taken away"));
  const chosen = mapImages(images.test.y, images.classes.length);
  training.chosen = chosen;
  postMessage({
    run,
    ready: {
      engine: engine.name,
      blocks: description.blocks.length,
      parameters: engine.layout.parameters,
      epoch: images.train.y.length / BATCH,
      labels: chosen.map((i) => images.test.y[i]),
      pixels: chosen.map((i) => images.pixels(i).slice()),
    },
  });
  await look();
}

const survival = () => linearDecay(training.description.blocks.length, training.settings.p_last);
const drawn = () => sampleGates(survival(), training.draws);

// The images of the map: the first ones of each class, in turn.
function mapImages(labels, classes) {
  const most = Math.floor(MAP_IMAGES / classes);
  const seen = new Array(classes).fill(0);
  return [...labels.keys()].filter((i) => {
    seen[labels[i]] += 1;
    return seen[labels[i]] <= most;
  });
}

function pick(x, indices, size) {
  const picked = new Float32Array(indices.length * size);
  indices.forEach((i, n) => picked.set(x.subarray(i * size, (i + 1) * size), n * size));
  return picked;
}

async function step() {
  const { engine, settings, batch } = training;
  const began = performance.now();
  if (training.steps > 0) training.gates = drawn();
  training.fill();
  const teacher = deployedGates(settings.method, survival());
  training.losses = await engine.step({ ...SOLVER, ...settings, ...batch, student: training.gates, teacher });
  training.steps += 1;
  training.spent += performance.now() - began;
  training.counted += BATCH;
  if (!Number.isFinite(training.losses.total)) training.failed = true;
}

// Errors on the test images, of the teacher and of the student of the moment, how alike the features of both are, and those
// of a few images for the map; and the mean error of a few students that are drawn for it.
async function look() {
  const { settings, images, chosen, steps, byHand, history } = training;
  const began = performance.now();
  const teacher = await viewOf(deployedGates(settings.method, survival()));
  const student = await viewOf(byHand ?? training.gates);
  const width = teacher.features.length / images.test.y.length;
  const features = new Float32Array([teacher, student].flatMap((view) => [...pick(view.features, chosen, width)]));
  if (history.at(-1)?.[0] !== steps) history.push([steps, teacher.error, await errorOfStudents()]);
  if (history.length > 240) training.history = history.filter((_, i) => i % 2 === 0);
  postMessage({
    run: training.run,
    look: {
      steps,
      history: training.history,
      teacher: { ...teacher, features: null },
      student: { ...student, features: null },
      cka: linearCka(teacher.features, student.features, images.test.y.length),
      features: features.every(Number.isFinite) ? features : null,
      components: width,
    },
  });
  training.lookedAt = performance.now();
  training.cost = training.lookedAt - began;
}

async function viewOf(gates) {
  const { engine, images, chosen } = training;
  const { y, x } = images.test;
  const classes = images.classes.length;
  const { logits, features } = await engine.run(x, y.length, gates);
  const shares = chosen.map((i) => softmax([...logits.subarray(i * classes, (i + 1) * classes)]));
  return {
    gates,
    error: errorRate(logits, y, classes),
    features,
    said: shares.map((p) => p.indexOf(Math.max(...p))),
    sure: shares.map((p) => Math.max(...p)),
  };
}

// Each on its share of the test images.
async function errorOfStudents() {
  const { engine, images, curious } = training;
  const { y, x } = images.test;
  const size = images.side ** 2;
  let wrong = 0;
  for (let k = 0; k < STUDENTS; k += 1) {
    const [from, to] = [k, k + 1].map((part) => Math.floor((part * y.length) / STUDENTS));
    const { logits } = await engine.run(
      x.subarray(from * size, to * size),
      to - from,
      sampleGates(survival(), curious),
    );
    wrong += errorRate(logits, y.subarray(from, to), images.classes.length) * (to - from);
  }
  return wrong / y.length;
}

function report() {
  const { run, steps, losses, gates, spent, counted, failed } = training;
  const rate = spent > 0 ? (1000 * counted) / spent : 0;
  postMessage({ run, frame: { steps, losses, gates, p: survival(), rate, failed, playing } });
  // The rate is of the last moments.
  training.spent /= 2;
  training.counted /= 2;
}

function fail(message) {
  playing = false;
  postMessage({ run: training?.run, failed: message });
  training = null;
}

async function save(id) {
  const { data, network, images, settings, steps } = training;
  const { architecture } = networks[network];
  const metadata = {
    format: "pt",
    architecture: JSON.stringify(architecture),
    gates: JSON.stringify(deployedGates(settings.method, survival())),
    dataset: data,
    image_size: String(images.side),
    mean: String(images.mean),
    std: String(images.std),
    test_examples: String(images.test.y.length),
    steps: String(steps),
    method: settings.method,
  };
  const file = safetensors(await tensorsOf(training.engine), metadata);
  postMessage({ run: training.run, id, file }, [file.buffer]);
}

async function obey(wish) {
  if (wish.start) {
    [playing, upTo] = [false, null];
    await begin(wish.start);
  } else if (training !== null) {
    if (wish.settings) training.settings = wish.settings;
    if ("gates" in wish) training.byHand = wish.gates;
    if ("play" in wish) playing = wish.play;
    if ("upTo" in wish) upTo = wish.upTo;
    for (let i = 0; i < (wish.steps ?? 0) && !training.failed; i += 1) await step();
    if (wish.save) await save(wish.save);
    if (!playing && ("gates" in wish || wish.steps || wish.settings || "play" in wish)) await look();
  }
}

async function breathe() {
  await new Promise((resolve) => {
    const channel = new MessageChannel();
    channel.port1.onmessage = resolve;
    channel.port2.postMessage(null);
  });
}

// Of several wishes of one kind the last one counts.
async function obeyAll() {
  while (wishes.length) {
    const wish = wishes.shift();
    if (wish.settings && wishes.some(({ settings }) => settings)) continue;
    await obey(wish);
    if (training) report();
  }
}

let told = 0;

async function advance() {
  await step();
  const now = performance.now();
  if (training.failed) playing = false;
  if (now - training.lookedAt > Math.max(SELDOM, SHARE * training.cost) || training.failed) await look();
  if (now - told > FRAME || training.failed) {
    told = now;
    report();
  }
  await breathe();
}

async function live() {
  for (;;) {
    try {
      await obeyAll();
      const goes = training !== null && playing && !training.failed;
      const waits = goes && upTo !== null && training.steps >= upTo;
      if (waits) report();
      if (goes && !waits) await advance();
      else if (wishes.length === 0) {
        await new Promise((resolve) => {
          idle = resolve;
        });
      }
    } catch (error) {
      fail(error.message ?? String(error));
    }
  }
}

live();
