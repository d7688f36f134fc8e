"""Gates for other people's networks: they stay what they are, and are gated as their blocks are written out by hand."""

import copy
import functools
import io
import pickle
import subprocess
import sys
import threading
import warnings

import pytest
import timm
import torch
import torchvision
from support.foreign_networks import CLASSES, NETWORKS, build, by_hand, images
from support.processes import in_processes
from torch import nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

import sgutils as sg
from sgutils import distributed

# Those of which no layer can take p: two branches in a row, or a branch whose end looks at what it multiplies, or a
# convolution that undoes the factor.
KEEPING = {
    name for name in NETWORKS if any(word in name for word in ("vit", "deit", "swin", "se resnet", "standardised"))
}


def gated(name):
    """The gated network, and the plain one as it was."""
    model = build(name)
    plain = copy.deepcopy(model)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The model's own stochastic depth")
        return sg.gated(model), plain


def some_gates(count):
    """Gates that run, skip and weigh, and one above 1, as scaling in training asks for."""
    return ([0.0, 1.0, 0.4, 1.3, 0.0, 0.7] * count)[:count]


@pytest.mark.parametrize("name", NETWORKS)
@torch.no_grad()
def test_with_gates_1_it_is_the_model_to_the_bit(name):
    net, plain = gated(name)
    x = images()
    expected = plain(x)
    assert net.num_blocks == NETWORKS[name][1] and isinstance(net, sg.GatedNetwork)
    for logits in (net(x), net(x, [1] * net.num_blocks), net(x, torch.ones(net.num_blocks)), net.model(x)):
        assert torch.equal(logits, expected)
    assert list(net.model.state_dict()) == list(plain.state_dict())
    plain.load_state_dict(net.model.state_dict())


