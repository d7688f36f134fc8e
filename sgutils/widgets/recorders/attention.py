"""Records whom the peers of OKDDip listen to while they train.

    python -m sgutils.widgets.recorders.attention

trains diverse peers with the recipe of the small point of Fashion-MNIST, which ships with the book, from three seeds, and
writes `data/explorables/attention.json`: after each epoch, the share that a peer has in its own mixture, averaged over the
peers and 1,000 test images.
"""

import json
from dataclasses import replace

import torch

from ...data import Dataset
from ...files import write_atomically
from ...folders import data_folder
from ...methods.diverse_peers import DiversePeers
from ...results.campaign import POINTS
from ...results.labels import DATASETS
from ...training.building import build, build_dataset, trainer_of
from ...training.config import Config

OUT = data_folder() / "explorables" / "attention.json"
POINT, SEEDS, IMAGES = POINTS["map-small-fashion-mnist"], range(3), 1000


def main() -> None:
    configs = [Config(method="diverse-peers", **POINT.recipe, seed=seed) for seed in SEEDS]
    dataset = build_dataset(configs[0])
    dataset = replace(dataset, test_x=dataset.test_x[:IMAGES], test_y=dataset.test_y[:IMAGES])
    runs = {str(config.seed): own_share(config, dataset) for config in configs}
    recorded = [{"dataset": DATASETS[dataset.name], "recipe": POINT.recipe, "own_share": runs}]
    write_atomically(OUT, json.dumps(recorded, separators=(",", ":")) + "\n")
    print(f"{OUT}: {len(runs)} runs")


def own_share(config: Config, dataset: Dataset) -> list[float]:
    method, _ = build(config, dataset)
    assert isinstance(method, DiversePeers)
    trainer = trainer_of(method, dataset, config)
    images = dataset.normalizer()(dataset.test_x)
    return [_mean_share(method, images), *(_mean_share(method, images) for _ in trainer)]


def _mean_share(method: DiversePeers, images: torch.Tensor) -> float:
    method.eval()
    with torch.no_grad():
        parts = [method.attention(part).diagonal(dim1=1, dim2=2) for part in images.split(500)]
    return round(torch.cat(parts).mean().item(), 3)


if __name__ == "__main__":
    main()
