// Filters and sorts the table of people, and says in a sentence what is shown. Everything can be read without it.
(() => {
  "use strict";
  const form = document.getElementById("filters");
  const answer = document.getElementById("answer");
  const table = document.getElementById("people");
  const body = table.tBodies[0];
  const columns = Array.from(table.tHead.rows[0].cells);
  const { project, role, status, text } = form.elements;
  const projects = Array.from(project.options).slice(1);
  const roles = Array.from(role.options, (option) => option.value);
  const statuses = ["owner", "member", "invited", "stale", "not_invited", "ended"];
  const states = ["current", "pending", "planned"];
  const FIRST = 2; // The column of the first project.

  const people = Array.from(body.rows, (row, order) => ({
    row,
    order,
    words: Array.from(row.cells[0].children, (part) => part.textContent).join(" ").normalize().toLowerCase(),
    status: row.dataset.status,
    isListed: !("unlisted" in row.dataset),
    // For each project: the cell with its role and state, or nothing.
    cells: projects.map((_, n) => {
      const cell = row.cells[FIRST + n];
      return cell.className && { cell, n, role: cell.firstChild.textContent, state: cell.className };
    }),
  }));

  // What is shown now, besides the controls.
  let sort = { column: 0, descending: false };
  let highlighted = [];
  let unknown = "";
  let written = "";
  let sorted = "0";
  let hiddenColumns = "";

  const hasStatus = (person) => {
    switch (status.value) {
      case "": return true;
      case "unlisted": return !person.isListed;
      case "member": return person.status === "member" || person.status === "owner";
      case "invited": return person.status === "invited" || person.status === "stale";
      default: return person.status === status.value;
    }
  };

  const NOUNS = {
    "": ["person", "people"],
    member: ["member", "members"],
    owner: ["owner", "owners"],
    invited: ["invited person", "invited people"],
    stale: ["person with a stale invitation", "people with a stale invitation"],
    not_invited: ["person not invited yet", "people not invited yet"],
    ended: ["person whose access has ended", "people whose access has ended"],
    unlisted: ["person not in the team file", "people not in the team file"],
  };
  // Text from a link or a field, in quotes and with invisible characters spelled out.
  const quoted = (value) =>
    JSON.stringify(value).replace(/[\p{Cc}\p{Cf}]/gu, (c) => "\\u{" + c.codePointAt(0).toString(16) + "}");
  const noun = (number) => NOUNS[status.value][number === 1 ? 0 : 1];
  const has = (number) => (number === 1 ? "has" : "have");
  const CLAUSES = {
    current: (number, what) => has(number) + " " + what,
    pending: (number, what) => "will have " + what + " after accepting the invitation",
    planned: (number, what) => has(number) + " " + what + ", in the team file only",
  };

  // "7 people have ADMIN in storefront; 2 will have it after accepting the invitation". `all` counts who has the
  // access in question by state, and `found` those of them who match the text.
  const sentence = (asked, all, found) => {
    const place = projects[project.selectedIndex - 1]?.textContent;
    const what = role.value
      ? role.value + " in " + (place ?? "at least one project")
      : place && "access to " + place;
    const matching = (number) => (number === 1 ? " matches " : " match ") + quoted(text.value.trim());
    if (!what) {
      const total = all.none;
      return asked ? found.none + " of " + total + " " + noun(total) + matching(found.none) : total + " " + noun(total);
    }
    const clauses = states.filter((state) => all[state] > 0);
    return (clauses.length ? clauses : ["current"]).map((state, n) => {
      const total = all[state];
      const clause = CLAUSES[state](total, n ? "it" : what);
      if (!asked) {
        return total + (n ? " " : " " + noun(total) + " ") + clause;
      }
      const subject = found[state] + " of " + total + (n ? " who " : " " + noun(total) + " who ") + clause;
      return subject + (n ? "" : matching(found[state]));
    }).join("; ");
  };

  const sheet = document.styleSheets[0];
  const firstRule = sheet.cssRules.length;
  const hideColumns = (hidden) => {
    if (hiddenColumns === hidden.join()) return;
    hiddenColumns = hidden.join();
    while (sheet.cssRules.length > firstRule) sheet.deleteRule(firstRule);
    for (const n of hidden) {
      const child = "> :nth-child(" + (FIRST + n + 1) + ")";
      sheet.insertRule("#people .columns " + child + ", #people tbody tr " + child + " { display: none !important; }", firstRule);
    }
  };

  const show = () => {
    const asked = text.value.normalize().toLowerCase().split(/\s+/).filter(Boolean);
    const chosen = project.selectedIndex - 1;
    const isAboutAccess = chosen >= 0 || role.value !== "";
    const all = { current: 0, pending: 0, planned: 0, none: 0 };
    const found = { ...all };
    const used = new Set();
    for (const { cell } of highlighted) cell.classList.remove("match");
    highlighted = [];
    if (unknown) {
      // Anything else would be the answer to another question.
      for (const { row } of people) row.hidden = true;
      hideColumns([]);
      answer.textContent = unknown.trim();
      return;
    }
    for (const person of people) {
      let isShown = hasStatus(person);
      if (isShown) {
        const cells = isAboutAccess
          ? person.cells.filter((it) => it && (chosen < 0 || it.n === chosen) && (!role.value || it.role === role.value))
          : [];
        isShown = !isAboutAccess || cells.length > 0;
        if (isShown) {
          const state = states.find((state) => cells.some((it) => it.state === state)) ?? "none";
          all[state] += 1;
          isShown = asked.every((word) => person.words.includes(word));
          if (isShown) {
            found[state] += 1;
            for (const it of cells) used.add(it.n);
            if (role.value) highlighted.push(...cells);
          }
        }
      }
      if (person.row.hidden === isShown) person.row.hidden = !isShown;
    }
    for (const { cell } of highlighted) cell.classList.add("match");
    const everyColumn = projects.map((_, n) => n);
    hideColumns(chosen >= 0 ? everyColumn.filter((n) => n !== chosen) : used.size ? everyColumn.filter((n) => !used.has(n)) : []);
    answer.textContent = sentence(asked.length > 0, all, found) + ".";
  };

  // The rank of a person in a column; 0 comes first. Those without a role in a project come last in both directions.
  const rank = (person, column) => {
    if (column === 0) return person.order;
    if (column === 1) return statuses.indexOf(person.status);
    const it = person.cells[column - FIRST];
    return it ? roles.indexOf(it.role) * states.length + states.indexOf(it.state) : undefined;
  };
  const order = () => {
    columns.forEach((head, n) => {
      const direction = sort.descending ? "descending" : "ascending";
      head.setAttribute("aria-sort", n === sort.column ? direction : "none");
    });
    const key = (sort.descending ? "-" : "") + sort.column;
    if (sorted === key) return;
    sorted = key;
    const ranked = people.map((person) => ({ person, rank: rank(person, sort.column) }));
    const sign = sort.descending ? -1 : 1;
    ranked.sort((a, b) => {
      if ((a.rank === undefined) !== (b.rank === undefined)) return a.rank === undefined ? 1 : -1;
      return sign * ((a.rank ?? 0) - (b.rank ?? 0)) || a.person.order - b.person.order;
    });
    body.append(...ranked.map(({ person }) => person.row));
  };

  // The address of the page has the controls, so a link shows the same: #project=storefront&role=ADMIN
  const FIXED = ["person", "status"];
  const nameOf = (option) => (FIXED.includes(option.textContent) ? option.value : option.textContent);
  const columnName = (column) => FIXED[column] ?? nameOf(projects[column - FIRST]);
  // The whole address, because a fragment alone would be relative to the outer page where this one is embedded.
  const setAddress = (fragment) => {
    location.replace(location.href.split("#")[0] + fragment);
    written = location.hash;
  };
  const write = () => {
    const values = new URLSearchParams();
    if (project.value) values.set("project", nameOf(project.selectedOptions[0]));
    if (role.value) values.set("role", role.value);
    if (status.value) values.set("status", status.value);
    if (text.value.trim()) values.set("text", text.value.trim());
    if (sort.column) values.set("sort", columnName(sort.column));
    if (sort.descending) values.set("order", "descending");
    setAddress("#" + values);
  };
  const read = () => {
    const values = new URLSearchParams(location.hash.slice(1));
    unknown = "";
    const choose = (field, isMeant) => {
      const asked = values.get(field.name);
      const found = asked ? Array.from(field.options).findIndex((option) => option.value && isMeant(option, asked)) : 0;
      field.selectedIndex = Math.max(found, 0);
      if (found < 0) {
        unknown += "The link names the " + field.name + " " + quoted(asked) + ", which is not in this review. ";
      }
    };
    choose(project, (option, asked) => option.textContent === asked || option.value === asked);
    choose(role, (option, asked) => option.value === asked);
    choose(status, (option, asked) => option.value === asked);
    text.value = values.get("text") ?? "";
    const column = columns.findIndex((_, n) => columnName(n) === values.get("sort"));
    sort = { column: Math.max(column, 0), descending: values.get("order") === "descending" };
    order();
    show();
  };

  columns.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.firstChild.textContent;
    head.firstChild.replaceWith(button);
    button.addEventListener("click", () => {
      sort = { column, descending: sort.column === column && !sort.descending };
      order();
      write();
    });
  });
  form.addEventListener("input", () => {
    unknown = "";
    show();
    write();
  });
  form.addEventListener("reset", (event) => {
    event.preventDefault();
    setAddress("#");
    read();
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  window.addEventListener("hashchange", () => {
    if (location.hash !== written) read();
  });
  // The style sheet lays the table out without table boxes, for which some browsers would drop its roles.
  table.role = "table";
  body.role = "rowgroup";
  for (const { row } of people) {
    row.role = "row";
    for (const cell of row.cells) cell.role = cell.tagName === "TH" ? "rowheader" : "cell";
  }
  for (const head of columns) head.role = "columnheader";

  form.hidden = false;
  read();
})();
