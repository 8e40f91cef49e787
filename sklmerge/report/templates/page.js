"use strict";
// Filters: each input names what it filters; what does not hold the text is hidden.
for (const input of document.querySelectorAll("input[data-filters]")) {
  const items = [...document.querySelectorAll(input.dataset.filters)];
  const status = document.getElementById(input.getAttribute("aria-describedby"));
  input.addEventListener("input", () => {
    const wanted = input.value.trim().toLocaleLowerCase();
    let shown = 0;
    for (const item of items) {
      const text = (item.dataset.text || item.textContent).toLocaleLowerCase();
      item.hidden = !text.includes(wanted);
      shown += item.hidden ? 0 : 1;
    }
    status.textContent = `${shown} of ${items.length} shown`;
  });
}
// Tables: a click on a heading sorts by its column, a second one the other way round.
for (const table of document.querySelectorAll("table[data-sortable]")) {
  const headings = [...table.tHead.rows[0].cells];
  headings.forEach((heading, column) => {
    const button = heading.querySelector("button");
    if (!button) return;
    button.addEventListener("click", () => {
      const ascending = heading.getAttribute("aria-sort") !== "ascending";
      for (const other of headings) other.removeAttribute("aria-sort");
      heading.setAttribute("aria-sort", ascending ? "ascending" : "descending");
      const read = (row) => {
        const cell = row.cells[column];
        const number = Number(cell.dataset.value);
        return "value" in cell.dataset && !Number.isNaN(number) ? number : cell.textContent.trim();
      };
      const rows = [...table.tBodies[0].rows].map((row) => [read(row), row]);
      rows.sort(([a], [b]) => typeof a === "number" && typeof b === "number"
        ? a - b : String(a).localeCompare(String(b), undefined, { numeric: true }));
      if (!ascending) rows.reverse();
      table.tBodies[0].append(...rows.map(([, row]) => row));
    });
  });
}