@pytest.mark.parametrize("name", NETWORKS)
@torch.no_grad()
def test_with_any_gates_it_is_its_blocks_written_out_by_hand(name):
    net, plain = gated(name)
    x, L = images(), net.num_blocks
    p = sg.linear_decay(L, 0.3)
    for gates in (some_gates(L), p.tolist(), [0.0] * L, sg.sample_gates(p, torch.Generator().manual_seed(1)).tolist()):
        expected = by_hand(plain, net.block_names, gates)(x)
        torch.testing.assert_close(net(x, gates), expected)
        assert not torch.allclose(expected, plain(x))
        torch.testing.assert_close(net(x, torch.tensor(gates)), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", NETWORKS)
def test_gradients_are_those_of_the_blocks_written_out_by_hand(name):
    net, plain = gated(name)
    x, gates = images(4), some_gates(net.num_blocks)
    reference = by_hand(plain, net.block_names, gates).train()
    for function in (lambda: net.train()(x, gates), lambda: reference(x)):
        torch.manual_seed(0)  # for dropout
        function().square().sum().backward()
    for (key, ours), theirs in zip(net.model.named_parameters(), reference.parameters(), strict=True):
        if theirs.grad is None or ours.grad is None:
            assert not any(grad is not None and grad.any() for grad in (ours.grad, theirs.grad)), key
        else:
            torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("name", NETWORKS)
@torch.no_grad()
def test_at_gate_0_only_the_shortcut_runs(name):
    net, _ = gated(name)
    ran = []
    layers = (nn.Conv2d, nn.Linear, nn.BatchNorm2d, nn.LayerNorm, nn.MultiheadAttention)
    for key, module in net.model.named_modules():
        if isinstance(module, layers):
            module.register_forward_hook(lambda *_, key=key: ran.append(key))
    within = lambda key: next((block for block in net.block_names if key.startswith(block + ".")), None)
    net(images())
    everything = list(ran)
    ran.clear()
    net(images(), [0.0] * net.num_blocks)
    shortcut = {key for key in ran if within(key)}
    assert all(".downsample." in key or key.endswith(".norm1") for key in shortcut), shortcut
    assert [key for key in ran if not within(key)] == [key for key in everything if not within(key)]
    for index, block in enumerate(net.block_names):
        ran.clear()
        net(images(), [0.0 if other != index else 0.5 for other in range(net.num_blocks)])
        own = lambda keys, block=block: [key for key in keys if within(key) == block]
        assert own(ran) == own(everything) and set(ran) - shortcut - set(own(ran)) == {
            key for key in everything if not within(key)
        }


@pytest.mark.parametrize("name", NETWORKS)
@torch.no_grad()
def test_folding_gives_an_ordinary_network_of_the_same_class(name):
    net, plain = gated(name)
    x, before = images(), copy.deepcopy(net.state_dict())
    p = sg.linear_decay(net.num_blocks, 0.2)
    folded = net.fold(p)
    torch.testing.assert_close(folded(x), net(x, p), rtol=1e-5, atol=1e-5)
    assert not torch.allclose(folded(x), net(x))
    assert all(torch.equal(before[key], value) for key, value in net.state_dict().items())
    assert type(folded) is type(plain)
    kept = set(folded.state_dict()) - set(plain.state_dict())
    assert len(kept) == (net.num_blocks if name in KEEPING else 0) and all(key.endswith("kept_gate") for key in kept)
    if not kept:
        plain.load_state_dict(folded.state_dict())
        assert torch.equal(plain(x), folded(x))
        assert pickle.dumps(folded).count(b"sgutils") == 0
    again = pickle.loads(pickle.dumps(folded))
    assert torch.equal(again(x), folded(x))
    whole = net.fold([1.0] * net.num_blocks)
    assert torch.equal(whole(x), net(x)) and set(whole.state_dict()) == set(plain.state_dict())


@pytest.mark.parametrize("name", NETWORKS)
@torch.no_grad()
def test_copies_and_pickles_have_gates_of_their_own(name):
    net, _ = gated(name)
    x, gates = images(), some_gates(net.num_blocks)
    expected = net(x, gates)
    file = io.BytesIO()
    torch.save(net, file)
    file.seek(0)
    for twin in (copy.deepcopy(net), pickle.loads(pickle.dumps(net)), torch.load(file, weights_only=False)):
        assert torch.equal(twin(x, gates), expected)
        for parameter in twin.parameters():
            parameter.zero_()
    assert torch.equal(net(x, gates), expected)


@pytest.mark.parametrize("name", NETWORKS)
@torch.no_grad()
def test_a_trace_takes_gates_as_an_input(name):
    net, _ = gated(name)
    x, L = images(), net.num_blocks
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", torch.jit.TracerWarning)
        traced = torch.jit.trace(net, (x, torch.ones(L, dtype=torch.float64)), check_trace=False)
    for gates in (some_gates(L), [1.0] * L, [0.0] * L):
        torch.testing.assert_close(traced(x, torch.tensor(gates, dtype=torch.float64)), net(x, gates))


@pytest.mark.parametrize("name", NETWORKS)
@torch.no_grad()
def test_features_are_what_the_last_layer_sees(name):
    net, _ = gated(name)
    x, gates = images(), some_gates(net.num_blocks)
    features = net.features(x, gates)
    last = [m for m in net.modules() if isinstance(m, (nn.Linear, nn.Conv2d)) and CLASSES in m.weight.shape[:1]][-1]
    assert features.ndim == 2 and len(features) == len(x)
    logits = features @ last.weight.flatten(1).T + last.bias
    if "deit" not in name:  # whose logits are the mean of two heads
        torch.testing.assert_close(logits, net(x, gates))


@pytest.mark.parametrize("name", NETWORKS)
def test_self_guidance_trains_it_in_a_plain_loop_and_only_the_teacher_moves_statistics(name):
    net, _ = gated(name)
    method = sg.SelfGuidance(net.float(), lam=0.25, tau=3.0).train()
    x, y = images(6).float(), torch.arange(6) % CLASSES
    optimizer = torch.optim.SGD(method.parameters(), lr=1e-3)
    norms = [module for module in net.modules() if isinstance(module, nn.BatchNorm2d)]
    before = [norm.num_batches_tracked.item() for norm in norms]
    weights = copy.deepcopy(net.state_dict())
    for _ in range(2):
        optimizer.zero_grad()
        total = method(x, y)["total"]
        total.backward()
        assert total.isfinite()
        optimizer.step()
    assert [norm.num_batches_tracked.item() - number for norm, number in zip(norms, before, strict=True)] == [2] * len(
        norms
    )
    assert any(not torch.equal(weights[key], value) for key, value in net.named_parameters())
    method.eval()
    torch.testing.assert_close(method.deployed_network()(x), method.predict(x), rtol=1e-3, atol=1e-3)


class Encoder(nn.Module):
    """Somebody's own network: same-shape layers in a list, and a branch whose end has a name."""

    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList(nn.Sequential(nn.Linear(6, 6), nn.Tanh()) for _ in range(3))
        self.up = nn.Linear(6, 12)
        self.down = nn.Sequential(nn.Linear(12, 6), nn.Dropout(0.0))
        self.head = nn.Linear(6, CLASSES)

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return self.head(x + self.down(self.up(x).tanh()))


def encoder():
    torch.manual_seed(0)
    return Encoder().double().eval(), torch.randn(4, 6, dtype=torch.float64)


@torch.no_grad()
def test_blocks_by_glob_are_the_input_and_a_part_of_what_they_add():
    model, x = encoder()
    plain = copy.deepcopy(model)
    net = sg.gated(model, blocks="layers.*")
    assert net.block_names == ("layers.0", "layers.1", "layers.2")
    h = x
    for layer, gate in zip(plain.layers, (0.3, 0.0, 1.0), strict=True):
        h = h + gate * (layer(h) - h)
    expected = plain.head(h + plain.down(plain.up(h).tanh()))
    torch.testing.assert_close(net(x, [0.3, 0, 1]), expected)
    torch.testing.assert_close(net.fold([0.3, 0, 1])(x), expected)
    ran = []
    net.model.layers[1].register_forward_hook(lambda *_: ran.append(1))
    net.model.layers[1][0].register_forward_hook(lambda *_: ran.append(1))
    net(x, [0.3, 0, 1])
    assert len(ran) == 1, "the layer itself is called, and computes nothing"


@torch.no_grad()
def test_ends_of_branches_by_glob_are_multiplied_and_folded_where_they_are_linear():
    model, x = encoder()
    plain = copy.deepcopy(model)
    with pytest.warns(UserWarning, match=r"\(1\) are only multiplied, and a gate of 0 saves no time"):
        net = sg.gated(model, branches="down")
    h = plain.layers[2](plain.layers[1](plain.layers[0](x)))
    torch.testing.assert_close(net(x, [0.3]), plain.head(h + 0.3 * plain.down(plain.up(h).tanh())))
    assert torch.equal(net(x), plain(x))
    folded = net.fold([0.3])
    torch.testing.assert_close(folded(x), net(x, [0.3]))
    assert set(folded.state_dict()) == set(plain.state_dict())


@torch.no_grad()
def test_branches_of_a_resnet_by_glob_are_its_blocks():
    net, plain = gated("torchvision resnet")
    with pytest.warns(UserWarning, match="only multiplied"):
        by_glob = sg.gated(plain, branches=["layer*.*.bn2"])
    gates = some_gates(5)
    torch.testing.assert_close(by_glob(images(), gates), net(images(), gates))
    torch.testing.assert_close(by_glob.fold(sg.linear_decay(5))(images()), net(images(), sg.linear_decay(5)))


@torch.no_grad()
def test_a_block_by_glob_that_ends_in_an_activation_keeps_its_gate():
    model = build("torchvision resnet")
    plain = copy.deepcopy(model)
    net = sg.gated(model, blocks="layer1.1")
    folded = net.fold([0.4])
    torch.testing.assert_close(folded(images()), net(images(), [0.4]))
    assert set(folded.state_dict()) - set(plain.state_dict()) == {"layer1.1.kept_gate"}


@torch.no_grad()
def test_weights_that_are_used_elsewhere_too_take_no_factor():
    model, x = encoder()
    model.layers[2][0].weight = model.down[0].weight = nn.Parameter(torch.randn(6, 6, dtype=torch.float64))
    model.up = nn.Linear(6, 6).double()
    with pytest.warns(UserWarning, match="only multiplied"):
        net = sg.gated(model, branches="down")
    folded = net.fold([0.3])
    torch.testing.assert_close(folded(x), net(x, [0.3]))
    assert "down.kept_gate" in folded.state_dict()


def test_a_layer_whose_weight_is_computed_takes_no_factor():
    model, x = encoder()
    nn.utils.parametrizations.weight_norm(model.down[0])
    with pytest.warns(UserWarning, match="only multiplied"):
        net = sg.gated(model, branches="down")
    torch.testing.assert_close(net.fold([0.3])(x), net(x, [0.3]))


@pytest.mark.parametrize(
    ("model", "rate"),
    [
        (lambda: torchvision.models.efficientnet_b0(), "0.1875"),
        (lambda: timm.create_model("resnet10t", drop_path_rate=0.1), "0.1"),
    ],
)
def test_the_models_own_stochastic_depth_is_switched_off_and_that_is_said_once(model, rate):
    model = model()
    with pytest.warns(UserWarning, match=rf"rates up to {rate}\) is switched off") as said:
        net = sg.gated(model).train()
    assert len(said) == 1
    drop = [m for m in net.modules() if type(m).__name__ in ("StochasticDepth", "DropPath")]
    x = torch.randn(2, 8, 4, 4)
    assert drop and all(torch.equal(module.train()(x), x) for module in drop)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sg.gated(timm.create_model("resnet10t"))


@torch.no_grad()
def test_several_threads_may_ask_one_network_for_several_students():
    net, _ = gated("timm vit")
    x = images()
    vectors = [[1.0, 0.0, 0.5], [0.0, 1.0, 1.0], [1.0, 1.0, 0.0], [0.3, 0.3, 0.3]]
    expected = [net(x, gates) for gates in vectors]
    same = []

    @torch.no_grad()
    def ask(gates, answer):
        same.append(all(torch.equal(net(x, gates), answer) for _ in range(20)))

    threads = [threading.Thread(target=ask, args=pair) for pair in zip(vectors, expected, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert same == [True] * 4


def test_an_error_within_leaves_the_plain_model_plain():
    model, x = encoder()
    net = sg.gated(model, blocks="layers.*")
    with pytest.raises(RuntimeError):
        net(x[:, :3], [0.5, 0.5, 0.5])
    assert torch.equal(net.model(x), net(x))


def test_activation_checkpointing_is_refused_where_gates_would_be_lost():
    net, _ = gated("timm vit")
    net.model.set_grad_checkpointing(True)
    logits = net.train()(images(), [1.0, 0.5, 1.0])
    with pytest.raises(sg.InputError, match=r"Activation checkpointing.*switch it off"):
        logits.sum().backward()
    # Around the gated network as a whole it is as good as anywhere: the gates are an argument.
    net.model.set_grad_checkpointing(False)
    x = images().requires_grad_()
    checkpoint(net, x, [1.0, 0.5, 1.0], use_reentrant=False).sum().backward()
    whole = x.grad.clone()
    x.grad = None
    net(x, [1.0, 0.5, 1.0]).sum().backward()
    torch.testing.assert_close(x.grad, whole)


def gradients_of_a_share(name):
    """The gradients of one step of one process of two, each with half of the images."""
    distributed.setup()
    net, _ = gated(name)
    method = sg.SelfGuidance(net, seed=1).train()
    x, y = (batch[distributed.rank() :: 2] for batch in (images(4), torch.arange(4)))
    wrapped = nn.parallel.DistributedDataParallel(method)
    wrapped(x, y)["total"].backward()
    return {key: parameter.grad for key, parameter in method.named_parameters()}


@pytest.mark.parametrize("name", ["torchvision resnet", "timm vit"])
def test_two_processes_share_a_step(name, tmp_path):
    one, other = in_processes(2, gradients_of_a_share, name, out=tmp_path / "out")
    net, _ = gated(name)
    method, x, y = sg.SelfGuidance(net, seed=1).train(), images(4), torch.arange(4)
    # Batch norm is of a process's own images, so both halves are computed apart; the same student serves both.
    state = method.students.get_extra_state()
    for rank in (0, 1):
        method.students.set_extra_state(state)
        (method(x[rank::2], y[rank::2])["total"] / 2).backward()
    for key, parameter in method.named_parameters():
        assert torch.equal(one[key], other[key])
        torch.testing.assert_close(one[key], parameter.grad)


def test_neither_timm_nor_torchvision_is_imported_unless_the_model_comes_from_it():
    code = (
        "import sys, sgutils as sg; from torch import nn\n"
        "net = sg.gated(nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2)), blocks='0')\n"
        "net.fold([0.5])\n"
        "print([name for name in ('timm', 'torchvision') if name in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.strip() == "[]"


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda: sg.gated(torchvision.models.vgg11()),
            r"VGG has no residual block that is known: looked for were those of torchvision \(.*Bottleneck.*\) and timm "
            r"\(.*Block.*\). Name yours with blocks= or branches=",
        ),
        (lambda: sg.gated("resnet18"), "torch module, not str"),
        (lambda: sg.gated(sg.resnet20()), "ResNet has gates already"),
        (lambda: sg.gated(sg.gated(encoder()[0], blocks="layers.*").model, blocks="head"), "Encoder has gates already"),
        (lambda: sg.gated(encoder()[0], blocks="layer.*"), "blocks='layer.*' matches no module of Encoder"),
        (lambda: sg.gated(encoder()[0], blocks=["layers", "layers.*.0"]), "layers.0.0 lies within layers"),
        (
            lambda: sg.gated(encoder()[0], blocks="up")(encoder()[1], [0.5]),
            r"up changes the shape from \(4, 6\) to \(4, 12\).*branches=",
        ),
        (lambda: sg.gated(encoder()[0], blocks="layers.*")(encoder()[1], [1, 1]), "gates must be 3 numbers.*not 2"),
        (lambda: sg.gated(encoder()[0], blocks="layers.*").fold([0.5]), "p must be 3 survival probabilities"),
        (
            lambda: sg.gated(nn.Sequential(nn.Conv2d(1, 1, 3, padding=1)), blocks="0").features(torch.ones(1, 1, 4, 4)),
            "no linear",
        ),
        (lambda: sg.gated(nn.Sequential(torch.jit.script(nn.Linear(2, 2))), blocks="0"), "0 is a compiled module"),
        (
            lambda: sg.gated(nn.Sequential(nn.LSTM(2, 2)), blocks="0")(torch.ones(1, 2), [0.5]),
            "0 must take a tensor and give one",
        ),
    ],
)
def test_bad_input_is_one_sentence(call, words):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of torch.jit
        with pytest.raises(sg.InputError, match=words) as caught:
            call()
    assert "\n" not in str(caught.value)


class AddsInPlace(nn.Module):
    def __init__(self):
        super().__init__()
        self.branch = nn.Conv2d(4, 4, 3, padding=1)

    def forward(self, h):
        h += self.branch(h)
        return torch.relu_(h)


class Keeps(AddsInPlace):
    def forward(self, h):
        return torch.relu(h + self.branch(h))


def of_blocks(kind):
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 4, 3), kind(), kind(), nn.Flatten(), nn.Linear(144, 5))


