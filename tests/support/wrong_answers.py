"""Answers to the exercises of the chapters as people who learn would write them, each with words of the hint that it must get."""

import copy
import textwrap

import torch.nn.functional as F
from scipy.stats import false_discovery_control
from torch import nn

from sgutils.exercises.chapters import solutions

from .mutated import mutated


def of(name, *changes):
    """The solution with some of its text exchanged: a mistake as a reader would write it."""
    return mutated(getattr(solutions, name), *changes)


def written(code):
    scope = dict(vars(solutions))
    exec(textwrap.dedent(code), scope)
    return scope["answer"]


class Weighed(nn.Module):
    def __init__(self, branch, p):
        super().__init__()
        self.branch, self.p = branch, p

    def forward(self, h):
        return self.p * self.branch(h)


def hooked(branch, p):
    branch.register_forward_hook(lambda module, inputs, output: p * output)
    return branch


KL = 'F.kl_div(log_student, teacher, reduction="batchmean")'
IN_LOOP = 'kl = F.kl_div(log_student, teacher, reduction="batchmean")'
TERM = "student / len(student_logits)"
OTHERS = "(soft.sum(dim=0) - own) / (len(logits) - 1)"
LABEL = "F.cross_entropy(z, y) + tau**2 * kl"
POOLED = "squares / freedom"
QUANTILE = "t.ppf(0.975, freedom)"
BOTH = "(1 / len(a) + 1 / len(b))"
BACKWARD = "        (loss * len(part) / len(x)).backward()\n"
GAP = "error(test) - error(train)"
WRONG_IMAGES = "100 * wrong / sum(len(y) for _, y in batches)"
RATIOS = "return median(seconds(old) / seconds(new) for _ in range(rounds))"
ROUNDS = "old, new = zip(*[(seconds(old), seconds(new)) for _ in range(rounds)])\n    return "
BLOCKS = "old, new = ([seconds(step) for _ in range(rounds)] for step in (old, new))\n    return "
BOUNDS = "return middle - half, middle + half"

