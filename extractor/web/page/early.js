// Asks for what the page opens with while its modules are still on their way: no module itself, so that it runs at once.

(() => {
  const json = async (path) => {
    const answer = await fetch(path);
    if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
    return answer.json();
  };
  const where = new URLSearchParams(location.search), report = Number(where.get("report")), reviewer = localStorage.getItem("gouji:reviewer") ?? "";
  const early = { config: json("/review/config"), reviewer, report };
  const filter = Object.fromEntries(["text", "year", "form"].filter((k) => where.get(k)).map((k) => [k, where.get(k)]));
  if (report && reviewer) early.task = json(`/review/task/${report}?${new URLSearchParams({ reviewer })}`);
  // Which reports were left out in this sitting only the page itself knows.
  else if (!report && !Object.keys(sessionStorage).some((k) => k.endsWith(":left"))) early.next = json(`/review/open?${new URLSearchParams({ reviewer, ...filter })}`);
  for (const asked of [early.config, early.task, early.next]) asked?.catch(() => null);
  window.goujiEarly = early;
})();
