"""The methods that a page trains with, by the names that `lib/methods.js` gives them too."""

METHODS = ("baseline", "stochastic-depth", "self-guidance", "without-backward-full")