def test_a_block_that_writes_into_its_input_is_refused_where_its_gate_would_do_nothing():
    net, x = sg.gated(of_blocks(AddsInPlace), blocks=["1", "2"]), torch.randn(2, 3, 8, 8)
    with pytest.raises(sg.InputError, match="1 changes its input in place"):
        net(x, [0.5, 0.5])
    with torch.inference_mode():  # which counts no changes, and so keeps a copy
        expected = sg.gated(of_blocks(Keeps), blocks=["1", "2"])(x, [0.5, 0.5])
        assert torch.equal(net(x, [0.5, 0.5]), expected)


class Identity(nn.Module):
    def forward(self, h):
        return torch.sigmoid(h)


@pytest.mark.parametrize("end", ["a hook", "a class that is named as one of torch's"])
@torch.no_grad()
def test_what_else_happens_at_the_end_of_a_branch_happens_in_the_folded_network_too(end):
    torch.manual_seed(0)
    branch = nn.Sequential(nn.Conv2d(4, 4, 3, padding=1), nn.BatchNorm2d(4))
    if end == "a hook":
        branch[1].register_forward_hook(lambda module, args, output: torch.tanh(output))
    else:
        branch.append(Identity())
    model = nn.Sequential(nn.Conv2d(3, 4, 3), branch, nn.Flatten(), nn.Linear(144, 5)).eval()
    with pytest.warns(UserWarning, match="only multiplied"):
        net = sg.gated(model, branches=["1"])
    x = torch.randn(2, 3, 8, 8)
    torch.testing.assert_close(net.fold([0.5])(x), net(x, [0.5]))


