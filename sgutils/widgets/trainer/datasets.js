// The data sets that the page trains on: how many images, of which side, of which classes.

export const DATASETS = {
  "fashion-mnist": {
    name: "Fashion-MNIST",
    side: 14,
    train: 4000,
    test: 1000,
    classes: ["T-shirt", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"],
  },
  digits: { name: "digits", side: 8, train: 719, test: 359, classes: [..."0123456789"] },
};
