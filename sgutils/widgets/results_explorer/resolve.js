import names from "../../results/names.json";

export const DATASETS = Object.entries(names.datasets);
export const NETWORKS = names.networks;

const RECIPE = "the paper’s recipe";

export const isLambda = (name) => !Number.isNaN(Number(name));

// What a state means with this ledger: a wish for something that is not there falls back to what is.
export function resolve(ledger, wanted, held) {
  const dataset = held.has(wanted.dataset) ? wanted.dataset : [...held][0];
  const on = new Set(wanted.methods.split(","));
  const columns = ledger.paper.filter((column) => column.dataset === dataset);
  const wantedRows = ledger.rows.filter((row) => on.has(row.switch));
  const covered = (column) => wantedRows.filter(({ key }) => column.errors.has(key)).length;
  const best = columns.reduce((top, column) => (!top || covered(column) > covered(top) ? column : top), null);
  const column = columns.find(({ name }) => name === wanted.paper) ?? best;

  // The paper's recipe can always be asked for, where the paper has this data set: to see what was not run.
  const isRecipe = (group) => group.full && column && group.model === column.model;
  const here = ledger.groups.filter((group) => group.dataset === dataset);
  const others = here.filter((group) => !isRecipe(group));
  const runsOffered = others.map(({ name }) => [name, name]);
  if (column)
    runsOffered.push([RECIPE, `${NETWORKS[column.model]}, ${RECIPE}${here.some(isRecipe) ? "" : ": not run"}`]);
  const most = others.reduce((top, group) => (!top || group.rows.size > top.rows.size ? group : top), null);
  const runs = runsOffered.some(([name]) => name === wanted.runs) ? wanted.runs : (most?.name ?? RECIPE);
  const group = (runs === RECIPE ? here.find(isRecipe) : others.find(({ name }) => name === runs)) ?? null;

  const seedsHere = [...new Set([...(group?.rows.values() ?? [])].flat().map(({ seed }) => seed))].sort(
    (a, b) => a - b,
  );
  const several = seedsHere.length
    ? [["mean", "mean"], ...seedsHere.map((seed) => [String(seed), `seed ${seed}`])]
    : [];
  const seedsOffered = [["each", "all seeds"], ...several];
  const seeds = seedsOffered.some(([name]) => name === wanted.seeds) ? wanted.seeds : "each";

  const rows = wantedRows
    .filter(({ key }) => group?.rows.has(key) || column?.errors.has(key))
    .map((row) => ({
      ...row,
      printed: column?.errors.get(row.key) ?? null,
      runs: chosen(group?.rows.get(row.key) ?? [], seeds),
    }));
  // A method that neither has still has its row, to say so.
  for (const name of ledger.switches.filter((known) => on.has(known) && !rows.some((row) => row.switch === known))) {
    rows.push({ key: name, label: isLambda(name) ? `λ = ${name}` : name, switch: name, printed: null, runs: [] });
  }
  rows.sort((a, b) => ledger.switches.indexOf(a.switch) - ledger.switches.indexOf(b.switch));
  return {
    dataset,
    on,
    column,
    group,
    seeds,
    rows,
    runs,
    runsOffered,
    seedsOffered,
    error: wanted.error,
    papersOffered: columns.length ? columns.map(({ name }) => [name, name]) : [["", "not in the paper"]],
  };
}

function chosen(runs, seeds) {
  return seeds === "each" || seeds === "mean" ? runs : runs.filter(({ seed }) => String(seed) === seeds);
}