@pytest.mark.parametrize(
    ("blocks", "words"), [(5, "must be names of modules"), ([5], "must be names"), ([], "nothing to gate")]
)
def test_names_of_blocks_that_are_none_are_one_sentence(blocks, words):
    with pytest.raises(sg.InputError, match=words):
        sg.gated(of_blocks(Keeps), blocks=blocks)


class Chain(nn.Module):
    """Two blocks; what the network then does with what they give is up to ``use``."""

    def __init__(self, use=lambda block, h: block(h)):
        super().__init__()
        self.blocks = nn.ModuleList(nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4)) for _ in range(2))
        self.use = use

    def forward(self, h):
        for block in self.blocks:
            h = self.use(block, h)
        return h


def _set_by_hand(net):
    for block in net.blocks:
        block.forward = functools.partial(nn.Sequential.forward, block)


DEAF = {
    "forward is set on the instance": (Chain(), _set_by_hand, "blocks"),
    "the end is called as .forward()": (Chain(lambda block, h: h + block[1].forward(block[0](h))), None, "branches"),
    "only the end's parameters are used": (Chain(lambda block, h: h + block[0](h) * block[1].weight), None, "branches"),
    "a block is not run": (Chain(lambda block, h: h), None, "blocks"),
}


@pytest.mark.filterwarnings("ignore:Branches named by branches=")
@pytest.mark.parametrize("kind", DEAF)
def test_a_gate_that_nothing_asks_for_is_refused(kind):
    """It would do nothing: the student would be the whole network."""
    net, prepare, named = DEAF[kind]
    if prepare:
        prepare(net)
    made = sg.gated(net, **{named: "blocks.*" if named == "blocks" else "blocks.*.1"})
    with pytest.raises(sg.InputError, match=r"blocks.0(.1)?, blocks.1(.1)? of Chain never asked for a gate"):
        made(torch.randn(3, 4), [0.0, 1.0])


