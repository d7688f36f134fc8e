// Who answers questions about a network: a worker of this page, or PyTorch in a kernel. Both are { ask, close, kernel },
// where `ask(question)` promises the answer.

import { spawn } from "../lib/spawn.js";

export function workerBackend(workerSource, onProgress) {
  const worker = spawn(workerSource);
  const { ask, hear, fail } = questions((question) => worker.postMessage(question));
  worker.addEventListener("message", ({ data }) => ("progress" in data ? onProgress(data.progress) : hear(data)));
  worker.addEventListener("error", () => fail("its worker did not start"));
  return { ask, kernel: false, close: () => worker.terminate() };
}

export function kernelBackend(model) {
  const { ask, hear } = questions((question) => model.send(question));
  model.on("msg:custom", hear);
  return { ask, kernel: true, close: () => model.off("msg:custom", hear) };
}

function questions(send) {
  const waiting = new Map();
  // Two views of one widget hear each other's answers.
  const own = Math.random().toString(36).slice(2);
  let asked = 0;
  const settle = (id, how, value) => {
    waiting.get(id)?.[how](value);
    waiting.delete(id);
  };
  return {
    ask: (question) =>
      new Promise((resolve, reject) => {
        asked += 1;
        const id = `${own}-${asked}`;
        waiting.set(id, { resolve, reject });
        send({ ...question, id });
      }),
    hear({ id, answer, failed }) {
      if (failed === undefined) settle(id, "resolve", answer);
      else settle(id, "reject", new Error(failed));
    },
    fail(message) {
      for (const id of [...waiting.keys()]) settle(id, "reject", new Error(message));
    },
  };
}