WRONG = {
    "open_paths": [
        (of("open_paths", ("comb(sum(gates), count)", "comb(len(gates), count)")), "whole network"),
        (of("open_paths", ("comb(sum(gates), count)", "comb(len(gates), count) / 2 ** gates.count(0)")), "not those of each length"),
        (of("open_paths", ("range(len(gates) + 1)", "range(sum(gates) + 1)")), "count 0: return L + 1"),
        (of("open_paths", ("range(len(gates) + 1)", "range(1, len(gates) + 1)")), "begin to count at 0"),
        (of("open_paths", ("comb(sum(gates)", "comb(gates.count(0)")), "gates that are 0"),
        (of("open_paths", ("range(len(gates) + 1)", "range(len(gates), -1, -1)")), "begins with the longest"),
        (lambda gates: 2 ** sum(gates), "one by one"),
        (of("open_paths", ("comb(sum(gates), count)", "(count <= sum(gates))")), "L over k ways"),
    ],
    "fold": [
        (of("fold", ("        folded[-1].weight *= p\n        folded[-1].bias *= p", "        pass")), "as it was"),
        (of("fold", ("        folded[-1].bias *= p\n", "")), "shift is missing"),
        (of("fold", ("        folded[-1].weight *= p\n", "")), "scale is missing"),
        (of("fold", ("        folded[-1].weight *= p", "        folded[-1].weight *= p\n        folded[1].weight *= p\n        folded[1].bias *= p")), "Both batch norms"),
        (of("fold", ("folded[-1].weight", "folded[1].weight"), ("folded[-1].bias", "folded[1].bias")), "before the last batch norm"),
        (of("fold", ("folded[-1].weight", "folded[-2].weight"), ("        folded[-1].bias *= p\n", "")), "before the last batch norm"),
        (of("fold", ("folded[-1].weight", "folded[-1].running_mean"), ("folded[-1].bias", "folded[-1].running_var")), "running statistics"),
        (of("fold", ("weight *= p", "weight /= p"), ("bias *= p", "bias /= p")), "the other convention"),
        (written("""
            def answer(branch, p):
                folded = copy.deepcopy(branch)
                with torch.no_grad():
                    for parameter in folded.parameters():
                        parameter *= p
                return folded
         """), "Every weight is scaled"),
        (of("fold", ("copy.deepcopy(branch)", "branch")), "deepcopy"),
        (lambda branch, p: p, "A branch is expected"),
        (lambda branch, p: Weighed(copy.deepcopy(branch), p), "has a gate still"),
        (lambda branch, p: hooked(copy.deepcopy(branch), p), "has a gate still"),
    ],
    "distillation_loss": [
        (of("distillation_loss", (" * tau**2", "")), "tau squared is missing"),
        (of("distillation_loss", ("tau**2", "tau")), "One factor tau"),
        (of("distillation_loss", ("lam * tau**2", "tau**2")), "lambda is missing"),
        (of("distillation_loss", ("F.cross_entropy(student_logits, y) + ", "")), "cross-entropy is missing"),
        (of("distillation_loss", ("F.cross_entropy(student_logits", "(1 - lam) * F.cross_entropy(student_logits")), "full weight"),
        (of("distillation_loss", ("F.cross_entropy(student_logits", "F.cross_entropy(student_logits / tau")), "at temperature 1: only"),
        (of("distillation_loss", ("student_logits / tau", "student_logits"), ("detach() / tau", "detach()")), "divide both logits"),
        (of("distillation_loss", (KL, 'F.kl_div(teacher.log(), log_student.exp(), reduction="batchmean")')), "exchanged"),
        (of("distillation_loss", ("batchmean", "mean")), "sums over the classes"),
        (of("distillation_loss", ("batchmean", "sum")), "mean over the mini-batch"),
        (of("distillation_loss", ("F.log_softmax(student_logits", "F.softmax(student_logits")), "log-probabilities"),
        (of("distillation_loss", ("F.log_softmax(student_logits / tau, dim=1)", "F.softmax(student_logits / tau, dim=1).log()")), "very sure"),
        (of("distillation_loss", (".detach()", "")), "pulls on the teacher"),
        (lambda *given: solutions.distillation_loss(*given).item(), "no gradient comes from it"),
        (of("distillation_loss", ("student_logits / tau", "student_logits.detach() / tau")), "does not pull on the student"),
    ],
    "peers_loss": [
        (written("""
            def answer(logits, y, tau):
                soft, loss = F.softmax(logits.detach() / tau, dim=2), 0.0
                for i, z in enumerate(logits):
                    for j, teacher in enumerate(soft):
                        if i != j:
                            kl = F.kl_div(F.log_softmax(z / tau, dim=1), teacher, reduction="batchmean")
                            loss = loss + tau**2 * kl / (len(logits) - 1)
                    loss = loss + F.cross_entropy(z, y)
                return loss
         """), "mean of the divergences"),
        (written("""
            def answer(logits, y, tau):
                soft, loss = F.softmax(logits.detach() / tau, dim=2), 0.0
                for i, z in enumerate(logits):
                    for j, teacher in enumerate(soft):
                        if i != j:
                            loss = loss + tau**2 * F.kl_div(F.log_softmax(z / tau, dim=1), teacher, reduction="batchmean")
                    loss = loss + F.cross_entropy(z, y)
                return loss
         """), "sum of the divergences"),
        (of("peers_loss", (OTHERS, "soft.mean(dim=0)")), "listens to itself"),
        (of("peers_loss", ("soft = F.softmax(logits.detach() / tau, dim=2)", "soft = logits.detach()"), (OTHERS, f"F.softmax({OTHERS} / tau, dim=1)")), "that of the logits"),
        (of("peers_loss", (OTHERS, "soft.sum(dim=0) - own")), "no distribution"),
        (of("peers_loss", ("(len(logits) - 1)", "len(logits)")), "one fewer"),
        (of("peers_loss", ("tau**2 * kl", "kl")), "tau squared is missing"),
        (of("peers_loss", ("return loss", "return loss / len(logits)")), "a sum over the peers"),
        (of("peers_loss", ("F.cross_entropy(z, y) + ", "")), "label is missing"),
        (of("peers_loss", ("log_p, others", "others.log(), log_p.exp()")), "stands first"),
        (of("peers_loss", (".detach()", "")), "teachers are pulled"),
        (of("peers_loss", ("loss = 0.0", "loss, logits = 0.0, logits.detach()")), "no gradient comes from it"),
    ],
    "students_loss": [
        (of("students_loss", (TERM, "student")), "are added up: take their mean"),
        (of("students_loss", (TERM, "student"), ("loss = F.cross_entropy(teacher_logits, y)", "loss = len(student_logits) * F.cross_entropy(teacher_logits, y)")), "once for each student"),
        (of("students_loss", ("for z in student_logits", "for z in student_logits[:1]"), (" / len(student_logits)", "")), "Only the first student"),
        (of("students_loss", ("for z in student_logits", "for z in [student_logits.mean(dim=0)]"), (" / len(student_logits)", "")), "averaged before the losses"),
        (of("students_loss", (IN_LOOP, IN_LOOP.replace("log_student", "F.softmax(student_logits / tau, dim=2).mean(dim=0).log()"))), "mean prediction of all students"),
        (of("students_loss", ("lam * tau**2", "lam")), "tau squared is missing"),
        (of("students_loss", ("lam * tau**2", "tau**2")), "lambda is missing"),
        (of("students_loss", ("loss = F.cross_entropy(teacher_logits, y)", "loss = 0.0")), "teacher has to learn"),
        (of("students_loss", ("F.cross_entropy(z, y) + ", "")), "students have to learn"),
        (of("students_loss", (IN_LOOP, 'kl = F.kl_div(teacher.log(), F.softmax(z / tau, dim=1), reduction="batchmean")')), "exchanged"),
        (of("students_loss", (".detach()", "")), "pulls on the teacher, too"),
        (of("students_loss", ("    teacher = F", "    teacher_logits = teacher_logits.detach()\n    teacher = F")), "no gradient reaches the teacher"),
        (of("students_loss", ("F.log_softmax(z / tau", "F.log_softmax(z.detach() / tau")), "does not pull on the student"),
    ],
    "corrected": [
        (lambda p: [min(1.0, len(p) * one) for one in p], "Bonferroni"),
        (of("corrected", ("max(largest, (len(p) - rank) * p[i])", "(len(p) - rank) * p[i]")), "largest so far"),
        (of("corrected", ("min(1.0, largest)", "largest")), "at most 1"),
        (of("corrected", ("(len(p) - rank)", "(rank + 1)")), "wrong way"),
        (of("corrected", ("(len(p) - rank)", "(len(p) - rank - 1)")), "one too small"),
        (of("corrected", ("return result", "return sorted(result)")), "where its p stood"),
        (of("corrected", ("(len(p) - rank)", "len(p) / (rank + 1)")), "Benjamini"),
        (of("corrected", ("sorted(range(len(p)), key=lambda i: p[i])", "range(len(p))")), "sort them by size"),
        (lambda p: p, "nothing is corrected"),
        (lambda p: (p.sort(), solutions.corrected(p))[1], "work on a copy"),
        (lambda p: false_discovery_control(p).tolist(), "from the largest p down"),
    ],
    "linear_cka": [
        (of("linear_cka", ("    a, b = a - a.mean(dim=0), b - b.mean(dim=0)\n", "")), "not centred"),
        (of("linear_cka", ("a.mean(dim=0), b - b.mean(dim=0)", "a.mean(dim=1, keepdim=True), b - b.mean(dim=1, keepdim=True)")), "mean of each image"),
        (of("linear_cka", ("a.mean(dim=0), b - b.mean(dim=0)", "a.mean(), b - b.mean()")), "One mean over all"),
        (of("linear_cka", ("b - b.mean(dim=0)", "b")), "Only the first features"),
        (of("linear_cka", (" ** 2", "")), "to be squared"),
        (of("linear_cka", (" / ((a.T @ a).norm() * (b.T @ b).norm())", "")), "divide by the norms"),
        (of("linear_cka", ("(a.T @ a).norm() * (b.T @ b).norm()", "a.norm() * b.norm()")), "norms of A and B: those"),
        (of("linear_cka", ("(a.T @ a).norm() * (b.T @ b).norm()", "a.norm() ** 2 * b.norm() ** 2")), "traces"),
        (of("linear_cka", ("((a.T @ a).norm() * (b.T @ b).norm())", "((a.T @ a).norm() * (b.T @ b).norm()) ** 2")), "once each"),
        (of("linear_cka", ("a - a.mean(dim=0), b - b.mean(dim=0)", "(a - a.mean(dim=0)) / a.std(dim=0), (b - b.mean(dim=0)) / b.std(dim=0)")), "standardised"),
        (lambda a, b: solutions.linear_cka(a, b).sqrt(), "root of the CKA"),
        (of("linear_cka", *((f"({m}).norm()", f"torch.linalg.norm({m}, 2)") for m in ("b.T @ a", "a.T @ a", "b.T @ b"))), "singular values"),
        (of("linear_cka", ("b.T @ a", "b @ a.T")), "stops with"),
    ],
    "wilson": [
        (of("wilson", (BOUNDS, "half = z * sqrt(share * (1 - share) / n)\n    return share - half, share + half")), "as if nothing could ever be right"),
        (of("wilson", (BOUNDS, "half = z * sqrt(share * (1 - share) / n)\n    return max(0, share - half), min(1, share + half)")), "cut off at 0 and 1"),
        (of("wilson", (BOUNDS, "return share - half, share + half")), "drawn to one half"),
        (of("wilson", ("z=1.96", "z=1.645")), "90 %"),
        (of("wilson", ("z=1.96", "z=1.0")), "one standard deviation"),
        (of("wilson", ("1 + z**2 / n\n", "1\n")), "in the middle and in the half-width"),
        (of("wilson", ("4 * n**2)) / shrink", "4 * n**2))")), "half-width is not divided"),
        (of("wilson", (BOUNDS, "return n * (middle - half), n * (middle + half)")), "numbers of images"),
        (of("wilson", (BOUNDS, "return 100 * (middle - half), 100 * (middle + half)")), "per cent"),
        (of("wilson", (BOUNDS, "return middle, half")), "return the two bounds"),
        (of("wilson", (BOUNDS, "return middle + half, middle - half")), "lower one comes first"),
        (of("wilson", ("    share, shrink", "    z = 1.96\n    share, shrink")), "use the z that is given"),
    ],
    "accumulate": [
        (of("accumulate", ("(loss * len(part) / len(x)).backward()", "loss.backward()")), "means do not add up"),
        (of("accumulate", ("(loss * len(part) / len(x)).backward()", "(loss / len(x.split(size))).backward()")), "not by the number of parts"),
        (of("accumulate", ("len(part) / len(x)", "size / len(x)")), "as if it had size images"),
        (of("accumulate", ("loss * len(part) / len(x)", "loss * len(part)")), "sums over the images"),
        (of("accumulate", ("loss * len(part) / len(x)", "loss / len(x)")), "multiply by how many"),
        (of("accumulate", ("        loss = F", "        net.zero_grad()\n        loss = F")), "zero_grad() in the loop"),
        (of("accumulate", ("        loss = F", "        net.zero_grad()\n        loss = F"), ("(loss * len(part) / len(x)).backward()", "loss.backward()")), "counts fully"),
        (of("accumulate", ("    gates = draw()\n", ""), ("net(part, gates)", "net(part, draw())")), "3 students are drawn"),
        (of("accumulate", ("gates = draw()", "gates, x, y = draw(), x[:8], y[:8]"), ("/ len(x)", "/ 10")), "smaller part is missing"),
        (lambda net, x, y, draw, size: F.cross_entropy(net(x, draw()), y).backward(), "A pass has 10 images"),
        (of("accumulate", (BACKWARD, "")), "No gradient is there yet"),
        (of("accumulate", ("    gates = draw()\n", "    gates, total = draw(), 0.0\n"), (BACKWARD, "        total = total + loss * len(part) / len(x)\n    total.backward()\n")), "memory is that of the whole"),
        (written("""
            def answer(net, x, y, draw, size):
                accumulate(net, x, y, draw, size)
                torch.optim.SGD(net.parameters(), 0.1).step()
         """), "weights have moved"),
    ],
    "run_gated": [
        (of("run_gated", ("return lambda module, inputs, output: gate * output", "return lambda module, inputs, output: None")), "has to return"),
        (of("run_gated", ("register_forward_hook(weigh(gate))", "register_forward_hook(weigh(gates[-1]))")), "gets the last gate"),
        (of("run_gated", ("zip(names, gates, strict=True)", "zip(names, gates[::-1], strict=True)")), "from the last module"),
        (of("run_gated", ("lambda module, inputs, output: gate * output", "lambda module, inputs: gate * inputs[0]"), ("register_forward_hook", "register_forward_pre_hook")), "what comes into"),
        (of("run_gated", ("zip(names, gates, strict=True)", "zip(names[:1], gates)")), "Only the first module"),
        (of("run_gated", ("    return output\n", "    return output * torch.tensor(gates).prod()\n")), "weigh the logits, too"),
        (of("run_gated", ("gate * output", "output / gate")), "they multiply"),
        (of("run_gated", ("        hook.remove()", "        pass")), "remove them"),
        (written("""
            def answer(model, names, gates, x):
                sound = model
                hooks = [
                    sound.get_submodule(name).register_forward_hook(lambda module, inputs, output, gate=gate: gate * output)
                    for name, gate in zip(names, gates)
                ]
                output = sound(x)
                for hook in hooks:
                    hook.remove()
                with torch.no_grad():
                    model.head.weight *= 0.5
                return output
         """), "weights are changed"),
    ],
    "interval": [
        (of("interval", (QUANTILE, "1.96")), "Student's"),
        (of("interval", ("0.975", "0.95")), "90 % interval"),
        (of("interval", (QUANTILE, "t.ppf(0.975, len(a) + len(b) - 2)")), "too few degrees"),
        (of("interval", (QUANTILE, "t.ppf(0.975, sum(map(len, settings)) - 1)")), "less one"),
        (of("interval", ("    freedom =", "    settings = [a, b]\n    freedom =")), "pool it over all"),
        (of("interval", (POOLED, "squares / sum(map(len, settings))")), "by one fewer"),
        (of("interval", ("variance(errors)", "(sum((e - mean(errors)) ** 2 for e in errors) / len(errors))")), "pvariance"),
        (of("interval", (POOLED, "mean(variance(errors) for errors in settings)")), "as many runs"),
        (of("interval", (POOLED, "variance([error for errors in settings for error in errors])")), "thrown together"),
        (of("interval", (f" * {BOTH}", "")), "next single run"),
        (of("interval", (BOTH, "(1 / len(a))")), "Both means scatter"),
        (of("interval", ("mean(a) - mean(b)", "mean(b) - mean(a)")), "other way round"),
    ],
    "verified": [
        (of("verified", ("            break\n", "            continue\n"), ("teacher[len(kept)]", "teacher[-1]")), "does not count"),
        (of("verified", ("[*kept, teacher[len(kept)]]", "kept")), "own token is missing"),
        (of("verified", ("[*kept, teacher[len(kept)]]", "draft[: len(kept) + 1]")), "would not have said is kept"),
        (of("verified", ("[*kept, teacher[len(kept)]]", "[*kept, teacher[len(kept)]][: len(draft)]")), "one token more"),
        (lambda draft, teacher: teacher, "all tokens of the teacher"),
        (of("verified", ("[*kept, teacher[len(kept)]]", "len(kept)")), "return the tokens"),
        (lambda draft, teacher: [one for one, other in zip(draft, teacher[:-1], strict=True) if one == other], "stop at the first disagreement"),
        (lambda draft, teacher: draft, "nothing is verified"),
        (of("verified", ("teacher[len(kept)]", "teacher[-1]")), "not its last one"),
    ],
    "gap": [
        (of("gap", ("    net.eval()\n", "")), "net.eval()"),
        (of("gap", (GAP, "error(train) - error(test)")), "other way round"),
        (of("gap", ("100 * wrong", "wrong")), "share from 0 to 1"),
        (of("gap", ("wrong = sum((net(x).argmax(dim=1) != y).sum().item() for", "return mean(100 * (net(x).argmax(dim=1) != y).float().mean().item() for")), "mean over the mini-batches"),
        (of("gap", ("(net(x).argmax(dim=1) != y).sum().item()", "F.cross_entropy(net(x), y, reduction='sum').item()"), ("100 * ", "")), "gap of the cross-entropy"),
        (of("gap", (GAP, "error(test)")), "to be subtracted"),
        (of("gap", ("def error(batches):\n", "def error(batches):\n        batches = batches[:1]\n")), "Only the first mini-batch"),
        (of("gap", (WRONG_IMAGES, "wrong")), "numbers of images"),
        (of("gap", (GAP, f"({GAP}) / error(train)")), "not a ratio"),
        (of("gap", ("with torch.no_grad()", "with torch.enable_grad()")), "under torch.no_grad()"),
        (of("gap", ("!= y", "== y")), "other way round"),
        (of("gap", ("argmax(dim=1)", "argmax()")), "should be"),
    ],
    "speedup": [
        (of("speedup", (RATIOS, ROUNDS + "mean(old) / mean(new)")), "ratio of the means"),
        (of("speedup", (RATIOS, ROUNDS + "sum(old) / sum(new)")), "ratio of the means"),
        (of("speedup", ("median(", "mean(")), "mean of the ratios"),
        (of("speedup", ("seconds(old) / seconds(new)", "seconds(new) / seconds(old)")), "other way round"),
        (of("speedup", (RATIOS, ROUNDS + "median(old) / median(new)")), "ratio of the medians"),
        (of("speedup", (RATIOS, ROUNDS + "min(old) / min(new)")), "shortest times"),
        (of("speedup", (RATIOS, BLOCKS + "median(a / b for a, b in zip(old, new))")), "time them in turns"),
        (of("speedup", (RATIOS, BLOCKS + "mean(old) / mean(new)")), "as one whole"),
        (of("speedup", (RATIOS, BLOCKS + "median(old) / median(new)")), "two blocks"),
        (of("speedup", ("range(rounds)", "range(1)")), "Only one round"),
        (of("speedup", ("seconds(old) / seconds(new)", "seconds(old) - seconds(new)")), "difference in seconds"),
        (of("speedup", ("median(", "max(")), "best of the ratios"),
        (of("speedup", ("clock()", "1.5"), ("1.5 - start", "2.5 - start")), "clock was never read"),
        (of("speedup", ("        step()\n", "")), "ZeroDivisionError"),
    ],
}  # fmt: skip