def test_what_a_network_writes_into_a_skipped_block_s_output_stays_out_of_its_input():
    def use(block, h):
        before = h
        return torch.relu_(block(h)) + before

    torch.manual_seed(0)
    net, x = Chain(use).eval(), torch.randn(5, 4)
    made = sg.gated(net, blocks="blocks.*")
    torch.testing.assert_close(made(x.clone(), [0.0, 0.0]), made(x, [1e-7, 1e-7]))


class OfLayers(nn.Module):
    """Residual layers, which ``call`` runs in its own way."""

    def __init__(self, layers, call=lambda layer, h: layer(h)):
        super().__init__()
        self.layers, self.call, self.head = nn.ModuleList(layers), call, nn.Linear(8, 4)

    def forward(self, x):
        for layer in self.layers:
            x = self.call(layer, x)
        return self.head(x.flatten(2).mean(2) if x.ndim > 2 else x)


class InTuple(nn.Linear):
    def forward(self, h):
        return (h + super().forward(h),)


class Conditioned(nn.Linear):
    def forward(self, h, cond):
        return h + super().forward(h) * cond


@pytest.mark.parametrize("first", [None, [1.0, 0.0], [0.0, 0.0]])
def test_a_block_that_gives_something_else_than_it_takes_is_refused_before_it_is_skipped(first):
    tuples = OfLayers([InTuple(8, 8) for _ in range(2)], lambda layer, h: layer(h)[0])
    strided = OfLayers([nn.Conv2d(8, 8, 3, stride=2, padding=1) for _ in range(2)])
    with pytest.raises(sg.InputError, match="layers.0 must take a tensor and give one to be gated, not tuple"):
        sg.gated(tuples, blocks="layers.*")(torch.zeros(5, 8), first)
    with pytest.raises(sg.InputError, match=r"layers.0 changes the shape from \(5, 8, 8, 8\) to \(5, 8, 4, 4\)"):
        sg.gated(strided, blocks="layers.*")(torch.zeros(5, 8, 8, 8), first)


