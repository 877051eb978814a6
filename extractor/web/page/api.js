// Requests to the service this page came from. The token stands only in the page; it changes when the service starts anew.

let token = document.querySelector('meta[name="gouji-token"]')?.content ?? "";

export class Failed extends Error {
  constructor(status, problem) {
    super(problem?.detail ?? `HTTP ${status}`);
    this.status = status;
    this.problem = problem ?? {};
  }
}

async function ask(path, options = {}) {
  const response = await fetch(path, { credentials: "same-origin", ...options });
  const body = (response.headers.get("content-type") ?? "").includes("json") ? await response.json() : null;
  if (!response.ok) throw new Failed(response.status, body);
  return body;
}

export const get = (path) => ask(path);

/** Questions of one kind, of which only the last counts: `next()` begins one and gives what tells whether a later one has begun. */
export class Asked {
  #last = 0;

  next() {
    this.#last += 1;
    const mine = this.#last;
    return () => mine !== this.#last;
  }
}

export async function post(path, body) {
  const send = () => ask(path, { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json", "x-gouji-token": token } });
  try {
    return await send();
  } catch (e) {
    if (!(e instanceof Failed) || e.status !== 403 || e.problem.code !== "NO_PAGE_TOKEN") throw e;
    // The service was started anew: its page has the new token.
    const page = new DOMParser().parseFromString(await (await fetch("/")).text(), "text/html");
    token = page.querySelector('meta[name="gouji-token"]')?.content ?? token;
    return send();
  }
}

/** True where the same request may succeed later: nothing was answered, or the service has no time. */
export const transient = (e) => !(e instanceof Failed) || e.status >= 500 || [401, 403, 408, 421, 429].includes(e.status);
