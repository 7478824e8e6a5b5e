(() => {
  const box = document.getElementById("filter");
  const shown = document.getElementById("shown");
  const rows = Array.from(document.querySelectorAll("tbody tr"));
  // A row can be found by the projects in which it has something, too.
  const heads = Array.from(document.querySelectorAll("thead th"), (head) => head.firstChild.textContent);
  const texts = rows.map((row) => {
    const text = (cell, n) => (n > 1 && cell.textContent ? heads[n] + " " : "") + cell.textContent;
    return Array.from(row.cells, text).join(" ").toLowerCase();
  });
  const show = () => {
    const words = box.value.toLowerCase().split(/\s+/);
    let number = 0;
    rows.forEach((row, n) => {
      row.hidden = !words.every((word) => texts[n].includes(word));
      number += row.hidden ? 0 : 1;
    });
    shown.textContent = number + " of " + rows.length + " shown";
  };
  const fromAddress = () => {
    try {
      box.value = decodeURIComponent(location.hash.slice(1));
    } catch {
      box.value = "";
    }
    show();
  };
  box.addEventListener("input", show);
  window.addEventListener("hashchange", fromAddress);
  box.closest("form").addEventListener("submit", (event) => event.preventDefault());
  box.closest("form").hidden = false;
  fromAddress();
})();