def test_what_goes_past_a_block_is_its_first_argument_however_it_is_passed():
    torch.manual_seed(0)
    net = sg.gated(
        OfLayers([Conditioned(8, 8)], lambda layer, h: layer(cond=torch.ones_like(h), h=h)), blocks="layers.*"
    )
    x = torch.randn(3, 8)
    assert torch.equal(net(x, [0.0]), net.model.head(x))
    assert torch.allclose(
        net(x, [0.5]), net.model.head(x + 0.5 * F.linear(x, *net.model.layers[0].parameters())), atol=1e-6
    )


def test_to_try_a_block_moves_nothing():
    torch.manual_seed(0)
    layers = [nn.Sequential(nn.BatchNorm1d(8), nn.Dropout(0.5)) for _ in range(2)]
    net, before = sg.gated(OfLayers(layers), blocks="layers.*").train(), torch.get_rng_state()
    net(torch.randn(4, 8, generator=torch.Generator().manual_seed(1)), [0.0, 0.0])
    assert torch.equal(torch.get_rng_state(), before) and net.training
    assert all(layer[0].num_batches_tracked == 0 for layer in layers)


def test_blocks_that_run_in_another_order_than_they_are_held_are_named():
    def backwards(layer, h):
        return next(
            other for other in reversed(layers) if h is not None and other not in ran and not ran.append(other)
        )(h)

    ran, layers = [], [nn.Linear(8, 8) for _ in range(3)]
    net = sg.gated(OfLayers(layers, backwards), blocks="layers.*")
    with pytest.warns(UserWarning, match="layers.2, layers.1, layers.0 run first. Give p in the order of block_names"):
        net(torch.zeros(2, 8))


