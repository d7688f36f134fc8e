// Reads what `sgutils.widgets.results_explorer.ledger` made of the ledger and the paper; null where it is not that.

export function readLedger(recording) {
  try {
    const { switches, rows, groups, paper } = recording;
    const words = (value) => must(typeof value === "string", value);
    const whole = (value) => must(Number.isInteger(value) && value >= 0 && value <= 10000, value);
    return {
      switches: switches.map(words),
      rows: rows.map((row) => ({ key: words(row.key), label: words(row.label), switch: words(row.switch) })),
      groups: groups.map((group) => ({
        dataset: words(group.dataset),
        model: words(group.model),
        name: words(group.name),
        full: group.full === true,
        epochs: must(Number.isInteger(group.epochs) && group.epochs > 0, group.epochs),
        kept: group.kept.map((epoch) => must(Number.isInteger(epoch) && epoch > 0, epoch)),
        rows: new Map(
          Object.entries(group.rows).map(([key, runs]) => [
            key,
            runs.map((run) => ({
              seed: must(Number.isInteger(run.seed), run.seed),
              file: words(run.file),
              finished: run.status === undefined,
              status: run.status ?? "finished",
              test: run.test.map(whole).map(percent),
              training: run.train.map(whole).map(percent),
            })),
          ]),
        ),
      })),
      paper: paper.map((column) => ({
        dataset: words(column.dataset),
        model: words(column.model),
        name: words(column.name),
        table: words(column.table),
        figures: column.figures.map(words),
        errors: new Map(
          Object.entries(column.errors).map(([key, cell]) => [
            key,
            { error: percent(whole(cell.error)), note: cell.note ?? "" },
          ]),
        ),
      })),
    };
  } catch {
    return null;
  }
}

const percent = (hundredths) => hundredths / 100;

function must(holds, value) {
  if (!holds) throw new Error("not a ledger");
  return value;
}
