// Trains and looks at what was trained, off the page's own thread. It is told
//     { start: { run, data, dataSeed, lanes: [settings, ...], steps } }    train from the beginning, as far as `steps`
//     { play: true or false, order: number }, { step: true }, { gates: [gates or null, ...] }    gates: a student chosen by hand
//     { seen: true }    the last frame is on the page; only then another is made
// and tells { run, examples } once a start and then { run, frame }: a frame has what playground.js paints of every lane.

import { randomNumbers, sampleGates } from "../lib/math.js";
import { createData, REACH } from "./datasets.js";
import { createTraining } from "./training.js";
import { createReader, errorOf, featuresOf, planeGrid, predictions, principalPlane, probabilities } from "./views.js";

const WIDTH = { spirals: 8, rings: 8, digits: 12 };
const [TILES, SMALL_TILES, DIGITS_SHOWN, STUDENTS] = [44, 22, 64, 4];
const PACE = 0.6; // steps a millisecond at most, so that an eye can follow
const LAST_STEP = 20000;
const PATIENCE = 12; // milliseconds of training between looks at the mail
const HOLD = 1500; // milliseconds that a student stays on show while others are drawn: pictures must not flicker

let lanes = [];
let [run, data, name, playing, order, aim] = [0, null, null, false, 0, 0];
let [seen, stale, awake] = [true, false, false];
let [clock, looked, cost, held] = [0, 0, 0, 0];

const planes = Object.fromEntries([TILES, SMALL_TILES].map((side) => [side, planeGrid(side)]));

function start(given) {
  [run, name, data] = [given.run, given.data, createData(given.data, given.dataSeed)];
  lanes = given.lanes.map((settings) => {
    const training = createTraining(
      { ...data.train, inputs: data.inputs, classes: data.classes },
      { ...settings, width: WIDTH[name] },
    );
    const draws = randomNumbers(8 * settings.seed + 4);
    const students = Array.from({ length: STUDENTS }, () => sampleGates(training.p, draws));
    return {
      training,
      read: createReader(training.net),
      students,
      shown: training.student,
      byHand: null,
      failed: false,
      every: 20,
      history: [],
    };
  });
  lanes.forEach(remember);
  [aim, seen, stale] = [given.steps, true, true];
  const { x, y } = data.test;
  postMessage({
    run,
    examples: {
      name,
      classes: data.classes,
      reach: REACH,
      y,
      x: name === "digits" ? x.slice(0, 64 * DIGITS_SHOWN) : x,
    },
  });
}

// All lanes take a step, or none: they are compared at equal steps.
function step() {
  if (lanes[0].training.steps >= LAST_STEP || lanes.some((lane) => lane.failed)) return false;
  for (const lane of lanes) lane.failed = !lane.training.step();
  stale = true;
  for (const lane of lanes) if (!lane.failed && lane.training.steps % lane.every === 0) remember(lane);
  return !lanes.some((lane) => lane.failed);
}

// A point of the curves. When they have many, every second goes, and new ones come half as often.
function remember(lane) {
  const { training, read, students, history } = lane;
  const errors = (gates) => [data.train, data.test].map((part) => errorOf(read, part, data.classes, gates));
  const ofStudents = students.map(errors);
  const mean = (i) => ofStudents.reduce((total, pair) => total + pair[i] / STUDENTS, 0);
  history.push([training.steps, ...errors(training.teacher), mean(0), mean(1)]);
  if (history.length > 240) {
    lane.history = history.filter((_, i) => i % 2 === 0);
    lane.every *= 2;
  }
}

function look() {
  const began = performance.now();
  if (!playing || began - held > HOLD) {
    for (const lane of lanes) lane.shown = lane.training.student;
    held = began;
  }
  postMessage({
    run,
    frame: { steps: lanes[0].training.steps, playing, order, catchingUp: ahead(), lanes: lanes.map(viewOf) },
  });
  [seen, stale, looked] = [false, false, performance.now()];
  cost = looked - began;
}

function viewOf({ training, read, students, shown, byHand, failed, history }) {
  const { classes, test } = data;
  const student = byHand ?? shown;
  const picture = (gates, side) =>
    name === "digits"
      ? predictions(read, test.x, DIGITS_SHOWN, classes, gates)
      : probabilities(read, planes[side], side * side, classes, gates);
  const network = (gates, side) => ({
    gates,
    error: errorOf(read, test, classes, gates),
    picture: picture(gates, side),
  });
  const { width } = training.net.shape;
  const [ofTeacher, ofStudent] = [training.teacher, student].map((gates) =>
    featuresOf(read, test.x, test.y.length, width, gates),
  );
  const place = principalPlane(ofTeacher, test.y, width);
  return {
    failed,
    history,
    p: training.p,
    losses: training.losses,
    teacher: network(training.teacher, TILES),
    student: network(student, TILES),
    students: students.map((gates) => network(gates, SMALL_TILES)),
    features: { teacher: place(ofTeacher), student: place(ofStudent) },
  };
}

const ahead = () =>
  lanes.length > 0 && lanes[0].training.steps < Math.min(aim, LAST_STEP) && !lanes.some((lane) => lane.failed);

// Trains for a moment, shows what came of it if the page is ready for it, and comes back after the mail was read.
function turn() {
  awake = false;
  const began = performance.now();
  if (ahead()) {
    while (ahead() && performance.now() - began < PATIENCE) step();
    clock = performance.now();
  } else if (playing) {
    // What a slow moment missed is not made up for later.
    clock = Math.max(clock, began - 100);
    let going = true;
    while (going && clock < performance.now() && performance.now() - began < PATIENCE) {
      going = step();
      clock += 1 / PACE;
    }
    if (!going) playing = false;
  }
  const rested = performance.now() - looked > (ahead() ? 150 : Math.max(30, 2 * cost)) || !(playing || ahead());
  if (seen && stale && rested) look();
  if (playing || ahead()) wake(playing && clock > performance.now() ? 2 : 0);
}

// A message to itself comes back sooner than a timer.
const { port1, port2 } = new MessageChannel();
port1.onmessage = turn;
function wake(later = 0) {
  if (awake) return;
  awake = true;
  if (later > 0) setTimeout(turn, later);
  else port2.postMessage(null);
}

self.onmessage = ({ data: told }) => {
  if (told.start) start(told.start);
  if ("play" in told) {
    [playing, order, clock] = [told.play, told.order, performance.now()];
    stale = true;
  }
  if (told.step && !ahead()) step();
  if (told.gates) {
    lanes.forEach((lane, i) => {
      lane.byHand = told.gates[i];
    });
    stale = true;
  }
  if (told.seen) seen = true;
  wake();
};
