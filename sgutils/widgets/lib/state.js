// What an explorable remembers: read from its host's model, made safe, written back.
// A model may hold anything (a link with ?temperature.tau=... can be edited by hand), so every value has a reader that
// returns a good value or undefined, where the default takes its place.

export const number = (low, high) => (value) =>
  typeof value === "number" && !Number.isNaN(value) ? Math.min(high, Math.max(low, value)) : undefined;

export const wholeNumber = (low, high) => (value) => {
  const safe = number(low, high)(value);
  return safe === undefined ? undefined : Math.round(safe);
};

export const oneOf = (values) => (value) => (values.includes(value) ? value : undefined);

export const flag = (value) => (typeof value === "boolean" ? value : undefined);

export const numbers = (length, low, high) => (value) => {
  if (!Array.isArray(value) || value.length !== length) return undefined;
  const safe = value.map(number(low, high));
  return safe.includes(undefined) ? undefined : safe;
};

// Which blocks run, as the paper writes it: "110111011".
export const gateString = (value) => (typeof value === "string" && /^[01]*$/.test(value) ? value : undefined);

// A hand moves many times in a second; kernels and address bars are told when it rests.
const REST = 150;

export function openState(model, defaults, readers, onChange) {
  let resting = null;
  const save = () => {
    resting = null;
    model.save_changes();
  };
  const state = {
    get(key) {
      const value = readers[key](model.get(key));
      return value === undefined ? defaults[key] : value;
    },
    set(changes) {
      for (const [key, value] of Object.entries(changes)) model.set(key, value);
      clearTimeout(resting);
      resting = setTimeout(save, REST);
      onChange();
    },
    close() {
      for (const key of Object.keys(readers)) model.off(`change:${key}`, onChange);
      if (resting !== null) {
        clearTimeout(resting);
        save();
      }
    },
  };
  for (const key of Object.keys(readers)) model.on(`change:${key}`, onChange);
  return state;
}
