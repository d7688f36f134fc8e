"""What is not images with their labels is refused where a data set is made, in one sentence."""

import numpy as np
import pytest
import torch

import sgutils as sg

X, Y = torch.zeros(4, 1, 8, 8, dtype=torch.uint8), torch.tensor([0, 1, 0, 1])


def dataset(**changes):
    parts = {"train_x": X, "train_y": Y, "test_x": X, "test_y": Y, "classes": ("a", "b"), "hflip": False} | changes
    return sg.Dataset("mine", **parts)


@pytest.mark.tried("Images and labels that do not belong together", "One sentence before training starts.")
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"train_x": X.float() / 255},
            "train images of mine are torch.float32 of shape .4, 1, 8, 8.: expected .* uint8",
        ),
        ({"train_x": torch.full((4, 1, 8, 8), float("nan"))}, "uint8"),
        ({"test_x": X[:, 0]}, "test images of mine are torch.uint8 of shape .4, 8, 8."),
        ({"test_x": X.numpy()}, "test images of mine are ndarray"),
        ({"test_x": X[:3]}, "test images of mine are 3 with 4 labels"),
        ({"train_x": X[:0], "train_y": Y[:0]}, "train images of mine are 0 with 0 labels: .*at least one image"),
        ({"test_y": Y + 1}, "labels from 1 to 2: expected class indices from 0 to 1"),
        ({"test_y": Y - 1}, "labels from -1 to 0"),
        ({"train_y": Y.float()}, "labels that are torch.float32"),
        ({"train_y": torch.full((4,), float("nan"))}, "labels that are torch.float32"),
        ({"train_y": Y[:, None]}, "labels that are torch.int64 of shape .4, 1."),
        ({"train_y": [0, 1, 0, 1]}, "labels that are list"),
        ({"test_x": torch.zeros(4, 3, 8, 8, dtype=torch.uint8)}, "are of 3 x 8 x 8: expected 1 x 8 x 8"),
        ({"validation_x": X}, "validation images of mine have labels that are NoneType"),
        ({"validation_x": X, "validation_y": Y[:1]}, "validation images of mine are 4 with 1 labels"),
    ],
)
def test_what_does_not_belong_together_is_refused(changes, words):
    with pytest.raises(sg.InputError, match=words) as caught:
        dataset(**changes)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", [torch.uint8, torch.int16, torch.int32])
def test_labels_of_any_whole_type_become_class_indices(kind):
    assert dataset(train_y=Y.to(kind)).train_y.dtype == torch.int64


def test_images_of_a_view_are_taken():
    assert (
        dataset(train_x=torch.from_numpy(np.zeros((4, 8, 8), np.uint8)).unsqueeze(1).expand(-1, 1, -1, -1)).channels
        == 1
    )


def test_what_images_of_any_number_of_channels_need_travels_with_the_network(tmp_path):
    images = dataset(train_x=X.expand(-1, 2, -1, -1), test_x=X.expand(-1, 2, -1, -1))
    inputs = sg.Inputs.of(sg.loaders(images, batch_size=2, device="cpu")[0])
    sg.save_network(tmp_path / "network.pt", sg.resnet(8, 2, 2), inputs)
    assert sg.load_inputs(tmp_path / "network.pt") == inputs and inputs.in_words().startswith("2 channels of 8 x 8")
    with pytest.raises(sg.InputError, match="image files.*1 or 3 channels.*2"):
        inputs.read([])