def test_a_model_that_cannot_be_gated_stays_as_it_was():
    model = OfLayers([nn.Linear(8, 8), torch.jit.script(nn.Linear(8, 8))])
    with pytest.raises(sg.InputError, match="layers.1 is a compiled module"):
        sg.gated(model, blocks="layers.*")
    assert sg.gated(model, blocks="layers.0").num_blocks == 1


class Standardised(nn.Conv2d):
    def _conv_forward(self, x, weight, bias):
        return super()._conv_forward(x, (weight - weight.mean()) / weight.std(), bias)


@pytest.mark.filterwarnings("ignore:Branches named by branches=")
@pytest.mark.parametrize("how", ["its class computes the convolution otherwise", "its forward is set by hand"])
def test_a_convolution_that_undoes_a_factor_keeps_its_gate(how):
    torch.manual_seed(0)
    conv = (Standardised if "class" in how else nn.Conv2d)(8, 8, 3, padding=1)
    if "hand" in how:
        conv.forward = lambda x: F.conv2d(x, conv.weight / conv.weight.norm(), conv.bias, padding=1)
    net = sg.gated(OfLayers([conv], lambda layer, h: h + layer(h)), branches="layers.0").eval()
    x = torch.randn(2, 8, 6, 6)
    assert torch.allclose(net.fold([0.5])(x), net(x, [0.5]), atol=1e-6)
