(() => {
  const box = document.getElementById("filter");
  const shown = document.getElementById("shown");
  const rows = Array.from(document.querySelectorAll("tbody tr"));
  const texts = rows.map((row) => row.textContent.toLowerCase());
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
