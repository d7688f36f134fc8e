"""Records whom the peers of OKDDip listen to while they train.

    python -m sgutils.widgets.recorders.attention

trains diverse peers with the recipes of two small points of the map, from three seeds each, and writes
`data/explorables/attention.json`: after each epoch, the share that a peer has in its own mixture, averaged over the peers
and the test images. It needs CIFAR-10 (`sgutils download cifar10`).
"""

import json

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
SEEDS = range(3)


def main() -> None:
    recorded = []
    for point in (POINTS["map-small-fashion-mnist"], POINTS["map-small-cifar10"]):
        configs = [Config(method="diverse-peers", **point.recipe, seed=seed) for seed in SEEDS]
        dataset = build_dataset(configs[0])
        runs = {str(config.seed): own_share(config, dataset) for config in configs}
        recorded.append({"dataset": DATASETS[dataset.name], "recipe": point.recipe, "own_share": runs})
    write_atomically(OUT, json.dumps(recorded, separators=(",", ":")) + "\n")
    print(f"{OUT}: {len(recorded)} data sets, {len(SEEDS)} seeds each")


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
