"""Twenty steps of training by PyTorch, and the same by an engine of the page, from the same weights, batches and gates."""

import copy
import json

import numpy as np
import torch

from sgutils.methods import METHODS
from sgutils.widgets.trainer.make_engine import describe

BATCH = 12

# Twenty steps with an engine, told as one object: { losses of each step, gradient and state after the last }.
# As text both ways: the browser tool would take a hundred thousand numbers apart one by one.
STEPS = """async (given) => {
  const [make, network, side, state, batches, settings] = JSON.parse(given);
  const engine = await M[make](network, { side, batch: batches[0].y.length });
  for (const kind of ["parameters", "statistics"]) {
    const values = await engine.read(kind);
    for (const tensor of engine.layout.tensors) if (tensor.kind === kind) values.set(state[tensor.name].flat(9), tensor.offset);
    await engine.write(kind, values);
  }
  const losses = [];
  for (const { x, y, student, teacher } of batches) {
    losses.push(await engine.step({ ...settings, x: Float32Array.from(x), y: Uint8Array.from(y), student, teacher }));
  }
  const named = {};
  for (const kind of ["parameters", "statistics", "gradient"]) {
    const values = await engine.read(kind);
    for (const tensor of engine.layout.tensors) {
      if (tensor.kind !== (kind === "gradient" ? "parameters" : kind)) continue;
      named[`${kind === "gradient" ? "gradient " : ""}${tensor.name}`] = [...values.subarray(tensor.offset, tensor.offset + tensor.length)];
    }
  }
  const { x, teacher } = batches[0];
  const { logits, features } = await engine.run(Float32Array.from(x), x.length / side ** 2 / network.stem.in, teacher);
  engine.close();
  return JSON.stringify({ losses, named, logits: [...logits], features: [...features] });
}"""


def batches(net, side, steps, gates, p):
    """Batches as both sides get them; the student's gates go round ``gates``."""
    random = np.random.default_rng(0)
    channels = net.stem[0].in_channels
    classes = net.classifier.out_features
    return [
        {
            "x": random.standard_normal(BATCH * channels * side * side).astype(np.float32).tolist(),
            "y": random.integers(0, classes, BATCH).tolist(),
            "student": gates[step % len(gates)],
            "teacher": p,
        }
        for step in range(steps)
    ]


def images(batch, net, side):
    """Images of a batch, which holds them with their channels last."""
    return (
        torch.tensor(batch["x"], dtype=torch.float64)
        .view(BATCH, side, side, net.stem[0].in_channels)
        .permute(0, 3, 1, 2)
    )


def by_torch(net, side, given, settings):
    """What `STEPS` tells, from a method of `sgutils` and ``torch.optim.SGD``.

    In double precision: where a ReLU's input is nearly 0, one of two single-precision runs may take the other side, and
    from there on they part, whoever computes them.
    """
    net = copy.deepcopy(net).double()
    options = {"lam": settings["lam"], "tau": settings["tau"], "bn_statistics": settings["statistics"]}
    name = settings["method"]
    if name == "without-backward-full":
        name, options = "self-guidance", options | {"backward_full": False}
    method = METHODS[name](net, **(options if name == "self-guidance" else {}))
    optimizer = torch.optim.SGD(
        net.parameters(),
        lr=settings["lr"],
        momentum=settings["momentum"],
        nesterov=settings["nesterov"],
        weight_decay=settings["weightDecay"],
    )
    for parameter in net.parameters():
        parameter.grad = torch.zeros_like(parameter)  # as the trainer does: weight decay reaches skipped blocks too
    net.train()
    losses = []
    for batch in given:
        if name != "baseline":
            method.students.p = torch.tensor(batch["teacher"])
            method.students.forward = lambda batch=batch: torch.tensor(batch["student"])
        optimizer.zero_grad(set_to_none=False)
        said = method(images(batch, net, side), torch.tensor(batch["y"]))
        said["total"].backward()
        optimizer.step()
        losses.append({key: value.item() for key, value in said.items()})
    named = {name: value for name, value in net.state_dict().items() if not name.endswith("num_batches_tracked")}
    named |= {f"gradient {name}": parameter.grad for name, parameter in net.named_parameters()}
    net.eval()
    with torch.no_grad():
        x = images(given[0], net, side)
        logits, features = net(x, given[0]["teacher"]), net.features(x, given[0]["teacher"])
    return {"losses": losses, "named": named, "logits": logits, "features": features}


def by_engine(mathematics, make, net, side, given, settings):
    """The same from the page; ``make`` names what builds the engine."""
    state = {name: value.tolist() for name, value in net.state_dict().items()}
    return json.loads(mathematics.evaluate(STEPS, json.dumps([make, describe(net), side, state, given, settings])))


def apart(ours, theirs):
    """The distance of two arrays, relative to the second."""
    ours, theirs = (np.asarray(values, dtype=np.float64).ravel() for values in (ours, theirs))
    return float(np.linalg.norm(ours - theirs) / max(np.linalg.norm(theirs), 1e-6))


LOSSES = {
    "total": "total",
    "ce_student": "ceStudent",
    "ce_teacher": "ceTeacher",
    "distill": "distill",
    "student_error": "studentError",
}


def farthest(page, torch_side):
    """The largest relative distance of anything told, with its name."""
    found = {}
    for key, name in LOSSES.items():
        if key in torch_side["losses"][0]:
            theirs = [step[key] for step in torch_side["losses"]]
            found[key] = apart([step[name] for step in page["losses"]], theirs)
    for key, theirs in torch_side["named"].items():
        found[key] = apart(page["named"][key], theirs)
    for key in ("logits", "features"):
        found[key] = apart(page[key], torch_side[key])
    worst = max(found, key=found.get)
    return found[worst], worst
