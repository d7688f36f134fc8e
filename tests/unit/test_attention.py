"""What is said of the attention of OKDDip follows from what was recorded."""

import torch

import sgutils as sg
from sgutils.results.attention import outcome, recorded_attention


def said(*shares):
    return outcome([{"dataset": "Shapes", "own_share": dict(enumerate(shares))}])[0]


def test_peers_that_listen_to_themselves_alone_are_not_taught():
    words = said([0.33, 0.7, 0.95, 0.99], [0.34, 0.95, 0.97, 0.98])
    assert words == (
        "**Shapes**, 2 seeds: a peer's share of its own mixture goes from 33–34 % to 98.0–99.0 %. Each peer listens to itself "
        "alone, in every run from epoch 2 on: the others teach it next to nothing."
    )


def test_one_run_in_which_they_still_listen_changes_the_words():
    assert "still hears them" in said([0.33, 0.99], [0.33, 0.7])
    assert "comes from the others" in said([0.33, 0.4], [0.33, 0.45])


def test_a_share_is_recorded_before_training_and_after_each_epoch():
    for entry in recorded_attention():
        for share in entry["own_share"].values():
            assert len(share) == 1 + entry["recipe"]["epochs"] and all(0 <= value <= 1 for value in share)


def test_the_attention_is_that_of_the_loss():
    method = sg.build_method("diverse-peers", lambda: sg.resnet(8, num_classes=3, in_channels=1, widths=(4, 6, 8)))
    method.eval()
    x = torch.randn(5, 1, 8, 8)
    weights = method.attention(x)
    assert weights.shape == (5, 3, 3)
    torch.testing.assert_close(weights.sum(dim=2), torch.ones(5, 3))
    # With no query nobody is preferred.
    torch.nn.init.zeros_(method.query.weight)
    torch.testing.assert_close(method.attention(x), torch.full((5, 3, 3), 1 / 3))
