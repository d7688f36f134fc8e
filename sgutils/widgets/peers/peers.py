"""Networks that teach one another, as predictions (chapter Online distillation)."""

from ..explorable import Explorable, number, numbers, one_of, whole_number


class Peers(Explorable, module="peers"):
    """Who teaches whom in five methods, over three classes, and where gradient descent on the logits leads.

    `method` is a name of `sgutils.methods.METHODS`. `peer_1` and `peer_2` are its teacher and its student where it has
    no peers; `leader` is that of OKDDip. `weight` is the weight of distillation, `gate` the weight that ONE's gate gives
    to its first branch, and `sharpness` how strongly OKDDip's attention prefers those who are alike.
    """

    method = one_of("distillation", "mutual-learning", "native-ensemble", "diverse-peers", "self-guidance")
    tau = number(1, 10)
    weight = number(0, 3)
    gate = number(0.05, 0.95)
    sharpness = number(0, 1)
    label = whole_number(0, 2)
    peer_1 = numbers(3, -8, 8)
    peer_2 = numbers(3, -8, 8)
    peer_3 = numbers(3, -8, 8)
    leader = numbers(3, -8, 8)
